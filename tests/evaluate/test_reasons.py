"""What has no value says why: in the report, in the notes of a run, and in the verdict."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.evaluate.gates import decide
from zoo.evaluate.judge import Judge
from zoo.metrics import (
    ClusterAgreement,
    EffectiveRank,
    KnnAccuracy,
    RetrievalPrecision,
    Trustworthiness,
    WordSimilarity,
)
from zoo.report.messages import without_value
from zoo.types import Gate, Splits

METRICS = {
    "trust": Trustworthiness(k=10),
    "rank": EffectiveRank(),
    "knn": KnnAccuracy(),
    "found": RetrievalPrecision(),
    "clusters": ClusterAgreement(),
    "words": WordSimilarity("wordsim353"),
}


class Map:
    """Rows through a function."""

    def __init__(self, name, function, table=None):
        self.name, self.function, self.table = name, function, table

    def encode(self, rows):
        return self.function(self.table.take(rows))

    def on(self, table):
        return Map(self.name, self.function, table)


@pytest.fixture
def table(rng):
    rows, labels = np.arange(120), rng.integers(0, 3, 120)
    features = (rng.normal(size=(120, 5)) + labels[:, None]).astype(np.float32)
    return Splits(features, train=rows[:60], validation=rows[:0], test=rows[60:], labels=labels)


def report(function, table):
    both = [Map("encoder", function, table), Map("raw", lambda rows: rows, table)]
    return Judge(resamples=20).report(both, METRICS, table)


def test_codes_that_say_nothing_are_called_so_and_pass_no_gate(table):
    for function, said in [
        (lambda rows: np.full((len(rows), 4), 0.3, np.float32), "its codes are all the same"),
        (lambda rows: rows * np.float32(np.nan), "its codes are not finite numbers"),
    ]:
        found = report(function, table)
        assert found.reasons["encoder"]["rank"] == said
        assert found.reasons["raw"] == {"words": found.reasons["encoder"]["words"]}
        assert f"rank of encoder has no value: {said}" in list(without_value(found))
        for metric, score in found.scores["encoder"].items():  # none that looks good
            known = score is not None and np.isfinite(score.value)
            assert not known or score.value < found.scores["raw"][metric].value, metric
        gates = {name: Gate(name, beats=["raw"], margin=-0.05) for name in METRICS if name != "rank"}
        verdict = decide(found, gates, "encoder")
        assert not verdict.blessed
        assert len(verdict.reasons) == len(gates)
    assert any("not finite numbers" in reason for reason in verdict.reasons)


def test_tables_that_allow_no_value_are_called_so_once_for_all(table):
    few = report(lambda rows: rows, replace(table, test=table.test[:8], labels=None))
    said = list(without_value(few))
    assert "trust has no value: k=10 neighbours need more than 20 held-out rows, and 8 are looked at" in said
    assert "knn has no value: the table has no labels" in said
    assert any(each.startswith("words has no value: 0 pairs of wordsim353") for each in said)
    one = report(lambda rows: rows, replace(table, labels=np.zeros(120, int)))
    assert any(each.startswith("found has no value: all held-out rows are of one class") for each in without_value(one))
    fine = report(lambda rows: rows, table)
    assert list(fine.reasons["encoder"]) == ["words"]
