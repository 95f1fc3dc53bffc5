"""Bodies that another process reads: as this one would."""

import gzip
import json
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from serving import json_answers
from serving.bodies import Bodies
from serving.budget import Budget
from serving.errors import ServingError, TooLargeError
from serving.packed_arrays import packed, unpacked
from serving.reader import Reader
from serving.readers import Readers
from serving.tf_examples import example_class

LARGEST = 2**22
TYPES = {"x": "float"}


@pytest.fixture(scope="module")
def reader():
    reader = Reader(LARGEST)
    yield reader
    reader.end()


def outcome(bodies, method, body, types, is_compressed):
    """What comes of a body: values, or how the error is called and what it says."""
    try:
        if method == "examples":
            return bodies.examples(body, is_compressed=is_compressed)
        read = bodies.predict(body, is_compressed=is_compressed)
        arrays = {name: (array.dtype, array.shape, str(array.tolist())) for name, array in read.arrays(types).items()}
    except ServingError as error:
        return type(error), error.code, error.message
    return read.signature, read.is_row, arrays


@pytest.mark.parametrize(
    ("method", "body", "types", "is_compressed"),
    [
        ("predict", b'{"instances": [[1, 2.5], [3, 1e39]], "signature_name": "s"}', TYPES, False),
        ("predict", b'{"inputs": {"a": [[1, null]], "b": "x"}}', {"a": "float", "b": "string"}, False),
        ("predict", b'{"inputs": {"a": [[7, 8]], "b": ["x", "", "\\u00e9"]}}', {"a": "int8", "b": "string"}, False),
        ("predict", b'{"instances": [{"b64": "aGk="}, "y"]}', {"x": "string"}, False),
        ("predict", gzip.compress(b'{"instances": [NaN, 1]}', mtime=0), TYPES, True),
        ("predict", b"not gzip", TYPES, True),
        ("predict", gzip.compress(b" " * (LARGEST + 1), mtime=0), TYPES, True),
        ("predict", b'{"instances": [' + b"{}," * 400_000 + b"1]}", TYPES, False),
        ("predict", b'{"instances": [[1.5], [1, 2]]}', TYPES, False),
        ("predict", b'{"instances": ', TYPES, False),
        ("predict", b'{"instances": []}', TYPES, False),
        ("examples", b'{"examples": [{"x": [1.5, 2]}], "context": {"y": "t"}}', TYPES, False),
        ("examples", b'{"examples": [{"x": 1}, {}], "signature_name": "s"}', TYPES, False),
        ("examples", b'{"examples": {}}', TYPES, False),
    ],
)
def test_a_body_is_read_as_it_is_here(reader, method, body, types, is_compressed):
    with Budget(lambda: False, LARGEST):
        here = outcome(Bodies(LARGEST), method, body, types, is_compressed)
    with reader:
        assert outcome(reader, method, body, types, is_compressed) == here
    assert here[0] is not TooLargeError or "send fewer" in here[2] or "this server takes" in here[2]


def test_what_nobody_waits_for_ends_and_the_next_body_is_read(reader):
    slow = b'{"instances": [' + b"1.5," * 1_000_000 + b"NaN]}"
    given_up = threading.Event()
    threading.Timer(0.3, given_up.set).start()
    started = time.monotonic()
    with Budget(given_up.is_set, LARGEST), reader, pytest.raises(ServingError, match="Nobody waits"):
        reader.predict(slow, is_compressed=False)
    assert time.monotonic() - started < 2
    with reader:
        reader.predict(b'{"instances": [1]}', is_compressed=False)  # whose arrays nobody asks for
    with reader:
        read = reader.predict(b'{"instances": [2]}', is_compressed=False)
        np.testing.assert_array_equal(read.arrays(TYPES)["x"], [2])


def test_a_process_that_is_killed_costs_one_request(reader):
    with reader:
        reader.predict(b'{"instances": [2]}', is_compressed=False)
    process = psutil.Process(reader._process.pid)
    assert process.nice() > 0
    process.kill()
    with reader, pytest.raises(ServingError, match="no memory left"):
        reader.predict(b'{"instances": [2]}', is_compressed=False)
    with reader:
        assert reader.predict(b'{"instances": [2]}', is_compressed=False).is_row


def test_where_no_process_starts_bodies_are_read_here(caplog):
    readers = Readers(1, LARGEST, (sys.executable, "-c", "raise SystemExit(3)"))
    for _ in range(2):
        with readers.taken() as bodies:
            assert bodies.predict(b'{"inputs": 1}', is_compressed=False).arrays(TYPES)["x"] == 1
    (said,) = caplog.messages
    assert "does not start: it ended at once; large bodies are read in this one" in said


def test_arrays_go_through_blocks():
    arrays = {
        "texts": np.array([[b"a", b""], [b"\x00\xff", b"long"]], dtype=object),
        "numbers": np.arange(12, dtype=np.int16).reshape(2, 3, 2)[:, ::-1],
        "none": np.empty((0, 4), dtype=object),
        "scalar": np.array(2.5),
    }
    described, blocks = packed(arrays)
    for name, array in unpacked(described, [bytes(block) for block in blocks]).items():
        assert array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize("last", [0.1, np.nan])
@pytest.mark.parametrize("row", [True, False])
def test_long_answers_are_the_text_that_is_written_in_one_go(monkeypatch, row, last):
    values = np.linspace(0, 1, 60, dtype=np.float32).reshape(5, 4, 3)
    values[-1, -1, -1] = last
    wide = {"a": values, "b_bytes": np.array([b"x", b"y", b"", b"z", b"w"], dtype=object)}
    for outputs in ({"a": values}, {"a": values.ravel()}, {"a": values.reshape(1, 60)}, wide):
        whole = json_answers.write_predictions(outputs, row=row)
        with monkeypatch.context() as patch:
            patch.setattr(json_answers, "_AT_ONCE", 7)
            assert json_answers.write_predictions(outputs, row=row) == whole
        assert json.loads(whole)


def test_examples_are_those_of_tensorflow():
    from tensorflow.core.example import example_pb2

    ours, theirs = example_class()(), example_pb2.Example()
    for message in (ours, theirs):
        message.features.feature["b"].bytes_list.value.extend([b"x", b""])
    assert ours.SerializeToString() == theirs.SerializeToString()
    for message in (ours, theirs):
        message.features.feature["i"].int64_list.value.extend([-1, 2**62])
        message.features.feature["f"].float_list.value.extend([0.1, -3])
        message.features.feature["none"].SetInParent()
    assert example_pb2.Example.FromString(ours.SerializeToString()) == theirs
    assert {each.name for each in ours.DESCRIPTOR.file.message_types_by_name.values()} == {
        each.name
        for source in (example_pb2.Example.DESCRIPTOR, example_pb2.Example.DESCRIPTOR.fields[0].message_type)
        for each in source.file.message_types_by_name.values()
        if each.name not in {"SequenceExample", "FeatureLists", "FeatureList"}
    }
