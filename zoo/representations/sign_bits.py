"""A bit a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.product_codes import shared_directions
from zoo.representations._bytes import bytes_of
from zoo.representations._rows_of_numbers import require_numbers
from zoo.representations.int8 import Int8
from zoo.representations.raw import Raw

if TYPE_CHECKING:
    from zoo.types import Floats, NonNegativeInt, PositiveInt, Representation, Rows, Seed, Splits, Trained

_FITTED = 65_536  # rows at most


@dataclass(frozen=True)
class _Signs:
    name: str
    splits: Splits
    directions: Floats | None
    candidates: int
    second: Representation

    def encode(self, rows: Rows) -> Floats:
        return np.where(self.encode_queries(rows) > 0, np.float32(1), np.float32(-1))

    def encode_queries(self, rows: Rows) -> Floats:
        found = np.asarray(self.splits.take(rows), np.float32)
        return found if self.directions is None else found @ self.directions

    def bytes_per_row(self) -> int:
        kept = self.splits.width if self.candidates else 0
        return -(-self.encode_queries(np.arange(1)).shape[1] // 8) + kept

    def on(self, splits: Splits) -> _Signs:
        return replace(self, splits=splits, second=self.second.on(splits))


class SignBits:
    """The signs of a row's numbers: binary embeddings, eight to a byte.

    With as many bits as columns, or more, they are the columns' own signs; with fewer, those of the leading principal
    directions about 0 after a random rotation, which gives each bit the same share of the variance (Gong and Lazebnik
    2011, "Iterative quantization", where its iterations start). Asked by a query as it is, the query is not rounded.

    Args:
        bytes: of a code; None takes as many as the encoder's code has.
        rescore: so many candidates that the bits find for a query are put in order by the rows themselves, as int8,
            which are kept as well; 0 keeps none. Metrics of queries do it.
        seed: of the rotation.
    """

    def __init__(self, bytes: PositiveInt | None = None, rescore: NonNegativeInt = 0, seed: Seed = 0) -> None:  # noqa: A002  what it is
        self.bytes, self.rescore, self.seed = bytes, rescore, seed

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: rows of numbers only."""
        require_numbers(name, splits, "SignBits takes rows of numbers")

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        self.require(name, splits)
        second = Int8(Raw()).fit(name, splits, trained)
        directions = self._directions(splits, 8 * (self.bytes or bytes_of(trained.model)))
        return _Signs(name, splits, directions, self.rescore, second)

    def _directions(self, splits: Splits, bits: int) -> Floats | None:
        """[width, bits]; None where the columns' own signs are taken."""
        if bits >= splits.width:
            return None
        rows = np.asarray(splits.take(splits.train[:_FITTED]), np.float32)
        leading = shared_directions(rows, 1)[:, :bits]  # one part has them in the order of their variances
        turned, _ = np.linalg.qr(np.random.default_rng(self.seed).normal(size=(bits, bits)))
        return np.asarray(leading @ turned, np.float32)
