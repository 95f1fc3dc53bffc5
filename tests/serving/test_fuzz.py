"""Nearly right and quite wrong requests, at random, against the real server: each ends in an answer.

ZOO_FUZZ_SECONDS (20) is how long all of it may take, ZOO_FUZZ_SEED (1) where it begins.
"""

import contextlib
import json
import socket
import time
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from fuzzing import (
    BODIES,
    TOKENS,
    bodies,
    broken_requests,
    fuzz,
    messages,
    mutated,
    predictions,
    questions,
    reloads,
    requests,
)
from hypothesis import strategies as st
from served import ServerProcess, export_embed, export_half

from serving.errors import ServingError
from serving.json_codec import read_predict
from serving.json_examples import read_examples
from serving.json_parser import _Parser, parse

pytestmark = pytest.mark.slow
# 501 is what TensorFlow Serving says of types that JSON cannot carry; nothing else here may be the server's fault
ANSWERS = {200, 400, 401, 404, 429, 501}
CODES = {"OK", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "OUT_OF_RANGE", "UNIMPLEMENTED"}
PATIENCE = 20  # seconds until a request without an answer counts as hanging


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One of its own, so that what is reloaded disturbs nobody."""
    store = tmp_path_factory.mktemp("store")
    for name in ("embed", "half_plus_two"):
        (store / name).mkdir()
    export_embed(store / "embed" / "1")
    export_half(store / "half_plus_two" / "123")
    config = store / "models.txt"
    entry = 'config {{ name: "{0}" base_path: "{1}/{0}" model_platform: "tensorflow" }}'
    entries = "".join(entry.format(name, store) for name in ("embed", "half_plus_two"))
    config.write_text(f"model_config_list {{ {entries} }}")
    process = ServerProcess(
        "--model_config_file", config, "--model_config_file_poll_wait_seconds", "0.2",
        "--file_system_poll_wait_seconds", "0.2",
    )  # fmt: skip
    process.store = store
    yield process
    assert process.stop() == 0
    # nor does anything a caller sends put a traceback into the log
    assert not [line for line in process.errors if "Traceback" in line], "".join(process.errors)[-5000:]


@pytest.fixture(autouse=True)
def _still_right(request):
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        url, deadline = f"{server.rest}/v1/models/embed:predict", time.monotonic() + PATIENCE
        # what was reloaded last may have left the model out, until the file is read again
        while httpx.post(url, content=BODIES[0], timeout=PATIENCE).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def sent(address, data, patience=PATIENCE):
    """What comes back until the server closes."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=patience) as connection:
        with contextlib.suppress(ConnectionError):  # it may answer, and close, before it has read everything
            connection.sendall(data)
        received = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                received += part
        return received


def test_codec_and_parser():
    kinds = st.sampled_from(["float", "double", "int32", "int64", "uint8", "bool", "string", "half", "complex64"])

    def check(pair):
        body, kind = pair
        value = None
        with contextlib.suppress(ServingError):
            value = parse(body)
        with contextlib.suppress(ServingError):
            # both ways of reading agree wherever there is more than one
            assert repr(_Parser(body).value()) == repr(value) or body.count(b'"') > 4
        with contextlib.suppress(ServingError):
            arrays = read_predict(body).arrays({"x": kind})
            assert all(array.dtype is not None for array in arrays.values())
        with contextlib.suppress(ServingError):
            read_examples(body)

    fuzz(st.tuples(bodies(), kinds), check)


def test_rest_answers_every_whole_request(server):
    def check(data):
        received = sent(server.rest, data)
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 "), received[:200]
        status = int(head.split()[1])
        assert status in ANSWERS, received[:1000]
        if b"application/json" in head and body and not data.startswith(b"HEAD"):
            document = json.loads(body)
            assert status == 200 or set(document) == {"error"}

    fuzz(requests(), check)


def test_rest_outlives_what_is_no_request(server):
    def check(data):
        with contextlib.suppress(TimeoutError):  # it waits for the rest that was promised
            received = sent(server.rest, data, patience=0.02)
            assert not received or received.startswith(b"HTTP/1.1 "), received[:200]
            assert b" 500 " not in received[:20]

    fuzz(broken_requests(), check)


def test_grpc_answers_every_message(server):
    methods = messages(server.store / "embed")
    tokens = [*TOKENS[:20], b"\x00", b"\xff" * 9, b"embed", b"half_plus_two", b"\x0a\x00", b"/etc", b"../"]
    bytes_ = st.sampled_from(sorted(methods)).flatmap(
        lambda name: st.tuples(st.just(name), st.one_of(mutated(methods[name], tokens), st.binary(max_size=60)))
    )
    cases = st.one_of(bytes_, predictions(), reloads(), questions())
    with grpc.insecure_channel(server.grpc) as channel:
        calls = {name: channel.unary_unary(f"/tensorflow.serving.{name}") for name in methods}

        def check(pair):
            name, data = pair
            call = calls[name].future(data, timeout=PATIENCE)
            assert call.code().name in CODES, f"{call.code()}: {call.details()}"

        fuzz(cases, check)
