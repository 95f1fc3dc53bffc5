"""Cross-validation on the tables of every source: what may never be trained on is in no fold's training rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse

from zoo.data import (
    Baskets,
    CategoricalTable,
    Digits,
    ImageFolder,
    OneClass,
    SparseMatrix,
    Vectors,
    WordVectors,
)
from zoo.errors import InputError
from zoo.train.folds import folds


@pytest.fixture
def files(tmp_path, rng):
    """A file or folder for each source, of 120 rows with labels 0 (100 of them) and 1."""
    odd = np.arange(120) % 6 == 0
    vectors = rng.normal(size=(120, 4)).astype(np.float32)
    np.savez(tmp_path / "vectors.npz", X=vectors, y=odd.astype(int))
    words = [f"w{row}" for row in range(120)]
    np.save(tmp_path / "words.npy", vectors)
    (tmp_path / "words.txt").write_text("\n".join(words))
    (tmp_path / "pairs.tsv").write_text("\n".join(f"w{row}\tw{row + 1}\t{row % 5}" for row in range(0, 40, 2)))
    records = {name: rng.choice(list("abc"), 120) for name in ("colour", "shape")}
    frame = pd.DataFrame(records | {"odd": odd.astype(int), "person": np.arange(120) // 3})
    frame.to_csv(tmp_path / "records.csv", index=False)
    items = [",".join(rng.choice([f"item{i}" for i in range(9)], 4)) for _ in range(120)]
    (tmp_path / "baskets.csv").write_text("\n".join(items))
    sparse.save_npz(tmp_path / "sparse.npz", sparse.csr_matrix((rng.random((120, 9)) < 0.3).astype(np.float32)))
    for row in range(120):
        folder = tmp_path / "images" / ("odd" if odd[row] else "even")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (4, 4), dtype=np.uint8)).save(folder / f"{row}.png")
    return tmp_path


def records(folder, **options):
    return CategoricalTable(str(folder / "records.csv"), label_column="odd", validation=0.2, **options)


SOURCES = {
    "digits": lambda folder: Digits(),
    "vectors": lambda folder: Vectors(str(folder / "vectors.npz")),
    "vectors, all for all": lambda folder: Vectors(str(folder / "vectors.npz"), fit_on_all=True),
    "words": lambda folder: WordVectors(str(folder / "words.npy"), vocabulary=str(folder / "words.txt")),
    "held-out words": lambda folder: WordVectors(
        str(folder / "words.npy"), vocabulary=str(folder / "words.txt"), holdout=[str(folder / "pairs.tsv")]
    ),
    "records": records,
    "persons": lambda folder: records(folder, group_column="person"),
    "baskets": lambda folder: Baskets(str(folder / "baskets.csv")),
    "sparse": lambda folder: SparseMatrix(str(folder / "sparse.npz")),
    "images": lambda folder: ImageFolder(str(folder / "images"), size=4, channels=1),
    "one digit": lambda folder: OneClass(Digits(), normal=["3"]),
    "one class": lambda folder: OneClass(Vectors(str(folder / "vectors.npz"))),
    "one class, kept split": lambda folder: OneClass(Vectors(str(folder / "vectors.npz")), keep_split=True),
    "one class of images": lambda folder: OneClass(
        ImageFolder(str(folder / "images"), size=4, channels=1), normal=["even"]
    ),
    "one class of records": lambda folder: OneClass(records(folder)),
    "one class of persons": lambda folder: OneClass(records(folder, group_column="person"), share=0.7),
}
# rows of each that no fold may train on
NEVER = {"held-out words": 40, "one digit": 1797 - 183, "one class of persons": 60}


def sides(splits):
    return [splits.train, splits.validation, splits.test]


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_is_held_out_and_none_is_trained_on_that_may_not_be(source, files):
    splits = SOURCES[source](files).load()
    never = NEVER.get(source, 20 if source.startswith("one class") else 0)
    judged_only = np.asarray([], int) if splits.judged_only is None else splits.judged_only
    assert len(judged_only) == never
    judged_only = np.intersect1d(judged_only, np.concatenate(sides(splits)))  # a kept split leaves some out
    assert not np.isin(judged_only, np.concatenate(sides(splits)[:2])).any()
    every = np.unique(np.concatenate(sides(splits)))
    held_out = []
    for fold in folds(splits, 4, seed=0):
        assert all(map(len, sides(fold)))
        assert sum(map(len, sides(fold))) == len(every)
        np.testing.assert_array_equal(np.unique(np.concatenate(sides(fold))), every)
        assert set(judged_only) <= set(fold.test)
        held_out.append(np.setdiff1d(fold.test, judged_only))
        if splits.groups is not None:
            groups = [set(splits.groups[rows]) for rows in sides(fold)]
            assert sum(map(len, groups)) == len(set.union(*groups))
        if source.startswith("one"):
            assert not splits.labels[np.concatenate([fold.train, fold.validation])].any()
            assert set(splits.labels[fold.test]) == {0, 1}
    np.testing.assert_array_equal(np.sort(np.concatenate(held_out)), np.setdiff1d(every, judged_only))


def test_held_out_words_are_the_words_of_the_pairs(files):
    splits = SOURCES["held-out words"](files).load()
    assert sorted(splits.keys[splits.judged_only]) == sorted(f"w{row}" for row in range(40))


def test_a_person_with_an_odd_record_is_judged_whole(files):
    splits = SOURCES["one class of persons"](files).load()
    person = np.arange(120) // 3
    with_odd = np.isin(person, person[splits.labels == 1])
    np.testing.assert_array_equal(np.sort(splits.judged_only), np.flatnonzero(with_odd))
    parts = [set(person[rows]) for rows in sides(splits)]
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_one_class_does_not_train_on_what_the_wrapped_source_only_judges(files):
    class Kept:
        def load(self):
            splits = SOURCES["vectors"](files).load()
            return replace(splits, labels=np.arange(120) % 2, judged_only=np.arange(30))

    splits = OneClass(Kept()).load()
    assert set(splits.judged_only) == set(range(30)) | set(range(1, 120, 2))
    assert min(splits.train.min(), splits.validation.min()) >= 30


def test_rows_of_one_key_stay_together(splits):
    named = replace(splits, keys=np.asarray([f"key {row // 4}" for row in range(600)], object))
    for fold in folds(named, 5, seed=0):
        keys = [set(named.keys[rows]) for rows in sides(fold)]
        assert sum(map(len, keys)) == len(set.union(*keys))


def test_rows_that_may_be_trained_on_must_fill_the_folds(splits):
    with pytest.raises(InputError, match="3 rows or groups that may be trained on cannot be dealt into 4 folds"):
        list(folds(replace(splits, judged_only=np.arange(3, 600)), 4, seed=0))
