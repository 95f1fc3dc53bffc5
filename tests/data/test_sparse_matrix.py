"""Matrices that SciPy wrote: their formats, labels and names, and what is refused."""

import numpy as np
import pytest
from scipy import sparse

from zoo.data import SparseMatrix
from zoo.data._key_split import split_by_key
from zoo.errors import InputError
from zoo.rows import SparseRows

ROWS, COLUMNS = 120, 7
DENSE = np.random.default_rng(0).poisson(0.6, (ROWS, COLUMNS)).astype(np.float32)
DENSE[:, 0] = 1


@pytest.fixture
def save(tmp_path):
    def save(matrix):
        sparse.save_npz(tmp_path / "matrix.npz", matrix)
        return str(tmp_path / "matrix.npz")

    return save


def message(*arguments, **options):
    with pytest.raises(InputError) as caught:
        SparseMatrix(*arguments, **options).load()
    return str(caught.value)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_every_format_becomes_the_same_rows(save, kind, make):
    splits = SparseMatrix(save(make(DENSE.astype(np.float64)).asformat(kind))).load()
    assert isinstance(splits.features, sparse.csr_array)
    assert splits.features.dtype == np.float32
    assert np.array_equal(splits.features.toarray(), DENSE)
    assert splits.features.nnz == np.count_nonzero(DENSE)
    assert splits.is_sparse
    assert type(splits.kind) is SparseRows
    assert splits.categories is None
    expected = split_by_key([str(row) for row in range(ROWS)], validation=0.1, test=0.2)
    for rows, wanted in zip((splits.train, splits.validation, splits.test), expected, strict=True):
        assert np.array_equal(rows, wanted)


def test_double_entries_are_added_and_zeros_are_no_entries(save):
    rows, columns = np.nonzero(DENSE)
    values = DENSE[rows, columns]
    doubled = sparse.coo_array(
        (
            np.concatenate([values / 2, values / 2, [0.0] * ROWS]),
            (np.concatenate([rows, rows, np.arange(ROWS)]), np.concatenate([columns, columns, [3] * ROWS])),
        ),
        shape=DENSE.shape,
    )
    splits = SparseMatrix(save(doubled)).load()
    assert np.array_equal(splits.features.toarray(), DENSE)
    assert splits.features.nnz == np.count_nonzero(DENSE)
    assert (
        splits.provenance["fingerprint"] == SparseMatrix(save(sparse.csr_array(DENSE))).load().provenance["fingerprint"]
    )


def test_rows_without_entries_are_dropped_with_their_labels(save, tmp_path):
    table = DENSE.copy()
    table[[4, 50]] = 0
    np.save(tmp_path / "labels.npy", np.arange(ROWS))
    splits = SparseMatrix(save(sparse.csr_array(table)), labels=str(tmp_path / "labels.npy")).load()
    kept = np.delete(np.arange(ROWS), [4, 50])
    assert np.array_equal(splits.features.toarray(), table[kept])
    assert np.array_equal(splits.labels, kept)
    assert splits.keys.tolist() == [str(row) for row in kept]
    before = split_by_key([str(row) for row in range(ROWS)], validation=0.1, test=0.2)
    for rows, wanted in zip((splits.train, splits.validation, splits.test), before, strict=True):
        assert kept[rows].tolist() == [row for row in wanted if row not in {4, 50}]
    assert splits.notes == ("Dropped 2 rows without entries.",)


def test_columns_have_the_names_of_the_file(save, tmp_path):
    (tmp_path / "names.txt").write_text("the\nZoë\nis\nopen\nfrom\nnine\non\n", encoding="utf-8")
    splits = SparseMatrix(save(sparse.csr_array(DENSE)), names=str(tmp_path / "names.txt")).load()
    assert splits.categories == {"items": ("the", "Zoë", "is", "open", "from", "nine", "on")}


def test_columns_without_entries_are_noted(save):
    table = DENSE.copy()
    table[:, [2, 5]] = 0
    notes = SparseMatrix(save(sparse.csr_array(table))).load().notes
    assert notes == ("2 columns without entries: nothing can be learnt about them.",)


@pytest.mark.parametrize(("value", "text"), [(np.nan, "nan"), (np.inf, "inf"), (-1.0, "-1.0"), (1e300, "inf")])
def test_entries_that_are_no_counts_are_named_with_their_row(save, value, text):
    table = DENSE.astype(np.float64)
    table[17, 3] = value
    path = save(sparse.csr_array(table))
    assert f"{path}: row 17, column 3 (from 0) is {text}; entries must be finite and not below 0" in message(path)


def test_files_that_are_no_sparse_matrix_say_what_reads_them(tmp_path, save):
    np.savez(tmp_path / "dense.npz", X=DENSE, y=DENSE[:, 0])
    text = message(str(tmp_path / "dense.npz"))
    assert "dense arrays (X, y), not a sparse matrix; read it with data._target_=zoo.data.Vectors" in text
    np.save(tmp_path / "dense.npy", DENSE)
    assert "a dense array; read it with data._target_=zoo.data.Vectors" in message(str(tmp_path / "dense.npy"))
    (tmp_path / "text.npz").write_text("no matrix")
    assert "not a file of scipy.sparse.save_npz" in message(str(tmp_path / "text.npz"))
    (tmp_path / "empty.npz").write_bytes(b"")
    assert "the file is empty (0 bytes)" in message(str(tmp_path / "empty.npz"))
    whole = (tmp_path / "dense.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    assert "cut.npz" in message(str(tmp_path / "cut.npz"))
    assert "no such file; did you mean" in message(str(tmp_path / "dens.npz"))


def test_matrices_that_contradict_themselves_are_refused(tmp_path):
    arrays = {"format": b"csr", "shape": (3, 2), "data": [1.0, 1.0, 1.0], "indices": [0, 1, 9], "indptr": [0, 1, 2, 3]}
    np.savez(tmp_path / "matrix.npz", **arrays)
    assert "contradicts itself" in message(str(tmp_path / "matrix.npz"))
    np.savez(tmp_path / "matrix.npz", format=b"csr", shape=(3, 2))
    assert "not a complete sparse matrix" in message(str(tmp_path / "matrix.npz"))


def test_matrices_without_entries_or_numbers_are_refused(save):
    assert "the matrix [5, 2] has no entries" in message(save(sparse.csr_array((5, 2))))
    assert "found entries of type complex128" in message(save(sparse.csr_array(np.eye(3, dtype=complex))))
    assert "no row is left for" in message(save(sparse.csr_array(np.eye(2))))


def test_labels_and_names_must_fit_the_matrix(save, tmp_path):
    path = save(sparse.csr_array(DENSE))
    np.save(tmp_path / "labels.npy", np.arange(5))
    assert f"labels of shape [5], but {path} has 120 rows" in message(path, labels=str(tmp_path / "labels.npy"))
    np.save(tmp_path / "labels.npy", np.asarray(["a"] * ROWS, dtype=object))
    assert "strings as an array of type str and not object" in message(path, labels=str(tmp_path / "labels.npy"))
    names = tmp_path / "names.txt"
    names.write_text("a\nb\n")
    assert f"{names} has 2 lines, but {path} has 7 columns" in message(path, names=str(names))
    names.write_text("a\nb\nc\nb\ne\nf\ng\n")
    assert f"{names}, line 4: 'b' is the name of line 2 already" in message(path, names=str(names))
    names.write_text("a\nb\n\nd\ne\nf\ng\n")
    assert f"{names}, line 3: empty; every column needs a name" in message(path, names=str(names))
    names.write_bytes(b"\xff")
    assert "not UTF-8" in message(path, names=str(names))
