"""Values and wording of the REST codec; the words are those of TensorFlow Serving's sources."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serving.errors import ServingError
from serving.json_answers import write_predictions
from serving.json_codec import read_predict
from serving.json_examples import read_examples

ONE = {"x": "float"}


def arrays(body, dtypes):
    return read_predict(body if isinstance(body, bytes) else json.dumps(body).encode()).arrays(dtypes)


@settings(deadline=None)  # the machine may be busy
@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3), elements=st.floats(width=32)))
def test_floats_come_back_as_they_went(values):
    written = write_predictions({"y": values}, row=True)
    back = arrays(b'{"instances"' + written.removeprefix(b'{"predictions"'), ONE)["x"]
    np.testing.assert_array_equal(back, values)
    assert back.dtype == np.float32


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_are_exact(values):
    np.testing.assert_array_equal(arrays({"instances": values}, {"x": "int64"})["x"], np.asarray(values, np.int64))


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.binary(), min_size=1))
def test_bytes_go_both_ways_as_base64(values):
    instances = [{"b64": base64.b64encode(value).decode()} for value in values]
    assert arrays({"instances": instances}, {"x": "string"})["x"].tolist() == values
    written = write_predictions({"y_bytes": np.asarray(values, object)}, row=True)
    assert json.loads(written)["predictions"] == instances


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyb") | st.just("b64"), inner, max_size=3)
    ),
    max_leaves=20,
)


@settings(deadline=None)  # the machine may be busy
@given(
    JSON,
    st.sampled_from(["instances", "inputs"]),
    st.sampled_from(["float", "int32", "string", "bool", "half", "uint8"]),
)
def test_any_value_ends_in_an_array_or_in_an_error(value, key, dtype):
    try:
        read = arrays({key: value}, {"x": dtype})
    except ServingError:
        return
    assert read["x"].ndim >= (key == "instances")


@pytest.mark.parametrize(
    ("body", "dtypes", "words"),
    [
        (
            {"instances": [[1, 2], [3]]},
            ONE,
            "element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 1",
        ),
        ({"instances": [[1], [[1]]]}, ONE, "Expecting shape [1] but got: [1,1]"),
        ({"instances": [1, True]}, ONE, "JSON Value: true Type: True is not of expected type: float"),
        ({"instances": [None]}, ONE, "JSON Value: null Type: Null is not of expected type: float"),
        ({"instances": [{"x": 1}, 2]}, ONE, "Expecting object but got list at item 1 of input list"),
        ({"instances": [2, {"x": 1}]}, ONE, "Expecting value/list but got object at item 1 of input list"),
        ({"inputs": {"y": 1}}, ONE, "Missing named input: x in 'inputs' object."),
        ({"inputs": [1.0]}, {"x": "int32"}, "JSON Value: 1.0 Type: Number is not of expected type: int32"),
        ({"inputs": 2**31}, {"x": "int32"}, "is not of expected type: int32"),
        ({"instances": [1]}, {"a": "float", "b": "float"}, "instances is a plain list, but expecting list of objects"),
    ],
)
def test_what_does_not_fit_is_named(body, dtypes, words):
    with pytest.raises(ServingError) as caught:
        arrays(body, dtypes)
    assert words in caught.value.message


def test_examples_have_the_types_of_their_first_values():
    from tensorflow.core.example.example_pb2 import Example

    body = {"context": {"c": "all"}, "examples": [{"a": 1, "b": [1.5, 2.5]}, {"a": {"b64": "AAE="}}]}
    name, examples = read_examples(json.dumps(body).encode())
    assert name == ""
    first, second = map(Example.FromString, examples)
    assert first.features.feature["a"].int64_list.value == [1]
    assert first.features.feature["b"].float_list.value == [1.5, 2.5]
    assert first.features.feature["c"].bytes_list.value == [b"all"]
    assert second.features.feature["a"].bytes_list.value == [b"\x00\x01"]
