"""Scores of pairs against SciPy's rank correlation."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse
from scipy.stats import spearmanr

from zoo.errors import InputError
from zoo.metrics.pair_similarity import PairSimilarity


@pytest.fixture
def pairs(rng):
    """60 pairs of held-out keys of the fixture `splits` in 3 sets, of which the last has 2; scores with ties."""
    chosen = [rng.choice(np.arange(500, 600), 2, replace=False) for _ in range(60)]
    sets = ["a"] * 30 + ["b"] * 28 + ["c"] * 2
    return [(each, f"key{a}", f"key{b}", int(rng.integers(0, 6))) for each, (a, b) in zip(sets, chosen, strict=True)]


@pytest.fixture
def path(pairs, tmp_path):
    names = ("set", "first", "second", "score")
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*pairs, strict=True)), strict=True))), tmp_path / "p.parquet")
    return str(tmp_path / "p.parquet")


def rho(splits, pairs, name=None):
    chosen = [each for each in pairs if name in {None, each[0]}]
    rows = splits.features.astype(np.float64) / np.linalg.norm(splits.features.astype(np.float64), axis=1)[:, None]
    cosines = [rows[int(a[3:])] @ rows[int(b[3:])] for _, a, b, _ in chosen]
    return spearmanr(cosines, [score for *_, score in chosen]).statistic


def test_it_is_scipys_spearman_and_its_mean_over_sets(splits, pairs, path, raw, once):
    named = {"first": "first", "second": "second", "score": "score"}
    assert once(PairSimilarity(path, **named), raw, splits) == pytest.approx(rho(splits, pairs), abs=1e-9)
    by_set = PairSimilarity(path, sets="set")  # the other columns by their order
    expected = np.mean([rho(splits, pairs, "a"), rho(splits, pairs, "b")])
    assert once(by_set, raw, splits) == pytest.approx(expected, abs=1e-9)
    assert len(by_set.values(raw.on(splits), splits)) == 58  # two pairs give no rank correlation
    only = PairSimilarity(path, where={"set": "b"}, **named)
    assert once(only, raw, splits) == pytest.approx(rho(splits, pairs, "b"), abs=1e-9)
    assert only.members(splits).shape == (28, 2)
    as_sparse = replace(splits, features=sparse.csr_array(splits.features))
    assert once(only, raw, as_sparse) == pytest.approx(rho(splits, pairs, "b"), abs=1e-6)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "tsv without names"])
def test_every_format_gives_the_same(ending, splits, pairs, raw, once, tmp_path):
    names = ("first", "second", "score")
    file = tmp_path / f"pairs.{ending.split()[0]}"
    if ending == "jsonl":
        lines = [json.dumps(dict(zip(names, each[1:], strict=True))) for each in pairs]
    else:
        mark = "," if ending == "csv" else "\t"
        lines = [mark.join([a, b, f"{score:.1f}"]) for _, a, b, score in pairs]
        lines = lines if "without" in ending else [mark.join(names), *lines]
    file.write_text("\n".join(lines))
    assert once(PairSimilarity(str(file)), raw, splits) == pytest.approx(rho(splits, pairs), abs=1e-9)


def test_pairs_that_do_not_count_are_counted(splits, pairs, path, raw, codes, once):
    named = {"first": "first", "second": "second", "score": "score"}
    keys = splits.keys.copy()
    keys[500:505] = "someone"
    without = replace(splits, keys=keys)
    assert "keys of pairs are not in the table, such as 'key50" in PairSimilarity(path, **named).shortage(without)
    half = replace(splits, test=splits.test[50:], train=np.concatenate([splits.train, splits.test[:50]]))
    metric = PairSimilarity(path, **named)
    held_out = {f"key{row}" for row in half.test}
    left = sum({a, b} <= held_out for _, a, b, _ in pairs)
    assert 3 <= left < 60
    assert len(metric.values(raw.on(half), half)) == left
    assert f"{60 - left} of 60 pairs hold a row that is not held out" in metric.shortage(half)
    whoever = PairSimilarity(path, held_out=False, **named)
    assert len(whoever.values(raw.on(half), half)) == 60
    assert whoever.ignores_splits
    assert not metric.ignores_splits
    assert metric.values(raw, replace(splits, keys=None)) is None
    assert "data.key_column=" in metric.shortage(replace(splits, keys=None))
    none = replace(splits, test=splits.test[:1])
    assert metric.values(raw, none) is None
    assert "0 pairs are left, too few for a value" in metric.shortage(none)
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), splits))
    assert np.isnan(once(metric, codes(np.ones_like), splits))


def test_of_many_pairs_a_sample_of_each_set_is_looked_at_and_said(splits, pairs, path, raw):
    every = PairSimilarity(path, sets="set").members(splits).tolist()
    metric = PairSimilarity(path, sets="set", pairs=12)
    members, values = metric.members(splits).tolist(), metric.values(raw.on(splits), splits)
    assert np.unique(values[:, 2], return_counts=True)[1].tolist() == [6, 6]
    assert all(pair in every for pair in members)
    assert "12 of 58 pairs are looked at, a sample; pairs= says how many" in metric.shortage(splits)
    assert members == PairSimilarity(path, sets="set", pairs=12).members(splits).tolist()
    assert members != PairSimilarity(path, sets="set", pairs=12, seed=1).members(splits).tolist()
    assert PairSimilarity(path, sets="set", pairs=58).shortage(splits) == ""


def test_rows_are_chosen_by_what_stands_in_a_column_of_single_cells(splits, pairs, tmp_path):
    _, first, second, scores = map(list, zip(*pairs, strict=True))
    columns = {"first": first, "second": second, "score": scores, "asked": [True] * 20 + [False] * 40}
    columns |= {"tags": [["a"]] * 60, "notes": [{"by": "me"}] * 60, "odd": [b"\xff"] * 60}
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    path = str(tmp_path / "p.parquet")
    for wanted in ("true", "True", True):
        assert len(PairSimilarity(path, where={"asked": wanted}).members(splits)) == 20
    with pytest.raises(InputError, match=r"no row has 'yes' in column 'asked'; there are: false, true"):
        PairSimilarity(path, where={"asked": "yes"}).members(splits)
    for name, kind in {"tags": "list<", "notes": "struct<", "odd": "binary"}.items():
        with pytest.raises(InputError, match=rf"p\.parquet: where={name}: the column is of type {kind}.*name another"):
            PairSimilarity(path, where={name: "a"}).members(splits)


def test_what_is_wrong_with_a_file_is_said(tmp_path, splits):
    bad = tmp_path / "bad.csv"
    bad.write_text("first,second,score\nkey1,key2,high\n")
    with pytest.raises(InputError, match="'high' is not a number"):
        PairSimilarity(str(bad)).shortage(splits)
    bad.write_text("first,second,score\nkey1,key2,\nkey1,key3,1\n")
    with pytest.raises(InputError, match="no finite number in row 0"):
        PairSimilarity(str(bad)).shortage(splits)
    bad.write_text("first,second\nkey1,key2\n")
    with pytest.raises(InputError, match="no column is left for score"):
        PairSimilarity(str(bad)).shortage(splits)
