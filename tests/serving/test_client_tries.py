"""The client where servers are slow, overloaded, away, replaced or other servers: rows stay right, or it says why."""

import asyncio
import email.utils
import threading
import time
import tracemalloc

import numpy as np
import pytest
from between import Deaf, Drips, GrpcBetween, RestBetween
from served import WEIGHTS, WIDTH, ServerProcess, export_embed

from serving import AsyncEmbeddingClient, EmbeddingClient
from serving.errors import ServingError
from serving.in_order import in_order

pytestmark = pytest.mark.slow
ROWS = np.random.default_rng(1).normal(size=(200, WIDTH)).astype(np.float32)
CODES = ROWS @ WEIGHTS


@pytest.fixture(params=["rest", "grpc"])
def between(server, request):
    """Puts something between the clients and the server."""
    opened = []

    def put(behave):
        kind = RestBetween if request.param == "rest" else GrpcBetween
        opened.append(kind(getattr(server, request.param), behave))
        return opened[-1]

    put.is_rest = request.param == "rest"
    yield put
    for each in opened:
        each.__exit__()


def encoded(address, rows=ROWS, *, twin=False, **options):
    """Codes by the client, or by its twin for asyncio."""
    if not twin:
        with EmbeddingClient(address, "embed", **options) as client:
            return client.encode(rows)

    async def encode():
        async with AsyncEmbeddingClient(address, "embed", **options) as client:
            return await client.encode(rows)

    return asyncio.run(encode())


def refusal(is_rest, code, *, after=None):
    """An answer that a server gives while it cannot give another."""
    status = {"RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503}[code]
    if is_rest:
        return status, {} if after is None else {"Retry-After": str(after)}, b'{"error": "try again later"}'
    return code, "try again later", () if after is None else (("grpc-retry-pushback-ms", str(int(1000 * after))),)


@pytest.mark.parametrize("twin", [False, True])
def test_the_timeout_is_that_of_a_request_not_of_them_all(between, twin):
    slow = between(lambda _: time.sleep(0.25))
    started = time.monotonic()
    codes = encoded(slow.address, twin=twin, chunk=10, timeout=1, concurrency=2)
    assert time.monotonic() - started > 1
    np.testing.assert_allclose(codes, CODES, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("twin", [False, True])
def test_a_deadline_is_that_of_the_whole_call(between, twin):
    slow = between(lambda _: time.sleep(0.25))
    started = time.monotonic()
    with pytest.raises(ServingError) as caught:
        encoded(slow.address, twin=twin, chunk=1, deadline=1, concurrency=2)
    assert caught.value.code == "DEADLINE_EXCEEDED"
    assert 0.9 < time.monotonic() - started < 2.5


@pytest.mark.parametrize("twin", [False, True])
def test_a_few_requests_are_under_way_and_rows_stay_in_order(between, twin):
    uneven = between(lambda number: time.sleep(0.15 if number % 4 == 0 else 0.01))
    codes = encoded(uneven.address, twin=twin, chunk=10, concurrency=3)
    np.testing.assert_allclose(codes, CODES, rtol=1e-4, atol=1e-5)
    assert uneven.at_once == 3
    assert uneven.count == 20


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "UNAVAILABLE"])
def test_what_may_work_later_is_tried_again(between, code, twin, caplog):
    busy = between(lambda number: refusal(between.is_rest, code) if number % 3 else None)
    codes = encoded(busy.address, twin=twin, chunk=20)
    np.testing.assert_allclose(codes, CODES, rtol=1e-4, atol=1e-5)
    assert busy.count > 10
    (warning,) = caplog.messages
    assert warning == f"{busy.address}: try again later; trying again for 60 s"


@pytest.mark.parametrize("twin", [False, True])
def test_the_server_says_when(between, twin):
    busy = between(lambda number: refusal(between.is_rest, "RESOURCE_EXHAUSTED", after=1) if number == 0 else None)
    started = time.monotonic()
    encoded(busy.address, twin=twin)
    assert 1 <= time.monotonic() - started < 5
    busy = between(lambda _: refusal(between.is_rest, "RESOURCE_EXHAUSTED", after=30))
    started = time.monotonic()
    with pytest.raises(ServingError, match=r"1 attempts .*the server asks to wait 30 s") as caught:
        encoded(busy.address, twin=twin, timeout=10)
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    assert time.monotonic() - started < 5


def test_a_date_says_when_too(server):
    def behave(number):
        when = email.utils.formatdate(time.time() + 2, usegmt=True)
        return (503, {"Retry-After": when}, b"<html>maintenance</html>") if number == 0 else None

    with RestBetween(server.rest, behave) as between:
        started = time.monotonic()
        encoded(between.address)
        assert 0.9 < time.monotonic() - started < 6


@pytest.mark.parametrize("twin", [False, True])
def test_what_goes_on_too_long_is_given_up_with_the_reason(between, twin):
    busy = between(lambda _: refusal(between.is_rest, "RESOURCE_EXHAUSTED"))
    with pytest.raises(ServingError, match=r"try again later \(.* attempts in .* concurrency below 4") as caught:
        encoded(busy.address, twin=twin, timeout=1)
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    assert busy.count > 3


@pytest.mark.parametrize("twin", [False, True])
def test_no_connection_is_not_taken_for_no_answer(between, twin):
    scheme = "http://" if between.is_rest else ""
    with Deaf() as deaf, pytest.raises(ServingError, match="cannot connect to") as caught:
        encoded(f"{scheme}127.0.0.1:{deaf.port}", twin=twin, timeout=1)
    assert caught.value.code == "UNAVAILABLE"
    slow = between(lambda _: time.sleep(3))
    with pytest.raises(ServingError, match="gave no answer within 1 s") as caught:
        encoded(slow.address, twin=twin, timeout=1)
    assert caught.value.code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("twin", [False, True])
