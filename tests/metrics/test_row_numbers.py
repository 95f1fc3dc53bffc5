"""Metrics that say which row each of their contributions is of, for groups and copies to be resampled together."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

import zoo.metrics
from zoo.evaluate._resampling import Resampling
from zoo.evaluate._units import resampling_units
from zoo.rows import DenseField, ItemRows, MixedRows, RecordRows, TypedRecordRows
from zoo.rows.typed_field import TypedField
from zoo.types import MISSING, OTHER, CountsRows, Dyadic, Splits

ROWS, WIDTH = 200, 9
# asked of other codes than those of the row itself, or found in nothing of these rows
NOT_BY_CODE = {"BasketCompletion", "CellCompletion", "FieldCompletion", "NearDuplicateCodes", "Analogies", "CopyRecall"}
NOT_BY_CODE |= {"Hubness", "MatchOneToOneF1", "PairScoreF1", "PairScoreAveragePrecision"}
# what the others find does not change with one of those that ask
OWN = {"KnnAccuracy", "LinearProbe", "ReconstructionR2", "QueryRetrieval", "EffectiveRank", "ActiveUnits"}


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
        return np.abs(self.encode(rows)) + np.isin(rows, self.spoilt)[:, None]

    def log_likelihoods(self, rows, samples, seed):
        return self.score(rows)


@pytest.fixture
def splits(rng):
    labels = rng.integers(2, size=ROWS)
    rows = (rng.normal(size=(ROWS, WIDTH)) + 3 * (2 * labels[:, None] - 1)).astype(np.float32)
    order = rng.permutation(ROWS)
    keys = np.asarray([f"word {row}" for row in range(ROWS)], dtype=object)
    return Splits(rows, train=order[:100], validation=order[100:120], test=order[120:], keys=keys, labels=labels)


@pytest.fixture
def files(splits, tmp_path):
    """What metrics ask files for, by the metric's name: of every other held-out row, in an order of its own."""
    asked, keys = splits.test[::-2], splits.keys
    pairs = [f"{keys[a]},{keys[b]},{place}" for place, (a, b) in enumerate(zip(asked[1:], asked, strict=False))]
    pairs_of_words = [pair.replace(",", "\t") for pair in pairs]
    judged = [f"{keys[a]},{keys[b]}" for a in asked for b in splits.train if splits.labels[a] == splits.labels[b]]
    questions = [f"{keys[a]},{keys[b]},{keys[c]},{keys[d]}" for a, b, c, d in asked.reshape(-1, 4)]
    contents = {
        "PairSimilarity": ("first,second,score", pairs),
        "WordSimilarity": ("# two words and a score", pairs_of_words),
        "QueryRetrieval": ("query,document", judged),
        "Analogies": ("a,b,c,d", questions),
    }
    for name, (head, lines) in contents.items():
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *lines]))
    return {name: str(tmp_path / f"{name}.csv") for name in contents}


def tables(splits, rng):
    fields = {"a": (MISSING, OTHER, "x", "y"), "b": (MISSING, OTHER, "u", "v", "w")}
    records = [np.eye(len(names))[rng.integers(len(names), size=ROWS)] for names in fields.values()]
    yield splits
    yield replace(splits, test=splits.train, labels=splits.labels)  # cross-validated
    yield replace(splits, features=csr_array(np.hstack(records).astype(np.float32)), kind=RecordRows(fields))
    baskets = csr_array(rng.poisson(0.5, size=(ROWS, WIDTH)).astype(np.float32))
    yield replace(splits, features=baskets, kind=ItemRows([f"i{i}" for i in range(WIDTH)]))
    raw = pa.table({"name": ["".join(letters) for letters in rng.choice(list("abcdef"), (ROWS, 6))]})
    typed = TypedRecordRows({"name": TypedField("text", 64)})
    yield replace(splits, features=typed.read(raw), raw=raw, kind=typed)
    number = DenseField(TypedField("number", 1), (0.5,), (0.3,))
    raw, mixed = pa.table(dict.fromkeys("pq", pa.array(rng.random(ROWS)))), MixedRows({"p": number, "q": number})
    yield replace(splits, features=mixed.read(raw), raw=raw, kind=mixed)
    yield replace(splits, sides=np.arange(ROWS) % 2)


