"""Tables with labels, and representations of them, for metrics to be put to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.types import Splits


class Codes:
    """A representation: a table's rows as they are, or what functions make of them; `on` says of which table."""

    name = "codes"

    def __init__(self, function=lambda rows: rows, scores=None, likelihoods=None, table=None):
        self.function, self.scores, self.likelihoods, self.table = function, scores, likelihoods, table
        if scores is not None:
            self.score = lambda rows: scores(table.take(rows))
        if likelihoods is not None:
            self.log_likelihoods = lambda rows, samples, seed: likelihoods(table.take(rows), samples, seed)

    def encode(self, rows):
        return self.function(self.table.take(rows))

    def on(self, table):
        return Codes(self.function, self.scores, self.likelihoods, table)


@pytest.fixture
def raw():
    return Codes()


@pytest.fixture
def codes():
    """Makes a representation of a function of rows."""
    return Codes


@pytest.fixture
def once():
    """The score of a representation on a table, and a metric's contributions to it."""

    def score(metric, representation, splits):
        values = metric.values(representation.on(splits), splits)
        return float(metric.statistic(values, np.ones((1, len(values))))[0])

    return score


@pytest.fixture
def classes(rng):
    """400 rows [400, 6] in 4 overlapping classes named by letters, 250 to train and 150 to test, 10 without a label."""
    numbers = rng.integers(0, 4, size=400)
    features = (rng.normal(size=(400, 6)) + 1.5 * rng.normal(size=(4, 6))[numbers] + 0.5).astype(np.float32)
    labels = np.asarray(list("dacb"), dtype=object)[numbers]
    labels[[3, 50, 120, 240, 249, 250, 277, 300, 350, 399]] = ""
    rows = rng.permutation(400)
    return Splits(features, train=rows[:250], validation=rows[:0], test=rows[250:], labels=labels)


@pytest.fixture
def known(classes):
    """Numbers of the training rows, then of the test rows, that have a label."""
    return SimpleNamespace(
        train=np.asarray([row for row in classes.train if classes.labels[row]]),
        test=np.asarray([row for row in classes.test if classes.labels[row]]),
    )


@pytest.fixture(scope="session")
def papers():
    """330 titles' sentence embeddings [330, 384] in 7 categories, all rows for training and for judging alike."""
    path = Path(__file__).parents[3] / "shared/data/papers/papers.parquet"
    if not path.is_file():
        pytest.skip("../shared/data/papers/papers.parquet is not on this machine")
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    features = np.asarray(table["embedding"].to_pylist(), np.float32)
    labels = np.asarray(table["category"].to_pylist(), dtype=object)
    rows = np.arange(len(features))
    return Splits(features, train=rows, validation=rows[:0], test=rows, labels=labels)
