"""Batches of real requests from many threads: equal rows, fewer runs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from served import WEIGHTS, export_embed

from serving.batching import Batcher
from serving.batching_parameters import BatchingParameters
from serving.errors import ServingError
from serving.servable import Servable


@pytest.fixture(scope="module")
def servable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embed") / "1"
    export_embed(folder)
    loaded = Servable("embed", 1, folder)
    yield loaded
    loaded.unload(0)


class Counted:
    """Runs, and keeps the number of rows of each run."""

    def __init__(self):
        self.sizes, self.lock = [], threading.Lock()

    def __call__(self, servable, signature, arrays, outputs):
        with self.lock:
            self.sizes.append(len(arrays["x"]))
        return servable.run(signature, arrays, outputs)


def asked(batcher, servable, rows):
    return batcher.run(servable, servable.signatures["serving_default"], {"x": rows}, ["embedding"])["embedding"]


def test_every_caller_gets_its_own_rows_from_few_runs(servable, rng):
    run = Counted()
    batcher = Batcher(run, BatchingParameters(max_batch_size=64, batch_timeout_micros=100_000, num_batch_threads=1))
    requests = [rng.normal(size=(1 + i % 3, 5)).astype(np.float32) for i in range(40)]
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda rows: asked(batcher, servable, rows), requests))
    for rows, answer in zip(requests, answers, strict=True):
        np.testing.assert_allclose(answer, rows @ WEIGHTS, rtol=1e-5, atol=1e-5)
    assert sum(run.sizes) == sum(map(len, requests))
    assert len(run.sizes) < 20
    assert max(run.sizes) <= 64


def test_batches_are_padded_to_an_allowed_size(servable):
    run = Counted()
    batcher = Batcher(run, BatchingParameters(max_batch_size=8, allowed_batch_sizes=(4, 8)))
    answer = asked(batcher, servable, np.ones((3, 5), np.float32))
    assert run.sizes == [4]
    np.testing.assert_allclose(answer, np.ones((3, 5)) @ WEIGHTS, rtol=1e-5)


def test_a_wrong_request_does_not_fail_those_of_another_shape(servable):
    batcher = Batcher(Counted(), BatchingParameters(batch_timeout_micros=50_000))
    with ThreadPoolExecutor(2) as threads:
        good = threads.submit(asked, batcher, servable, np.ones((1, 5), np.float32))
        bad = threads.submit(asked, batcher, servable, np.ones((1, 4), np.float32))
        assert good.result().shape == (1, 3)
        with pytest.raises(ServingError) as caught:
            bad.result()
    assert caught.value.code == "INVALID_ARGUMENT"


def test_a_wrong_request_does_not_fail_those_of_its_own_batch(servable):
    run = Counted()

    def strict(servable, signature, arrays, outputs):
        if np.isnan(arrays["x"]).any():
            run.sizes.append(-len(arrays["x"]))
            raise ServingError("INVALID_ARGUMENT", "NaN")
        return run(servable, signature, arrays, outputs)

    batcher = Batcher(strict, BatchingParameters(max_batch_size=3, batch_timeout_micros=10_000_000))
    requests = [np.full((1, 5), value, np.float32) for value in (1, np.nan, 2)]
    with ThreadPoolExecutor(3) as threads:
        good, bad, other = [threads.submit(asked, batcher, servable, rows) for rows in requests]
        np.testing.assert_allclose(good.result(), requests[0] @ WEIGHTS, rtol=1e-5)
        np.testing.assert_allclose(other.result(), requests[2] @ WEIGHTS, rtol=1e-5)
        with pytest.raises(ServingError, match="NaN"):
            bad.result()
    assert sorted(run.sizes) == [-3, -1, 1, 1]


def test_a_full_queue_turns_requests_away(servable):
    gate, entered = threading.Event(), threading.Event()

    def held(*arguments):
        entered.set()
        gate.wait(10)
        return servable.run(*arguments[1:])

    batcher = Batcher(held, BatchingParameters(max_enqueued_batches=1, num_batch_threads=1))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(asked, batcher, servable, np.ones((1, 5), np.float32))
        entered.wait(10)
        with pytest.raises(ServingError) as caught:
            asked(batcher, servable, np.ones((1, 5), np.float32))
        gate.set()
        assert first.result().shape == (1, 3)
    assert caught.value.code == "UNAVAILABLE"


def test_scalars_and_unequal_rows_are_refused(servable):
    batcher = Batcher(Counted(), BatchingParameters())
    with pytest.raises(ServingError, match="at least one dimension"):
        asked(batcher, servable, np.float32(1).reshape(()))


def test_declared_shapes_can_be_required(tmp_path):
    export_embed(tmp_path / "1")
    strict = Servable("embed", 1, tmp_path / "1", declared_shapes_only=True)
    signature = strict.signatures["serving_default"]
    for shape in ((2, 1), (2, 6), (5,), (), (1, 2, 5)):
        with pytest.raises(ServingError, match=r"Input x has the shape .* and the signature declares \[-1, 5\]"):
            strict.run(signature, {"x": np.ones(shape, np.float32)}, ["embedding"])
    assert strict.run(signature, {"x": np.ones((7, 5), np.float32)}, ["embedding"])["embedding"].shape == (7, 3)
    strict.unload(0)
