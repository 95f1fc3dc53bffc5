"""Puts requests that come at the same time into one run of the graph."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.errors import ServingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serving.batching_parameters import BatchingParameters
    from serving.servable import Servable

    Run = Callable[[Servable, Any, Mapping[str, Any], Sequence[str]], dict[str, Any]]


@dataclass
class _Batch:
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    rows: int = 0
    full: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    outputs: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None


class Batcher:
    """Runs requests in batches; the thread that opens a batch waits for others, runs it, and hands out the rows.

    Args:
        run: runs a signature of a servable.
        parameters: see there.
    """

    def __init__(self, run: Run, parameters: BatchingParameters) -> None:
        self._run, self._parameters = run, parameters
        self._open: dict[Any, _Batch] = {}
        self._lock = threading.Lock()
        self._threads = threading.BoundedSemaphore(parameters.num_batch_threads)
        self._waiting = 0

    def run(
        self, servable: Servable, signature: Any, arrays: Mapping[str, Any], outputs: Sequence[str]
    ) -> dict[str, Any]:
        """See `Servable.run`.

        Raises:
            ServingError: also inputs of unequal numbers of rows, and UNAVAILABLE when too many batches wait.
        """
        rows = _rows(arrays)
        if not 0 < rows < self._parameters.max_batch_size:
            return self._run(servable, signature, arrays, outputs)
        # what may share a run: the same graph, outputs, types, and shapes beyond the rows
        shapes = tuple((name, array.dtype.str, array.shape[1:]) for name, array in sorted(arrays.items()))
        key = id(servable), id(signature), tuple(outputs), shapes
        with self._lock:
            batch = self._open.get(key)
            leads = batch is None or batch.rows + rows > self._parameters.max_batch_size
            if leads:
                if batch is not None:
                    batch.full.set()
                if self._waiting >= self._parameters.max_enqueued_batches:
                    raise ServingError("UNAVAILABLE", "The batch scheduling queue is full")
                batch = self._open[key] = _Batch()
                self._waiting += 1
            assert batch is not None  # noqa: S101
            first = batch.rows
            batch.requests.append(arrays)
            batch.rows += rows
            if batch.rows == self._parameters.max_batch_size:
                batch.full.set()
        if leads:
            self._lead(key, batch, servable, signature, outputs)
        batch.done.wait()
        if batch.error is not None:
            if len(batch.requests) > 1 and getattr(batch.error, "code", None) == "INVALID_ARGUMENT":
                with self._threads:  # one request's mistake must not be the others', as it is in TensorFlow Serving
                    return self._run(servable, signature, arrays, outputs)
            raise batch.error
        return {name: array[first : first + rows] for name, array in batch.outputs.items()}

    def _lead(self, key: Any, batch: _Batch, servable: Servable, signature: Any, outputs: Sequence[str]) -> None:
        try:
            deadline = time.monotonic() + self._parameters.batch_timeout_micros / 1e6
            batch.full.wait(max(0.0, deadline - time.monotonic()))
            with self._threads:  # while all are busy the batch stays open and grows
                with self._lock:
                    if self._open.get(key) is batch:
                        del self._open[key]
                batch.outputs = self._run_whole(batch, servable, signature, outputs)
        except Exception as error:
            batch.error = error
        finally:
            with self._lock:
                self._waiting -= 1
                if self._open.get(key) is batch:
                    del self._open[key]
            batch.done.set()

    def _run_whole(self, batch: _Batch, servable: Servable, signature: Any, outputs: Sequence[str]) -> dict[str, Any]:
        size = next((size for size in self._parameters.allowed_batch_sizes if size >= batch.rows), batch.rows)
        arrays = {}
        for name in batch.requests[0]:
            parts = [request[name] for request in batch.requests]
            # padding repeats a row, which no graph can take offence at
            padding = [np.repeat(parts[0][:1], size - batch.rows, axis=0)] if size > batch.rows else []
            arrays[name] = np.concatenate(parts + padding) if len(parts) + len(padding) > 1 else parts[0]
        results = self._run(servable, signature, arrays, outputs)
        for name, array in results.items():
            if not array.ndim or len(array) != size:
                raise ServingError(
                    "FAILED_PRECONDITION",
                    f"Batched output tensor {name} has 0th-dimension size that is not the batch's: "
                    f"{list(array.shape)} for a batch of {size}",
                )
        return results


def _rows(arrays: Mapping[str, Any]) -> int:
    sizes = {array.shape[0] if array.ndim else -1 for array in arrays.values()}
    if -1 in sizes:
        raise ServingError("INVALID_ARGUMENT", "Batching session Run() input tensors must have at least one dimension")
    if len(sizes) != 1:
        raise ServingError(
            "INVALID_ARGUMENT", "Batching session Run() input tensors must have equal 0th-dimension size"
        )
    return int(next(iter(sizes)))
