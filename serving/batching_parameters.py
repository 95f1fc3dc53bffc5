"""How requests are batched: TensorFlow Serving's BatchingParameters."""

from __future__ import annotations

from dataclasses import dataclass

from serving.protos import message, read_text


@dataclass(frozen=True)
class BatchingParameters:
    """TensorFlow Serving's BatchingParameters, with its defaults.

    Attributes:
        max_batch_size: rows in one run at most; a request of more runs by itself.
        batch_timeout_micros: how long the first request of a batch waits for others.
        max_enqueued_batches: batches that may wait or run; further requests are turned away.
        num_batch_threads: batches that run at once.
        allowed_batch_sizes: batches are padded to the next of these; none for no padding.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 4
    allowed_batch_sizes: tuple[int, ...] = ()


def read_batching_parameters(path: str) -> BatchingParameters:
    """Reads a --batching_parameters_file; "" for the defaults.

    Raises:
        ValueError: not a text proto of BatchingParameters, or a value that cannot be.
    """
    if not path:
        return BatchingParameters()
    read = read_text(path, message("BatchingParameters"))
    given = {
        name: getattr(read, name).value
        for name in ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
        if read.HasField(name)
    }
    for name, value in given.items():
        if value < (0 if name == "batch_timeout_micros" else 1):
            raise ValueError(
                f"{path}: {name} must be {'0 or more' if 'timeout' in name else 'at least 1'}, not {value}"
            )
    sizes = tuple(read.allowed_batch_sizes)
    parameters = BatchingParameters(**given, allowed_batch_sizes=sizes)
    if sizes and (list(sizes) != sorted(set(sizes)) or sizes[-1] != parameters.max_batch_size):
        raise ValueError(f"{path}: allowed_batch_sizes must increase, and the last one be max_batch_size")
    return parameters
