"""Large, slow, too many and misleading requests, against the real server."""

import contextlib
import gzip
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path

import grpc
import httpx
import numpy as np
import psutil
import pytest
from served import LATENT, WEIGHTS, WIDTH, ServerProcess, export_embed, export_slow
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

pytestmark = pytest.mark.slow
MEGABYTE = 2**20
ROW = b"[%s]" % b",".join(b"%.17f" % (i / 3) for i in range(WIDTH))
ASKED = {"instances": [[i / 3 for i in range(WIDTH)]]}
PATIENCE = 3  # seconds


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a store, and with a model beside it that nobody may reach."""
    folder = tmp_path_factory.mktemp("place")
    for name in ("store/embed", "store/slow", "secret"):
        (folder / name).mkdir(parents=True)
    export_embed(folder / "store" / "embed" / "1")
    export_embed(folder / "secret" / "1")
    export_slow(folder / "store" / "slow" / "1")
    return folder


@pytest.fixture(scope="module")
def narrow(place, monitoring):
    """A server with little patience: one thread, one place to wait, three seconds, 20 MB."""
    process = ServerProcess(
        "--store", place / "store", "--monitoring_config_file", monitoring, "--rest_api_num_threads", 1,
        "--max_queued_requests", 1, "--rest_api_timeout_in_ms", 1000 * PATIENCE, "--rest_api_max_body_bytes",
        20 * MEGABYTE, "--file_system_poll_wait_seconds", 0.2,
    )  # fmt: skip
    yield process
    assert process.stop() == 0
    assert not [line for line in process.errors if "Traceback" in line], "".join(process.errors)[-5000:]


def asked(server, model="embed", timeout=30, **body):
    return httpx.post(f"{server.rest}/v1/models/{model}:predict", json=body or ASKED, timeout=timeout)


def is_right(answer):
    if answer.status_code != 200:
        return False
    np.testing.assert_allclose(np.asarray(answer.json()["predictions"]), ASKED["instances"] @ WEIGHTS, rtol=1e-5)
    return True


def connected(server):
    host, _, port = server.rest.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def received(connection):
    """The next answer's status and body, whole: its head and its body may come in parts."""
    with HTTPResponse(connection) as answer:
        answer.begin()
        return answer.status, answer.read()


def peak(server):
    """Megabytes that the server has held at most, and the process that reads large bodies for it."""
    process = psutil.Process(server.process.pid)
    texts = [Path(f"/proc/{each.pid}/status").read_text() for each in (process, *process.children())]
    return sum(int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) for text in texts) / 1024


@pytest.mark.long
def test_a_body_of_100_megabytes_is_answered(place):
    server = ServerProcess(
        "--store", place / "store", "--rest_api_max_body_bytes", 2**27, "--max_bytes_in_flight", 2**28
    )
    try:
        assert is_right(asked(server))
        before = peak(server)
        count = 100 * MEGABYTE // (len(ROW) + 1)
        body = b'{"instances":[' + b",".join([ROW] * count) + b"]}"
        assert len(body) > 99 * MEGABYTE
        answer = httpx.post(f"{server.rest}/v1/models/embed:predict", content=body, timeout=60)
        assert answer.status_code == 200
        values = np.asarray(answer.json()["predictions"])
        assert values.shape == (count, LATENT)
        np.testing.assert_allclose(values, np.tile(ASKED["instances"] @ WEIGHTS, (count, 1)), rtol=1e-5)
        # the body twice (parts and whole) and its numbers as Python's objects, 32 bytes each, and lists
        assert peak(server) - before < 9 * 100
        resident = psutil.Process(server.process.pid).memory_info().rss / MEGABYTE
        assert httpx.post(f"{server.rest}/v1/models/embed:predict", content=body, timeout=60).status_code == 200
        assert psutil.Process(server.process.pid).memory_info().rss / MEGABYTE - resident < 200
    finally:
        assert server.stop() == 0


def test_a_body_over_the_limit_is_refused_before_it_is_here(narrow):
    assert is_right(asked(narrow))
    before = peak(narrow)
    with connected(narrow) as connection:
        connection.sendall(b"POST /v1/models/embed:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000000\r\n\r\n")
        status, text = received(connection)
    assert status == 413
    assert b"3000000000 bytes; this server takes 20971520" in text

    def endless():
        for _ in range(300):
            yield b" " * MEGABYTE

    assert httpx.post(f"{narrow.rest}/v1/models/embed:predict", content=endless(), timeout=60).status_code == 413
    assert peak(narrow) - before < 3 * 20
    assert is_right(asked(narrow))