def all_metrics():
    named = {name: getattr(zoo.metrics, name) for name in dir(zoo.metrics)}
    found = [name for name, each in named.items() if isinstance(each, type)]
    assert len(found) >= 31
    return found


def made(name, files):
    given = [files[name]] if name in files else []
    return getattr(zoo.metrics, name)(*given, **({"amount": 0.01} if name == "Invariance" else {}))


def rows_of(metric, table):
    return metric.members(table) if isinstance(metric, Dyadic) else metric.row_numbers(table)


@pytest.mark.parametrize("name", all_metrics())
def test_contributions_and_rows_go_together(name, splits, files, rng):
    metric = made(name, files)
    assert isinstance(metric, Dyadic | CountsRows)
    applied = 0
    for table in tables(splits, rng):
        values = metric.values(Codes(table), table)
        rows = rows_of(metric, table)
        assert (values is None) == (not len(rows))
        if values is not None:
            applied += 1
            assert len(values) == len(rows)
            assert set(rows.ravel()) <= set(table.test)
    assert applied


@pytest.mark.parametrize("name", sorted(set(all_metrics()) - NOT_BY_CODE))
@pytest.mark.parametrize("cross_validated", [False, True])
def test_the_contribution_of_a_row_is_its_own(name, cross_validated, splits, files):
    table = replace(splits, train=splits.test) if cross_validated else splits
    metric = made(name, files)
    rows = rows_of(metric, table)
    spoilt, before = np.intersect1d(table.test[[3, 31, 55]], rows), metric.values(Codes(table), table)
    if name == "GradientBoosting":  # trees of few rows look at one column, and what they have wrong stays wrong
        spoilt = np.intersect1d(spoilt, rows[before == 1])
    after = metric.values(Codes(table, spoilt), table)
    changed = rows[(before != after).reshape(len(before), -1).any(axis=1)]
    assert len(spoilt)
    assert set(changed.ravel()) >= set(spoilt)
    if name in OWN:
        assert len(changed) < 20


class Wide(Codes):
    """Codes with more dimensions than there are rows; one number of them is none, and so is all else of that row."""

    def __init__(self, splits, number):
        super().__init__(splits)
        self.number = number

    def encode(self, rows):
        codes = np.repeat(super().encode(rows), 60, axis=1)
        codes[self._odd(rows), 7] = self.number
        return codes

    def reconstruct(self, rows):
        return np.where(self._odd(rows)[:, None], self.number, super().encode(rows))

    def score(self, rows):
        return self.reconstruct(rows).sum(axis=1)

    def rates(self, rows):
        return np.abs(self.reconstruct(rows))

    def _odd(self, rows):
        return np.asarray(rows) == self.splits.test[-1]

    def on(self, splits):
        return Wide(splits, self.number)


@pytest.mark.parametrize("name", all_metrics())
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_codes_that_are_no_numbers_have_no_score_and_are_no_crash(name, number, splits, files):
    metric = made(name, files)
    values = metric.values(Wide(splits, number), splits)
    if values is None:
        pytest.skip("is for sparse rows")
    assert not np.isfinite(metric.statistic(values, np.ones((2, len(values))))).any()


def test_queries_of_a_file_of_their_own_are_no_rows_of_the_table(splits, files, tmp_path):
    import pandas as pd

    asked = splits.test[::-2]
    vectors = pd.DataFrame({"key": splits.keys[asked], "vector": list(splits.features[asked])})
    vectors.to_parquet(tmp_path / "queries.parquet")
    metric = zoo.metrics.QueryRetrieval(files["QueryRetrieval"], queries=str(tmp_path / "queries.parquet"))
    values = metric.values(Codes(splits), splits)
    assert len(values) == len(asked)
    assert metric.row_numbers(splits) is None
    assert Resampling(20, 0, splits, resampling_units(splits)).samples(metric, [values])[1] == "contributions"
