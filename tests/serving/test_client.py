"""The client against a real server, over both protocols; its messages are those of the official stubs."""

import asyncio
import os
import signal
import threading
import time

import numpy as np
import pytest
from served import WEIGHTS, WIDTH, ServerProcess, export_embed

from serving import AsyncEmbeddingClient, EmbeddingClient
from serving.client_call import listed
from serving.client_cells import typed
from serving.client_signature import Tensor
from serving.errors import ServingError

pytestmark = pytest.mark.slow
ROWS = np.random.default_rng(1).normal(size=(2500, WIDTH)).astype(np.float32)


@pytest.fixture(params=["grpc", "rest"])
def address(server, request):
    return getattr(server, request.param)


def test_rows_come_back_in_order_and_in_chunks(address):
    with EmbeddingClient(address, "embed", chunk=1000) as client:
        np.testing.assert_allclose(client.encode(ROWS), ROWS @ WEIGHTS, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(client.encode(ROWS[:1].tolist()), ROWS[:1] @ WEIGHTS, rtol=1e-4, atol=1e-5)
        assert client.encode(np.empty((0, WIDTH))).shape == (0, 3)


def test_values_have_the_type_that_the_model_declares(address):
    with EmbeddingClient(address, "embed", signature="rounded") as client:
        codes = client.encode(ROWS[:20])
        assert codes.dtype == np.int8
        np.testing.assert_allclose(codes, 10 * ROWS[:20] @ WEIGHTS, atol=0.51)
        assert client.encode(ROWS[:0]).dtype == np.int8


def test_integers_come_with_what_a_step_of_them_stands_for(address):
    expected = ROWS[:20] @ WEIGHTS
    with EmbeddingClient(address, "embed", signature="scaled", chunk=8) as client:
        codes = client.encode(ROWS[:20])
        assert codes.dtype == np.float32
        np.testing.assert_allclose(codes, expected, atol=0.051)
        assert client.encode(ROWS[:0]).dtype == np.float32
    with EmbeddingClient(address, "embed", signature="scaled", output="embedding") as client:
        steps = client.encode(ROWS[:20])
        assert steps.dtype == np.int8
        np.testing.assert_allclose(steps, 10 * expected, atol=0.51)


def test_a_version_of_integers_may_take_over_from_one_of_floats_and_back(address):
    with EmbeddingClient(address, "embed") as client:
        for signature, tolerance in (("serving_default", 1e-4), ("scaled", 0.051), ("serving_default", 1e-4)):
            client.encode(ROWS[:1])
            client.signature = signature  # as if another version were served since
            codes = client.encode(ROWS[:20])
            assert codes.dtype == np.float32
            np.testing.assert_allclose(codes, ROWS[:20] @ WEIGHTS, atol=tolerance)


def test_the_async_twin_gives_the_same_for_many_at_once(address):
    async def ask():
        async with AsyncEmbeddingClient(address, "embed", chunk=500) as client:
            return await asyncio.gather(*(client.encode(ROWS[i : i + 600]) for i in range(0, 1800, 600)))

    np.testing.assert_allclose(np.concatenate(asyncio.run(ask())), ROWS[:1800] @ WEIGHTS, rtol=1e-4, atol=1e-5)


def test_rows_with_nan_come_back_as_the_model_answers_them(address):
    rows = ROWS[:3].copy()
    rows[1, 2] = np.nan
    with (
        EmbeddingClient(address, "embed") as client,
        pytest.warns(UserWarning, match=r"embed: row 1 \(from 0\) holds NaN or infinity, and so do 0 after it"),
    ):
        codes = client.encode(rows)
    assert np.isnan(codes[1]).all()
    np.testing.assert_allclose(codes[[0, 2]], rows[[0, 2]] @ WEIGHTS, rtol=1e-4, atol=1e-5)


def test_cells_are_the_strings_that_the_encoder_was_trained_on():
    cells = ["a", b"\xff", None, np.nan, 3.0, 3.5, 7, "ü"]
    strings = typed(np.asarray(cells, dtype=object), Tensor(np.dtype(object), (-1,)))
    assert strings.tolist() == [b"a", b"\xff", b"", b"", b"3", b"3.5", b"7", "ü".encode()]
    assert listed(strings) == ["a", {"b64": "/w=="}, "", "", "3", "3.5", "7", "ü"]


def test_numbers_that_the_input_cannot_hold_are_refused():
    assert typed([1.0, 2.0], Tensor(np.dtype(np.uint8), (-1,))).tolist() == [1, 2]
    for rows in ([1.5], [300], [-1], [np.nan]):
        with pytest.raises(ValueError, match="takes uint8, which cannot hold"):
            typed(rows, Tensor(np.dtype(np.uint8), (-1,)))


def test_strings_and_columns_go_by_name(address):
    with EmbeddingClient(address, "half_plus_two", signature="add") as client:
        columns = {"a": [[1.0], [2.0]], "b": [[10.0], [20.0]]}
        np.testing.assert_array_equal(client.encode(columns), [[11], [22]])
        with pytest.raises(ValueError, match="missing: b"):
            client.encode({"a": [[1.0]]})


@pytest.mark.parametrize(
    ("options", "rows", "error", "words"),
    [
        ({}, np.ones((2, 4)), ValueError, "takes rows"),
        ({"signature": "nope"}, ROWS, ValueError, "has no signature 'nope'; it has"),
        ({"output": "nope"}, ROWS, ValueError, "no output 'nope'; it has embedding"),
        ({"version": 7}, ROWS, ServingError, "Servable not found"),
        ({"label": "canary"}, ROWS, ServingError, "Unrecognized servable version label"),
    ],
)
def test_mistakes_are_named(address, options, rows, error, words):
    with EmbeddingClient(address, "embed", **options) as client, pytest.raises(error, match=words):
        client.encode(rows)


def test_a_deadline_ends_a_call_to_nobody():
    for address in ("127.0.0.1:9", "http://127.0.0.1:9"):
        started = time.monotonic()
        with EmbeddingClient(address, "embed", timeout=1) as client, pytest.raises(ServingError) as caught:
            client.encode(ROWS)
        assert caught.value.code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        assert time.monotonic() - started < 5


def test_a_call_to_the_other_protocols_port_says_at_once_that_it_fails_and_in_the_end_why(server, caplog):
    swapped = {"gRPC": server.rest.removeprefix("http://"), "REST": f"http://{server.grpc}"}
    for protocol, address in swapped.items():
        caplog.clear()
        with EmbeddingClient(address, "embed", timeout=1) as client, pytest.raises(ServingError) as caught:
            client.encode(ROWS)
        (warning,) = caplog.messages
        assert warning.startswith(f"{address}: ")
        assert warning.endswith("trying again for 1 s")
        assert f"is {address} the server's port for {protocol}?" in str(caught.value)


def test_a_server_that_is_killed_and_comes_back_costs_no_row(tmp_path):
    (tmp_path / "embed").mkdir()
    export_embed(tmp_path / "embed" / "1")
    server = ServerProcess("--store", tmp_path)
    port = server.grpc.rpartition(":")[2]
    with EmbeddingClient(server.grpc, "embed", timeout=60, chunk=10) as client:
        client.encode(ROWS[:10])
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        revived = []
        thread = threading.Thread(target=lambda: revived.append(ServerProcess("--store", tmp_path, "--port", port)))
        thread.start()
        np.testing.assert_allclose(client.encode(ROWS[:100]), ROWS[:100] @ WEIGHTS, rtol=1e-4, atol=1e-5)
        thread.join()
    assert revived[0].stop() == 0
