"""Vectors of one's own: every way of writing them, and every way of getting it wrong."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from zoo.data import Vectors
from zoo.data._key_split import split_by_key
from zoo.errors import InputError
from zoo.rows import DenseRows

SHARED = Path(__file__).parents[3] / "shared/data"
ROWS, WIDTH = 60, 4
TABLE = np.random.default_rng(0).standard_normal((ROWS, WIDTH)).astype(np.float32)
CLASSES = np.arange(ROWS) % 3


def shared(name):
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"../shared/data/{name} is not on this machine")
    return str(path)


@pytest.fixture
def csv(tmp_path):
    """Writes a table of columns as CSV, or lines of text as they are."""

    def csv(columns, name="table.csv", **options):
        path = tmp_path / name
        if isinstance(columns, str):
            path.write_text(columns)
        else:
            pd.DataFrame(columns).to_csv(path, index=False, **options)
        return str(path)

    return csv


@pytest.fixture
def npz(tmp_path):
    def npz(**arrays):
        np.savez(tmp_path / "table.npz", **arrays)
        return str(tmp_path / "table.npz")

    return npz


def numbered(table=TABLE):
    """Columns a, b, .. of a table."""
    return {chr(ord("a") + place): table[:, place] for place in range(table.shape[1])}


def message(*arguments, **options):
    with pytest.raises(InputError) as caught:
        Vectors(*arguments, **options).load()
    return str(caught.value)


# Real files


def test_papers_have_embeddings_categories_and_titles():
    path = shared("papers/papers.parquet")
    frame = pd.read_parquet(path)
    splits = Vectors(path, label_column="category", key_column="title").load()
    assert np.array_equal(splits.features, np.stack(frame["embedding"]).astype(np.float32))
    assert splits.features.dtype == np.float32
    assert splits.labels.tolist() == frame["category"].tolist()
    assert splits.keys.tolist() == frame["title"].tolist()
    expected = split_by_key(frame["title"].tolist(), validation=0.1, test=0.2)
    for rows, wanted in zip((splits.train, splits.validation, splits.test), expected, strict=True):
        assert np.array_equal(rows, wanted)
    assert type(splits.kind) is DenseRows
    assert splits.provenance["splits"] == {"train": 240, "validation": 30, "test": 60}


def test_a_column_of_numbers_can_be_the_label():
    splits = Vectors(shared("papers/papers.parquet"), label_column="year").load()
    years = pd.read_parquet(shared("papers/papers.parquet"))["year"]
    assert splits.labels.dtype == np.int64
    assert np.array_equal(splits.labels, years.fillna(-1).astype(int))
    assert (splits.labels == -1).sum() == 2
    assert splits.notes == (
        "Left out 1 column of numbers beside the vectors: 'n_lists'.",
        "2 rows without a label in column 'year'.",
    )


@pytest.mark.parametrize(
    ("name", "rows", "width", "anomalies"),
    [("18_Ionosphere", 351, 32, 126), ("4_breastw", 683, 9, 239), ("6_cardio", 1831, 21, 176)],
)
def test_anomaly_files_are_read_as_they_are(name, rows, width, anomalies):
    path = shared(f"adbench/{name}.npz")
    splits = Vectors(path).load()
    assert splits.features.shape == (rows, width)
    assert np.array_equal(splits.features, np.load(path)["X"].astype(np.float32))
    assert splits.labels.dtype == np.int64
    assert splits.labels.sum() == anomalies
    assert splits.keys[:3].tolist() == ["0", "1", "2"]


# Formats


def test_npy_is_a_table_with_row_numbers_for_keys(tmp_path):
    np.save(tmp_path / "table.npy", TABLE)
    splits = Vectors(str(tmp_path / "table.npy")).load()
    assert np.array_equal(splits.features, TABLE)
    assert splits.keys.tolist() == [str(row) for row in range(ROWS)]
    assert splits.labels is None


@pytest.mark.parametrize("name", ["X", "x", "features", "embeddings", "vectors"])
def test_npz_arrays_are_found_by_their_usual_names(npz, name):
    splits = Vectors(npz(**{name: TABLE, "labels": CLASSES, "keys": [f"row {row}" for row in range(ROWS)]})).load()
    assert np.array_equal(splits.features, TABLE)
    assert np.array_equal(splits.labels, CLASSES)
    assert splits.keys[7] == "row 7"


def test_npz_arrays_can_be_named(npz):
    path = npz(codes=TABLE, kind=CLASSES.astype(float), X=np.zeros((ROWS, 2)))
    splits = Vectors(path, vector_column="codes", label_column="kind").load()
    assert np.array_equal(splits.features, TABLE)
    assert splits.labels.dtype == np.int64
    assert np.array_equal(splits.labels, CLASSES)


def test_csv_columns_of_numbers_are_vectors_without_label_key_and_text(csv):
    columns = {"id": [f"{row:03}" for row in range(ROWS)], **numbered(), "kind": CLASSES, "about": ["x"] * ROWS}
    splits = Vectors(csv(columns), label_column="kind", key_column="id").load()
    assert splits.features == pytest.approx(TABLE, rel=1e-6)
    assert splits.keys[7] == "007"
    assert np.array_equal(splits.labels, CLASSES)
    assert splits.notes == ("Left out 1 column without numbers: 'about'.",)


def test_columns_can_be_chosen_and_ordered(csv):
    splits = Vectors(csv(numbered()), columns=["c", "a"]).load()
    assert splits.features == pytest.approx(TABLE[:, [2, 0]], rel=1e-6)


@pytest.mark.parametrize("name", ["table.csv.gz", "table.tsv", "table.tsv.gz"])
def test_compressed_and_tab_separated_files_are_read(csv, name):
    path = csv(numbered(), name, sep="\t" if "tsv" in name else ",")
    assert Vectors(path).load().features == pytest.approx(TABLE, rel=1e-6)


@pytest.mark.parametrize("shape", ["[{}]", "{}", "( {} )"])
@pytest.mark.parametrize("between", [", ", " ", ";", "  "])
def test_csv_cells_can_hold_whole_vectors(csv, shape, between):
    cells = [shape.format(between.join(str(number) for number in row)) for row in TABLE.tolist()]
    path = csv({"number": np.arange(ROWS), "embedding": cells})
    name = None if shape == "[{}]" else "embedding"  # without brackets it may be any text
    assert np.array_equal(Vectors(path, vector_column=name).load().features, TABLE)


def test_parquet_columns_of_numbers_without_the_index_of_pandas(tmp_path):
    frame = pd.DataFrame(numbered() | {"flag": np.arange(ROWS) % 2 == 0}, index=np.arange(ROWS) * 10 + 3)
    frame.to_parquet(tmp_path / "table.parquet", index=True)
    splits = Vectors(str(tmp_path / "table.parquet")).load()
    assert np.array_equal(splits.features[:, :WIDTH], TABLE)
    assert splits.features.shape == (ROWS, WIDTH + 1)
    assert np.array_equal(splits.features[:, WIDTH], frame["flag"])


def test_labels_can_be_words_or_missing(csv):
    words = ["cat", "dog", ""] * (ROWS // 3)
    splits = Vectors(csv(numbered() | {"kind": words}), label_column="kind").load()
    assert splits.labels.tolist() == words
    assert splits.notes == ("20 rows without a label in column 'kind'.",)


def test_labels_of_one_class_and_labels_of_minus_one_are_noted(npz):
    assert (
        "Every label in array 'y' is 1, so nothing can be judged by labels."
        in Vectors(npz(X=TABLE, y=np.ones(ROWS, int))).load().notes
    )
    notes = Vectors(npz(X=TABLE, y=np.where(CLASSES == 0, -1, CLASSES))).load().notes
    assert notes == ("20 rows of array 'y' hold -1, which stands for no label.",)


# Cleaning


def test_labels_of_quantities_are_thirds(npz):
    quantities = np.arange(ROWS) + 0.5
    quantities[7] = np.nan
    splits = Vectors(npz(X=TABLE, y=quantities)).load()
    assert (splits.labels[0], splits.labels[7], splits.labels[ROWS // 2], splits.labels[-1]) == (
        "low",
        "",
        "middle",
        "high",
    )
    low, high = np.quantile(quantities[np.isfinite(quantities)], [1 / 3, 2 / 3])
    assert (splits.labels == "low").sum() == (quantities < low).sum()
    assert f"below {low:.4g} low, from {high:.4g} on high" in splits.notes[0]


def test_labels_of_quantities_most_of_which_are_one_value_are_still_told_apart(npz):
    quantities = np.zeros(ROWS)
    quantities[-ROWS // 4 :] = np.linspace(0.5, 9.5, ROWS // 4)
    labels = Vectors(npz(X=TABLE, y=quantities)).load().labels
    assert labels[0] == "low"
    assert labels[-1] == "high"
    assert set(labels) == {"low", "middle", "high"}
    single = np.full(ROWS, 0.5)
    assert any("nothing can be judged" in note for note in Vectors(npz(X=TABLE, y=single)).load().notes)


def test_labels_stay_with_their_rows_when_rows_are_dropped(npz):
    table = TABLE.copy()
    table[3, 1] = np.nan
    keys = [f"key {row}" for row in range(ROWS)]
    keys[10] = "key 9"
    splits = Vectors(npz(X=table, y=np.arange(ROWS), keys=keys), invalid="drop").load()
    kept = [row for row in range(ROWS) if row not in {3, 10}]
    assert np.array_equal(splits.labels, kept)
    assert np.array_equal(splits.features, TABLE[kept])
    assert splits.keys.tolist() == [keys[row] for row in kept]
    assert splits.provenance["duplicates_dropped"] == splits.provenance["invalid_dropped"] == 1


def test_missing_numbers_and_vectors_count_as_nan(csv, tmp_path):
    columns = numbered()
    columns["b"] = columns["b"].astype(object)
    columns["b"][5] = None
    assert "1 of 60 vectors are NaN or infinite as float32 (keys: '5')" in message(csv(columns))
    lists = [None if row == 5 else vector for row, vector in enumerate(TABLE.tolist())]
    pd.DataFrame({"embedding": lists}).to_parquet(tmp_path / "table.parquet")
    splits = Vectors(str(tmp_path / "table.parquet"), invalid="drop").load()
    assert np.array_equal(splits.features, np.delete(TABLE, 5, axis=0))


def test_columns_that_never_change_are_refused_unless_allowed(npz):
    table = np.column_stack([TABLE, np.ones(ROWS)])
    assert "1 of 5 columns never change: 4 (from 0)" in message(npz(X=table))
    assert "they carry nothing" in Vectors(npz(X=table), allow_constant=True).load().notes[0]


# Splits


def test_fitting_on_all_rows_judges_all_rows_and_says_so(npz):
    splits = Vectors(npz(X=TABLE), fit_on_all=True, test=0.95).load()
    assert np.array_equal(splits.train, np.arange(ROWS))
    assert np.array_equal(splits.test, np.arange(ROWS))
    keys = [str(row) for row in range(ROWS)]
    assert np.array_equal(splits.validation, split_by_key(keys, validation=0.1, test=0)[1])
    assert "the scores say nothing about new rows" in splits.notes[-1]


def test_content_and_labels_decide_the_fingerprint(npz):
    def fingerprint(**arrays):
        return Vectors(npz(**arrays)).load().provenance["fingerprint"]

    changed = TABLE.copy()
    changed[0, 0] += 1
    prints = [fingerprint(X=TABLE), fingerprint(X=changed), fingerprint(X=TABLE, y=CLASSES)]
    prints.append(fingerprint(X=TABLE, y=CLASSES[::-1]))
    assert len(set(prints)) == 4
    assert fingerprint(X=TABLE.astype(np.float64), y=CLASSES) == prints[2]


# Bad input


def test_a_missing_column_names_the_nearest(csv):
    path = csv(numbered() | {"label": CLASSES})
    assert f"{path}: data.label_column=lable: no such column; did you mean 'label'?" in message(
        path, label_column="lable"
    )
    assert "data.key_column=key: no such column" in message(path, key_column="key")
    assert "data.columns=z: no such column" in message(path, columns=["a", "z"])
    assert "data.vector_column=labels: no such column; did you mean 'label'?" in message(path, vector_column="labels")


def test_text_in_a_column_of_numbers_is_named_with_its_row(csv):
    columns = numbered() | {"b": [*map(str, range(ROWS - 1)), "n/k"]}
    path = csv(columns)
    assert f"{path}: column 'b', row 59 (from 0): 'n/k' is not a number" in message(path)
    assert "column 'b', row 59 (from 0): 'n/k' is not a number" in message(path, columns=["a", "b"])


def test_ragged_vectors_are_named_with_their_row(csv, tmp_path):
    lists = TABLE.tolist()
    lists[8] = lists[8][:3]
    pd.DataFrame({"embedding": lists}).to_parquet(tmp_path / "table.parquet")
    expected = "column 'embedding', row 8 (from 0): 3 numbers, expected 4 as in the rows before"
    assert expected in message(str(tmp_path / "table.parquet"))
    assert expected in message(csv({"embedding": [str(row) for row in lists]}))


def test_a_cell_that_is_no_vector_is_named_with_its_row(csv):
    cells = [str(row) for row in TABLE.tolist()]
    cells[30] = "[0.1, oops]"
    path = csv({"embedding": cells})
    assert "column 'embedding', row 30 (from 0): '[0.1, oops]' is not a vector" in message(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty (0 bytes)"),
        ("\n\n", "the file holds nothing but empty lines"),
        ("a,b\n", "the table has no rows, only a header with the columns 'a', 'b'"),
        ("a,b\n1,2\n3,4\n", "2 usable rows; to train, to stop and to judge it takes at least 3"),
        ("a,b\n1,2\n3\n", "row 3 has 1 cells, but the header has 2"),
        ("a,b\n1,2\n3,4,5\n", "row 3 has 3 cells, but the header has 2"),
        ("a,a\n1,2\n", "several columns are called 'a'"),
        ("a;b\n1;2\n", "the header is a single cell, 'a;b', so ';' seems to part the cells"),
        ("a,b\nx,y\nz,w\nx,y\n", "no column holds numbers or vectors; columns: a (string), b (string)"),
        ("a,b\n1,\n2,\n3,\n", "column 'b' has no number in any row; leave it out"),
        (
            "a,b\n1 2,3 4\n5 6,7 8\n1 3,3 5\n",
            "several columns hold vectors; choose with data.vector_column= one of a, b",
        ),
    ],
)
def test_tables_that_cannot_be_used_say_why(csv, text, expected):
    path = csv(text)
    assert expected in message(path)
    assert path in message(path)


def test_options_that_mean_nothing_are_refused(tmp_path, npz, csv):
    np.save(tmp_path / "table.npy", TABLE)
    assert "data.label_column means nothing for a .npy file" in message(str(tmp_path / "table.npy"), label_column="y")
    assert "data.columns means nothing for a .npz file" in message(npz(X=TABLE), columns=["a"])
    path = csv(numbered())
    assert "give one of the two" in message(path, columns=["a"], vector_column="b")
    assert "'a' is named twice, or is the label or the key" in message(path, columns=["a"], label_column="a")
    assert "data.columns: names no column" in message(path, columns=[])


def test_npz_files_that_cannot_be_used_say_why(tmp_path, npz):
    assert "no array is called X, x, features, embeddings or vectors" in message(npz(data=TABLE))
    assert "data.vector_column=date: no such array; did you mean 'data'?" in message(
        npz(data=TABLE), vector_column="date"
    )
    assert "array 'y' has the shape [3], but there are 60 vectors" in message(npz(X=TABLE, y=[1, 2, 3]))
    assert "expected a table [rows, width], found an array of shape [60, 2, 2]" in message(
        npz(X=TABLE.reshape(-1, 2, 2))
    )
    assert "Object arrays cannot be loaded" in message(npz(X=TABLE, y=np.asarray(["a"] * ROWS, dtype=object)))
    assert "found cells of type <U1" in message(npz(X=np.full((5, 2), "a")))
    assert "array 'y' has no label in any row" in message(npz(X=TABLE, y=np.full(ROWS, np.nan)))
    sparse.save_npz(tmp_path / "sparse.npz", sparse.csr_array(np.eye(5)))
    assert "holds a sparse matrix; read it with data._target_=zoo.data.SparseMatrix" in message(
        str(tmp_path / "sparse.npz")
    )
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    assert "not a complete .npz file" in message(str(tmp_path / "broken.npz"))


def test_damaged_files_say_so(tmp_path, csv):
    whole = gzip.compress(b"a,b\n" + b"1.5,2\n" * 5000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read to its end" in message(str(tmp_path / "cut.csv.gz"))
    (tmp_path / "table.parquet").write_bytes(b"PAR1 and no more")
    assert "not a complete Parquet file" in message(str(tmp_path / "table.parquet"))
    (tmp_path / "table.npy").write_bytes(b"\x93NUMPY and no more")
    assert "not a complete .npy file" in message(str(tmp_path / "table.npy"))


def test_unknown_endings_and_files_that_are_not_there_name_others(csv):
    path = csv("a,b\n", "table.bin")
    assert "word2vec's, GloVe's or gensim's formats are read by zoo.data.WordVectors" in message(path)
    assert "did you mean" in message(path.replace("table", "tabel"))


def test_a_row_without_a_key_is_named(csv):
    path = csv(numbered() | {"id": ["a", "", *(f"k{row}" for row in range(ROWS - 2))]})
    assert f"{path}: column 'id' has no key in row 1 (from 0)" in message(path, key_column="id")


def test_splits_without_rows_are_refused(npz):
    assert "no row is left for validation" in message(npz(X=TABLE), validation=0.0)
    assert "leave nothing to train on" in message("unread.npy", validation=0.5, test=0.5)


@pytest.mark.parametrize("kind", ["npy", "csv", "parquet"])
def test_labels_may_lie_in_a_file_of_their_own(kind, tmp_path):
    table = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    words = [["cat", "dog", ""][row % 3] for row in range(120)]
    np.save(tmp_path / "rows.npy", table)
    path = tmp_path / f"labels.{kind}"
    if kind == "npy":
        np.save(path, np.asarray(words))
    else:
        frame = pd.DataFrame({"kind": words})
        frame.to_csv(path, index=False, quoting=1) if kind == "csv" else frame.to_parquet(path)
    splits = Vectors(str(tmp_path / "rows.npy"), labels=str(path)).load()
    assert [words[int(key)] for key in splits.keys] == splits.labels.tolist()
    assert splits.provenance["labels"] == str(path)


def test_a_file_of_labels_must_fit_the_rows(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(120, 3)))
    np.save(tmp_path / "labels.npy", np.arange(119))
    pd.DataFrame({"a": range(120), "b": range(120)}).to_csv(tmp_path / "labels.csv", index=False)
    for name, expected in {
        "labels.npy": "labels of shape [119], but",
        "labels.csv": "2 columns, a, b; data.labels takes a .npy file or a table of one column",
        "label.npy": "no such file; did you mean",
    }.items():
        with pytest.raises(InputError, match=re.escape(expected)):
            Vectors(str(tmp_path / "rows.npy"), labels=str(tmp_path / name)).load()
    with pytest.raises(InputError, match="give one"):
        Vectors("rows.npy", labels="labels.npy", label_column="kind")
