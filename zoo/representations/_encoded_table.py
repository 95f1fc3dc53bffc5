"""An encoder, as a representation of a table's rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.encoder import Encoder
    from zoo.types import Floats, Rows, Splits

_READ = 2_048  # rows at a time: as images of 64 x 64 x 3 they are 100 MB


class EncodedTable:
    """The rows of a table as an encoder sees them; what the encoder cannot do is not there, see `zoo.types`.

    The encoder reads what is sent to a served one, records and baskets as strings, which it looks up in a vocabulary
    of its own: a champion's columns may stand for other things than the table's.

    Args:
        encoder: the encoder.
        splits: the table.
    """

    def __init__(self, encoder: Encoder, splits: Splits) -> None:
        self.name = encoder.name
        self._encoder, self._splits = encoder, splits
        for method in ("score", "score_fields", "rates", "assign"):
            if encoder.has(method):
                setattr(self, method, partial(self._apply, method))
        if encoder.gives_bytes:
            self.encode_queries = self._query
        if encoder.places:
            self.places = encoder.places
        if encoder.has("reconstruct"):
            self.reconstruct = self._reconstruct
        if encoder.has("log_weights"):
            self.log_likelihoods = self._log_likelihoods

    def encode(self, rows: Rows) -> Floats:
        """See `zoo.types.Representation`; of an encoder of bytes the rows that they stand for."""
        return self._reconstruct(rows) if self._encoder.gives_bytes else self._apply("encode", rows)

    def bytes_per_row(self) -> int:
        """See `zoo.types.Stored`: of bytes, of tokens, of int8 numbers, or of float32 numbers."""
        if self._encoder.gives_bytes:
            return self._encoder.latent_dim
        if self._encoder.has("tokens"):
            return int(self._apply("tokens", np.arange(1)).nbytes)
        return self._encoder.latent_dim * (4 if self._encoder.code_scale is None else 1)

    def on(self, splits: Splits) -> EncodedTable:
        """See `zoo.types.Representation`."""
        return EncodedTable(self._encoder, splits)

    def _query(self, rows: Rows) -> Any:
        return self._splits.on_scale(self._apply("query", rows))

    def _reconstruct(self, rows: Rows) -> Any:
        return self._splits.on_scale(self._apply("reconstruct", rows))

    def _log_likelihoods(self, rows: Rows, samples: int, seed: int) -> Any:
        return self._encoder.log_likelihoods(self._splits.inputs(rows), samples, seed)

    def _apply(self, method: str, rows: Rows) -> Any:
        """What a method of the encoder gives for row numbers [n], block by block."""
        blocks = [rows[start : start + _READ] for start in range(0, max(len(rows), 1), _READ)]
        values = np.concatenate([self._encoder.call(method, self._splits.inputs(block)) for block in blocks])
        return values.argmax(axis=1) if method == "assign" else values
