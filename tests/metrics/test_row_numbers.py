"""Metrics that say which row each of their contributions is of, for groups and copies to be resampled together."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

import zoo.metrics
from zoo.rows import ItemRows, RecordRows
from zoo.types import MISSING, OTHER, CountsRows, Dyadic, Splits

ROWS, WIDTH = 200, 9


class Codes:
    """Rows as they are, with everything that metrics look for."""

    name = "codes"

    def __init__(self, splits, spoilt=()):
        self.splits, self.spoilt = splits, spoilt

    def encode(self, rows):
        codes = np.asarray(self.splits.kind.dense(self.splits.take(rows)), np.float32).reshape(len(rows), -1)
        codes[np.isin(rows, self.spoilt)] *= -1  # which nothing else is near to
        return codes

    def on(self, splits):
        return Codes(splits)

    def reconstruct(self, rows):
        return self.encode(rows) + np.isin(rows, self.spoilt)[:, None]

    def score(self, rows):
        return self.encode(rows).sum(axis=1)

    def rates(self, rows):
        return np.abs(self.encode(rows))

    def log_likelihoods(self, rows, samples, seed):
        return self.score(rows)


@pytest.fixture
def splits(rng):
    labels = rng.integers(2, size=ROWS)
    rows = (rng.normal(size=(ROWS, WIDTH)) + 3 * (2 * labels[:, None] - 1)).astype(np.float32)
    order = rng.permutation(ROWS)
    return Splits(rows, train=order[:100], validation=order[100:120], test=order[120:], labels=labels)


def tables(splits, rng):
    fields = {"a": (MISSING, OTHER, "x", "y"), "b": (MISSING, OTHER, "u", "v", "w")}
    records = [np.eye(len(names))[rng.integers(len(names), size=ROWS)] for names in fields.values()]
    yield splits
    yield replace(splits, test=splits.train, labels=splits.labels)  # cross-validated
    yield replace(splits, features=csr_array(np.hstack(records).astype(np.float32)), kind=RecordRows(fields))
    baskets = csr_array(rng.poisson(0.5, size=(ROWS, WIDTH)).astype(np.float32))
    yield replace(splits, features=baskets, kind=ItemRows([f"i{i}" for i in range(WIDTH)]))


NEEDED = {"word_similarity": {"pairs": "wordsim353"}}


def all_metrics():
    for name in dir(zoo.metrics):
        made = getattr(zoo.metrics, name)
        if isinstance(made, type):
            yield name, made


@pytest.mark.parametrize(("name", "made"), all_metrics())
def test_contributions_and_rows_go_together(name, made, splits, rng):
    try:
        metric = made()
    except TypeError:
        pytest.skip("needs a file")
    if isinstance(metric, Dyadic) or not isinstance(metric, CountsRows):
        pytest.skip("does not count rows")
    applied = 0
    for table in tables(splits, rng):
        values = metric.values(Codes(table), table)
        rows = metric.row_numbers(table)
        assert (values is None) == (not len(rows))
        if values is not None:
            applied += 1
            assert len(values) == len(rows)
            assert set(rows) <= set(table.test)
    assert applied


@pytest.mark.parametrize("name", ["KnnAccuracy", "LinearProbe", "MatchRecall", "PairAuroc", "ReconstructionR2"])
@pytest.mark.parametrize("cross_validated", [False, True])
def test_the_contribution_of_a_row_is_its_own(name, cross_validated, splits):
    table = replace(splits, train=splits.test) if cross_validated else splits
    metric = getattr(zoo.metrics, name)()
    spoilt = table.test[[3, 30, 55]]
    before, after = (metric.values(Codes(table, which), table) for which in ((), spoilt))
    changed = metric.row_numbers(table)[(before != after).reshape(len(before), -1).any(axis=1)]
    assert set(changed) >= set(spoilt)
    if name in {"KnnAccuracy", "LinearProbe", "ReconstructionR2"}:
        assert len(changed) < 20
