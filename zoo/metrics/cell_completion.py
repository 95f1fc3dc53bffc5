"""Whether rows with like codes tell what stands in an emptied cell of a mixed table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._vectors import comparable, cosines, is_finite, nearest, vectors
from zoo.rows.mixed_rows import MixedRows

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


class CellCompletion:
    """1 - (squared error) / (squared deviation from the mean) of emptied cells that near rows fill.

    One cell of each held-out row, of those that say something, is emptied and the row encoded as it would be served.
    The k nearest training rows, by the distance of codes, fill it with their mean, on the scale of the table: a
    standardised number, the shares of a category's names. Each column counts alike, whatever its number of names. 0 is
    what the columns' means give, 1 what was emptied. It needs no labels, and asks the same of any representation.

    Args:
        k: training rows that fill a cell.
        queries: held-out rows to ask for at most, the first ones.
        references: training rows to seek neighbours among, the first ones.
        seed: of the choice of the cells.

    Reference:
        Troyanskaya et al. 2001, "Missing value estimation methods for DNA microarrays" (k nearest neighbours).
    """

    unit = "share of variance"
    higher_is_better = True

    def __init__(
        self, k: PositiveInt = 10, queries: PositiveInt = 2_000, references: PositiveInt = 10_000, seed: Seed = 0
    ) -> None:
        self.k, self.queries, self.references, self.seed = k, queries, references, seed

    def shortage(self, splits: Splits) -> str:
        """Another kind of row, a single column, or too few training rows."""
        if not isinstance(splits.kind, MixedRows) or splits.raw is None:
            return "only the cells of a mixed table, such as zoo.data.MixedTable's, can be emptied"
        if len(splits.kind.fields) < 2:
            return "a row of one column has nothing left when its cell is emptied"
        known = min(len(splits.train), self.references)
        return "" if known > self.k else f"{known} training rows cannot have {self.k} nearest ones"

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries, 2]: squared error, squared deviation, of columns of variance 1; NaN if codes are not finite."""
        if self.shortage(splits):
            return None
        asked, fields = self._chosen(splits)
        if not len(asked):
            return None
        kind: Any = splits.kind
        known = splits.train[: self.references]
        emptied = _emptied(splits, asked, fields)
        queries, codes = (
            vectors(representation.on(emptied), np.arange(len(asked))),
            vectors(representation, known),
        )
        if not (is_finite(queries) and is_finite(codes)):
            return np.full((len(asked), 2), np.nan)
        told = np.asarray(kind.take(splits.features, known), np.float64)
        truth = np.asarray(kind.take(splits.features, asked), np.float64)
        blocks = list(kind.places.values())
        variances = [float(told[:, start:end].var(axis=0).sum()) or 1.0 for start, end in blocks]
        found = np.empty((len(asked), 2))
        for block, similarities in cosines(*comparable(queries, codes, "euclidean")):
            similarities[asked[block][:, None] == known[None, :]] = -np.inf  # a row is no neighbour of itself
            for row, near in zip(range(block.start, block.stop), nearest(similarities, self.k), strict=True):
                start, end = blocks[fields[row]]
                own, variance = truth[row, start:end], variances[fields[row]]
                filled = told[near, start:end].mean(axis=0)
                found[row] = ((filled - own) ** 2).sum() / variance, (own**2).sum() / variance
        return found

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return splits.test[:0] if self.shortage(splits) else self._chosen(splits)[0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """1 - sum of errors / sum of deviations."""
        errors, deviations = (weights @ values).T
        return 1 - errors / np.where(deviations > 0, deviations, np.nan)

    def _chosen(self, splits: Splits) -> tuple[Rows, Rows]:
        """Row numbers [n], and the number of the field that is emptied in each [n]."""
        kind: Any = splits.kind
        rows = splits.test[: self.queries]
        filled = kind.filled(kind.take(splits.features, rows))
        drawn = np.random.default_rng(self.seed).random(filled.shape) * filled
        some = drawn.max(axis=1, initial=0) > 0
        return rows[some], drawn[some].argmax(axis=1).astype(np.int64)


def _emptied(splits: Splits, rows: Rows, fields: Rows) -> Splits:
    """The rows of a table, each with one cell emptied."""
    import pyarrow as pa

    from zoo.rows._cells import texts_of

    raw = splits.raw.take(rows)
    columns = {}
    for place, name in enumerate(raw.column_names):
        texts = texts_of(raw.column(name))
        texts[fields == place] = ""
        columns[name] = pa.array(texts.tolist(), pa.string())
    table, kind = pa.table(columns), splits.kind
    assert isinstance(kind, MixedRows)  # noqa: S101  `shortage` has looked
    none: Rows = np.empty(0, np.int64)
    every: Rows = np.arange(len(rows))
    away: dict[str, Any] = dict.fromkeys(("keys", "labels", "weights", "groups", "judged_only", "sides"))
    return replace(splits, features=kind.read(table), raw=table, train=none, validation=none, test=every, **away)
