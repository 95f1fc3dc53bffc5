"""Optimised product quantisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.product_codes import ProductCodes
from zoo.representations._bytes import bytes_of
from zoo.representations._rows_of_numbers import require_numbers

if TYPE_CHECKING:
    from zoo.types import Floats, PositiveInt, Representation, Rows, Seed, Splits, Trained

_FITTED = 65_536  # rows at most


@dataclass(frozen=True)
class _Decoded:
    name: str
    splits: Splits
    codes: ProductCodes

    def encode(self, rows: Rows) -> Floats:
        return self.codes.decoded(self.codes.numbers(np.asarray(self.splits.take(rows), np.float32)))

    def encode_queries(self, rows: Rows) -> Floats:
        return np.asarray(self.splits.take(rows), np.float32)

    def reconstruct(self, rows: Rows) -> Floats:
        return self.encode(rows)

    def bytes_per_row(self) -> int:
        return len(self.codes.books)

    def on(self, splits: Splits) -> _Decoded:
        return replace(self, splits=splits)


class ProductQuantization:
    """What a vector database does to save memory: OPQ, as many bytes as the encoder's code has.

    Rows are rotated so that the parts share the variance, and each part is replaced by the nearest of 256 vectors. What
    is judged is the row that the bytes stand for; asked for by a query as it is (`asked: query` of a metric), the query
    is not quantised, which is faiss's asymmetric distance. See `zoo.product_codes`, which compares with faiss's
    iterations from a random rotation in a tenth of the time.

    Args:
        bytes: of a code, one for each part; None takes as many as the encoder's code has.
        seed: of k-means.

    Reference:
        Ge et al. 2013, "Optimized product quantization".
    """

    def __init__(self, bytes: PositiveInt | None = None, seed: Seed = 0) -> None:  # noqa: A002  what it is
        self.bytes, self.seed = bytes, seed

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: rows of numbers, not fewer than bytes."""
        require_numbers(name, splits, "ProductQuantization takes rows of numbers")
        if self.bytes is not None and self.bytes > splits.width:
            raise InputError(
                f"baselines.{name}.bytes={self.bytes}: more bytes than the rows have numbers, {splits.width}; set "
                f"baselines.{name}.bytes={splits.width} or less"
            )

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        self.require(name, splits)
        groups = min(self.bytes or bytes_of(trained.model), splits.width)
        chosen = splits.train
        if len(chosen) > _FITTED:
            chosen = np.sort(np.random.default_rng(self.seed).choice(chosen, _FITTED, replace=False))
        rows = np.asarray(splits.take(chosen), np.float32)
        return _Decoded(name, splits, ProductCodes.fit(rows, groups, seed=self.seed))
