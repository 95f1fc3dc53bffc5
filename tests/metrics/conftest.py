"""Tables with labels, and representations of them, for metrics to be put to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.types import Splits


class Codes:
    """A representation: the rows as they are, or what a function makes of them."""

    name = "codes"

    def __init__(self, function=lambda rows: rows, scores=None, likelihoods=None):
        self.function, self.scores, self.likelihoods = function, scores, likelihoods

    def encode(self, rows):
        return self.function(rows)

    def reconstruct(self, rows):
        return None

    def rates(self, rows):
        return None

    def score(self, rows):
        return None if self.scores is None else self.scores(rows)

    def log_likelihoods(self, rows, samples, seed):
        return None if self.likelihoods is None else self.likelihoods(rows, samples, seed)

    def assign(self, rows):
        return None


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
        values = metric.values(representation, splits)
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