def test_connections_that_servers_close_cost_nothing(server, twin, caplog):
    def behave(number):
        return "close" if number % 2 else None

    with RestBetween(server.rest, behave) as between:
        codes = encoded(between.address, twin=twin, chunk=20, concurrency=1)
    np.testing.assert_allclose(codes, CODES, rtol=1e-4, atol=1e-5)
    assert caplog.messages == []


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ((200, {}, b"<html>Welcome"), "INTERNAL", "not TensorFlow Serving's answer: '<html>Welcome'"),
        ((200, {}, b'{"predictions": [1]}'), "INTERNAL", "not TensorFlow Serving's answer"),
        ((200, {}, b'{"outputs": [[1, 2], [3]]}'), "INTERNAL", "not TensorFlow Serving's answer"),
        ((200, {}, b'{"outputs": [[1, 2, 3]]}'), "INTERNAL", "not one value, of one shape, for each of the 200 rows"),
        ((200, {}, b""), "INTERNAL", "not TensorFlow Serving's answer"),
        ((302, {"Location": "https://x/"}, b""), "FAILED_PRECONDITION", "redirects to https://x/: use that address"),
        ((404, {}, b"<html> no \n page"), "NOT_FOUND", "answers 404: <html> no page"),
        ((500, {}, b""), "UNKNOWN", "answers 500: Internal Server Error"),
    ],
)  # fmt: skip
def test_answers_of_other_servers_are_shown(server, answer, code, words, twin):
    with RestBetween(server.rest, lambda _: answer) as between, pytest.raises(ServingError) as caught:
        encoded(between.address, twin=twin)
    assert caught.value.code == code
    assert words in caught.value.message


def test_metadata_of_other_servers_is_shown(server):
    with pytest.raises(ServingError, match=r"answers 404: .* Not Found") as caught:
        encoded(f"{server.rest}/elsewhere")
    assert caught.value.code == "NOT_FOUND"


def test_an_answer_in_drips_ends_with_the_timeout(server):
    with RestBetween(server.rest, lambda _: (200, {}, Drips(b" " * 100))) as between:
        for twin in (False, True):
            started = time.monotonic()
            with pytest.raises(ServingError, match="gave no answer within 1 s"):
                encoded(between.address, twin=twin, timeout=1)
            assert time.monotonic() - started < 3


@pytest.fixture(scope="module")
def narrow(store):
    """A server that takes small requests, and few of them."""
    process = ServerProcess(
        "--store", store, "--rest_api_num_threads", 1, "--max_queued_requests", 1, "--rest_api_max_body_bytes", 3000
    )  # fmt: skip
    yield process
    assert process.stop() == 0


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_request_that_is_too_large_becomes_several(narrow, protocol):
    address = getattr(narrow, protocol)
    for twin in (False, True):
        np.testing.assert_allclose(encoded(address, twin=twin), CODES, rtol=1e-4, atol=1e-5)
    with EmbeddingClient(address, "half_plus_two", signature="echo") as client:
        assert client.encode(["a" * 50] * 80).tolist() == [b"a" * 50] * 80
        with pytest.raises(ServingError, match=r"\b3000\b") as caught:
            client.encode(["a", "b" * 5000])
    assert caught.value.code == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_an_overloaded_server_gets_all_rows_done(narrow, protocol):
    codes = [None] * 3

    def ask(place):
        codes[place] = encoded(getattr(narrow, protocol), chunk=10, concurrency=8)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in codes:
        np.testing.assert_allclose(each, CODES, rtol=1e-4, atol=1e-5)


def test_all_codes_of_a_call_come_from_one_version(tmp_path):
    (tmp_path / "embed").mkdir()
    export_embed(tmp_path / "embed" / "1")
    server = ServerProcess("--store", tmp_path, "--file_system_poll_wait_seconds", 0.05)
    try:
        cases = [(RestBetween, server.rest, False), (GrpcBetween, server.grpc, True), (GrpcBetween, server.grpc, False)]
        for version, (kind, address, twin) in enumerate(cases, 2):

            def behave(number, version=version):
                if number == 5:
                    export_embed(tmp_path / "embed" / str(version), factor=version)
                time.sleep(0.05)

            with kind(address, behave) as between:
                codes = encoded(between.address, twin=twin, chunk=3, concurrency=2)
            ratio = codes / CODES
            np.testing.assert_allclose(ratio, np.full_like(ratio, ratio[0, 0]), rtol=1e-3)
            assert round(float(ratio[0, 0])) == version
    finally:
        assert server.stop() == 0


def test_rows_are_not_copied_as_a_whole(server):
    many = np.resize(ROWS, (300_000, WIDTH)).astype(np.float64)
    with EmbeddingClient(server.grpc, "embed") as client:
        client.encode(many[:10_000])
        tracemalloc.start()
        codes = client.encode(many)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert codes.nbytes == 300_000 * 3 * 4
    assert peak < 1.5 * codes.nbytes


def test_no_more_items_are_taken_than_there_is_room_for():
    taken, done = [], []

    def items():
        for number in range(20):
            taken.append(number)
            yield number

    def work(number, stopped):
        time.sleep(0.01)
        return number

    for number in in_order(work, items(), 3):
        done.append(number)
        assert len(taken) - len(done) <= 3
    assert done == list(range(20))


def test_an_error_does_not_wait_for_what_is_under_way():
    gone = threading.Event()

    def work(number, stopped):
        if number == 0:
            raise ValueError("no")
        gone.set() if stopped.wait(30) else None

    started = time.monotonic()
    with pytest.raises(ValueError, match="no"):
        list(in_order(work, range(5), 3))
    assert time.monotonic() - started < 5
    assert gone.wait(5)