def test_a_refused_message_is_not_kept(narrow):
    request = predict_pb2.PredictRequest(model_spec={"name": "embed"})
    request.inputs["x"].dtype = 7
    request.inputs["x"].tensor_shape.dim.add().size = 500_000
    request.inputs["x"].string_val.extend([b"text"] * 500_000)
    process, held = psutil.Process(narrow.process.pid), []
    with grpc.insecure_channel(narrow.grpc) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for _ in range(6):
            with pytest.raises(grpc.RpcError, match="actual string vs"):
                stub.Predict(request, timeout=60)
            held.append(process.memory_info().rss / MEGABYTE)
    assert held[-1] - held[0] < 60  # 25 for each that is kept


BOMBS = {
    "deep": b"[" * 2_000_000,
    "objects": b'{"instances": [' + b"{}," * 4_000_000 + b"1]}",
    "inflated": b"[" * 60_000_000,
    "wide": b'{"instances": ["' + b"a" * 1_000_000 + b'"' + b",1" * 500_000 + b"]}",
    "not a number": b'{"instances": [[' + b"1.5," * 3_000_000 + b"NaN]]}",
    "name": b'{"signature_name": [' + b"1.5," * 500_000 + b"1]}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_small_bodies_that_become_large_are_refused_beside_honest_ones(narrow, name):
    before = peak(narrow)
    content = gzip.compress(BOMBS[name])
    assert len(content) < 100_000
    with ThreadPoolExecutor(2) as threads:
        url, headers = f"{narrow.rest}/v1/models/embed:predict", {"Content-Encoding": "gzip"}
        sent = [threads.submit(httpx.post, url, content=content, headers=headers, timeout=60) for _ in range(2)]
        honest = [asked(narrow).status_code for _ in range(20)]
        statuses = {each.result().status_code for each in sent}
    assert statuses <= {400, 413, 429, 504}
    assert set(honest) <= {200, 429}  # one may run and one wait here
    assert honest.count(200) >= 15
    assert peak(narrow) - before < 500
    assert is_right(asked(narrow))


def test_a_context_is_not_multiplied_by_examples(narrow):
    body = {"context": {"x": "a" * 100_000}, "examples": [{}] * 10_000}
    answer = httpx.post(f"{narrow.rest}/v1/models/embed:classify", json=body, timeout=60)
    assert answer.status_code == 413
    assert "The examples with their context would take" in answer.json()["error"]


def test_a_message_over_the_limit_is_refused(narrow):
    request = predict_pb2.PredictRequest(model_spec={"name": "embed"})
    request.inputs["x"].tensor_content = bytes(21 * MEGABYTE)
    with grpc.insecure_channel(narrow.grpc) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=30)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_half_requests_hold_nobody_up_and_are_given_up(narrow):
    halves = [
        b"",
        b"POST /v1/mod",
        b"POST /v1/models/embed:predict HTTP/1.1\r\nHost: a\r\nX-Any: ",
        b"POST /v1/models/embed:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    ]
    with contextlib.ExitStack() as open_ones:
        connections = [open_ones.enter_context(connected(narrow)) for _ in range(100)]
        started = time.monotonic()
        for number, connection in enumerate(connections):
            connection.sendall(halves[number % len(halves)])
        for _ in range(20):
            assert is_right(asked(narrow))
        assert time.monotonic() - started < PATIENCE, "too slow a machine to tell"
        answers = [b"".join(iter(lambda: connection.recv(4096), b"")) for connection in connections]  # noqa: B023
        assert PATIENCE - 1 < time.monotonic() - started < 3 * PATIENCE
    for number, answer in enumerate(answers):
        if number % len(halves) == 3:
            assert answer.startswith(b"HTTP/1.1 504 ")
            assert b"body took longer than 3 s" in answer
        else:
            assert answer == b""


def test_a_trickle_of_headers_ends_in_time_and_size(narrow):
    with connected(narrow) as connection:
        connection.sendall(b"POST /v1/models/embed:predict HTTP/1.1\r\n")
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 3 * PATIENCE:
                connection.sendall(b"X-Any: 1\r\n")
                time.sleep(0.05)
        assert PATIENCE - 1 < time.monotonic() - started < 2 * PATIENCE
    with connected(narrow) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"POST /v1/models/embed:predict HTTP/1.1\r\nX-Any: " + b"a" * 1_000_000)
        with contextlib.suppress(ConnectionError):
            assert received(connection)[0] == 400
    assert is_right(asked(narrow))


