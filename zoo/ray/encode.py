"""Batches of rows in, the same rows with their codes out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zoo.bulk.job import with_embedding
from zoo.bulk.outputs import EMBEDDING
from zoo.bulk.rows import choose_columns
from zoo.errors import InputError
from zoo.loading import load
from zoo.tables.memory_table import MemoryTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zoo.bulk.rows import Columns

_BATCH = "a batch"


class Encode:
    """What `Dataset.map_batches(Encode, ..., batch_format="pyarrow")` calls, in actors that each load the encoder once.

    Args:
        encoder: as `zoo.load` takes it; every machine must find it there: a name where MLFLOW_TRACKING_URI is a
            server's, a URL, or the absolute path of a folder that all see.
        columns: that make up a row, as `zoo.encode` takes them; by default those that the encoder was trained on, or
            that their types tell. Every batch is read alike, so that what only the cells of its rows would tell must
            be named.
        keep: columns to carry along; by default all that are not features, `["none"]` for none.

    Raises:
        InputError: there is no such encoder.
    """

    def __init__(self, encoder: str | Path, columns: Sequence[str] = (), keep: Sequence[str] | None = None) -> None:
        if "OMP_NUM_THREADS" in os.environ:  # which Ray sets to an actor's processors, and TensorFlow does not read
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ["OMP_NUM_THREADS"])
        self._encoder = load(encoder)
        self._named, self._keep = tuple(columns), keep

    def __call__(self, batch: Any) -> Any:
        """The columns that are carried along and `embedding`, with the rows in their order.

        Args:
            batch: a `pyarrow.Table`.

        Returns:
            A `pyarrow.Table`; embeddings are what `Encoder.encode` gives, [latent_dim] float32 each, or uint8.

        Raises:
            InputError: columns that are missing or cannot be told, rows that are not finite numbers.
        """
        if not hasattr(batch, "column_names"):
            raise InputError(f'zoo.ray.Encode takes Arrow\'s batches, not {type(batch)}: batch_format="pyarrow"')
        features = _plain(batch)
        chosen = self._columns(features)
        if EMBEDDING in chosen.kept:
            raise InputError(f"the dataset has a column '{EMBEDDING}' already; leave it out by keep=")
        arrays = self._encoder.kind.arrays_of_block(features.select(list(chosen.features)), 0, _BATCH)
        return with_embedding(batch.select(list(chosen.kept)), self._encoder.call("encode", arrays), None)

    def _columns(self, table: Any) -> Columns:
        rows = table if self._named else table.slice(0, 0)
        try:
            return choose_columns(MemoryTable(_BATCH, rows, {}), self._encoder.kind, self._named, self._keep)
        except InputError as error:
            if self._named:
                raise
            raise InputError(f"say which columns are the rows, with columns=: {error}") from None


def _plain(batch: Any) -> Any:
    """The batch with Ray's tensors as the lists that they are stored as."""
    for place, field in enumerate(batch.schema):
        storage = getattr(field.type, "storage_type", None)
        if storage is not None:
            column = batch.column(place)
            plain = [chunk.storage for chunk in column.chunks]
            batch = batch.set_column(place, field.name, _chunked(plain, storage))
    return batch


def _chunked(chunks: list[Any], kind: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array(chunks, kind)
