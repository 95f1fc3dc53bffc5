"""Emptied cells, against scikit-learn's nearest neighbours."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.neighbors import KNeighborsRegressor

from zoo.metrics.cell_completion import CellCompletion
from zoo.rows import DenseField, MixedRows
from zoo.rows.typed_field import TypedField
from zoo.types import OTHER, Splits

N = 300


class Scaled:
    """Features times a matrix."""

    name = "scaled"

    def __init__(self, matrix, splits):
        self.matrix, self.splits = matrix, splits

    def encode(self, rows):
        return self.splits.take(rows) @ self.matrix

    def on(self, splits):
        return Scaled(self.matrix, splits)


@pytest.fixture
def splits(rng):
    heights = rng.normal(size=N)
    cells = {
        "height": heights,
        "weight": heights + 0.3 * rng.normal(size=N),
        "size": np.where(heights > 0, "large", "small"),
    }
    cells["weight"][rng.random(N) < 0.2] = np.nan
    raw = pa.table({name: pa.array(each, from_pandas=True) for name, each in cells.items()})
    kind = MixedRows(
        {
            "height": DenseField(TypedField("number", 1), (0.0,), (1.0,)),
            "weight": DenseField(TypedField("number", 1), (0.0, 0.2), (1.0, 0.4), has_gaps=True),
            "size": DenseField(
                TypedField("category", 3, 1.0, (OTHER, "large", "small")),
                (0.5,) * 2,
                (0.7,) * 2,
                shown=("large", "small"),
            ),
        }
    )
    order = np.arange(N)
    return Splits(kind.read(raw), order[:200], order[200:210], order[210:], kind=kind, raw=raw)


def test_cells_are_filled_as_scikit_learns_neighbours_fill_them(splits):
    metric, raw = CellCompletion(k=5), Scaled(np.eye(5), splits)
    values = metric.values(raw, splits)
    rows, fields = metric._chosen(splits)
    assert len(values) == 90
    emptied = splits.take(rows).copy()
    places = list(splits.kind.places.values())
    assert places == [(0, 1), (1, 2), (3, 5)]
    for row, field in enumerate(fields):
        emptied[row, slice(*places[field])] = 0
        if field == 1:
            emptied[row, 2] = (1 - 0.2) / 0.4
    known = splits.take(splits.train)
    filled = KNeighborsRegressor(5).fit(known, known).predict(emptied)
    for row, field in enumerate(fields):
        at = slice(*places[field])
        variance = known[:, at].var(axis=0).sum()
        own = splits.take(rows[row : row + 1])[0, at]
        assert values[row, 0] == pytest.approx(((filled[row, at] - own) ** 2).sum() / variance, abs=1e-5)
        assert values[row, 1] == pytest.approx((own**2).sum() / variance, abs=1e-5)


def test_codes_that_say_nothing_fill_cells_no_better_than_the_mean(splits):
    metric = CellCompletion()
    once = np.ones((1, 90))
    told = metric.statistic(metric.values(Scaled(np.eye(5), splits), splits), once)
    nothing = metric.statistic(metric.values(Scaled(np.zeros((5, 2)), splits), splits), once)
    assert nothing < 0.1
    assert told > 0.4
    assert "200 training rows cannot have 300" in CellCompletion(k=300).shortage(splits)
    one = Splits(splits.features, *(splits.train,) * 3)
    assert metric.values(Scaled(np.eye(5), one), one) is None
    assert "mixed table" in metric.shortage(one)