@pytest.mark.parametrize("cut", [None, -5, 60])
def test_an_offer_of_http_2_is_passed_over(narrow, cut):
    body = json.dumps(ASKED).encode()
    head = (
        "POST /v1/models/embed:predict HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        f"HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    with connected(narrow) as connection:
        for _ in range(2):
            connection.sendall(request[:cut])
            if cut is not None:
                time.sleep(0.1)
                connection.sendall(request[cut:])
            assert received(connection)[0] == 200


def test_a_connection_may_rest_between_requests(narrow):
    with httpx.Client() as client:
        for pause in (0, PATIENCE + 1):
            time.sleep(pause)
            answer = client.post(f"{narrow.rest}/v1/models/embed:predict", json=ASKED)
            assert is_right(answer)
            stream = answer.extensions["network_stream"].get_extra_info("client_addr")
            first = stream if pause == 0 else first  # noqa: F821
    assert stream == first


def test_more_than_may_wait_get_429_and_what_takes_too_long_504(narrow):
    with ThreadPoolExecutor(8) as threads:
        late = threads.submit(asked, narrow, "slow", inputs={"rounds": 5.0})
        time.sleep(0.5)
        rest = [threads.submit(asked, narrow, "slow", inputs={"rounds": 0.1}) for _ in range(6)]
        statuses = sorted(each.result().status_code for each in rest)
        assert statuses == [429] * 5 + [504]  # one waits, in vain
        assert late.result().status_code == 504
        assert "took longer than 3 s" in late.result().json()["error"]
    deadline = time.monotonic() + 30
    while (answer := asked(narrow)).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)  # the run that nobody waits for goes on
    assert is_right(answer)
    page = httpx.get(f"{narrow.rest}/monitoring/prometheus/metrics").text
    for status in ("RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"):
        assert re.search(rf'request_count{{model_name="slow",status="{status}"}} [1-9]', page)


@pytest.mark.parametrize(
    "name", ["..%2fsecret", "..%2Fsecret", "%2e%2e%2fsecret", "%2e%2e/secret", "../secret", "embed%2f..%2f..%2fsecret"]
)
def test_no_path_leads_out_of_the_store(narrow, name, place):
    assert (place / "secret" / "1" / "saved_model.pb").is_file()
    for method, end in (("POST", ":predict"), ("GET", ""), ("GET", "/metadata"), ("GET", "/versions/1")):
        with connected(narrow) as connection:  # httpx would tidy the path up
            head = (
                f"{method} /v1/models/{name}{end} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert received(connection)[0] in {404, 400}
    request = predict_pb2.PredictRequest(model_spec={"name": "../secret"})
    with grpc.insecure_channel(narrow.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=30)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_broken_version_is_reported_and_the_old_one_answers(narrow, place):
    broken = place / "store" / "embed" / "2"
    staged = place / "store" / "embed" / ".2"
    staged.mkdir()
    (staged / "saved_model.pb").write_bytes(b"no graph")
    stop, statuses = threading.Event(), []

    def ask():
        while not stop.is_set():
            statuses.append(asked(narrow).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    staged.rename(broken)
    deadline, states = time.monotonic() + 20, []
    while [each["state"] for each in states] != ["END", "AVAILABLE"] and time.monotonic() < deadline:
        states = httpx.get(f"{narrow.rest}/v1/models/embed").json()["model_version_status"]
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert [each["state"] for each in states] == ["END", "AVAILABLE"]
    assert states[0]["status"]["error_code"] == "INTERNAL"
    assert "could not be loaded" in states[0]["status"]["error_message"]
    assert set(statuses) <= {200, 429}
    assert is_right(asked(narrow))
    page = httpx.get(f"{narrow.rest}/monitoring/prometheus/metrics").text
    assert re.search(r'load_attempt_count{model_name="embed",status="INTERNAL"} 1', page)
    assert re.search(r'version_available{model_name="embed",version="2"} 0', page)
    assert re.search(r'version_available{model_name="embed",version="1"} 1', page)
