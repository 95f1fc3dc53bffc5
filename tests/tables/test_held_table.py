"""Tables that a user holds in memory are those that their files would be."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse

from zoo.errors import InputError
from zoo.rows._cells import texts_of
from zoo.tables.cells import dense_rows, sparse_rows, whole
from zoo.tables.held_table import held_table, index_name
from zoo.tables.open_table import open_table
from zoo.tables.table import read_whole

ROWS = np.arange(12.0).reshape(4, 3)


class Frame:
    """What polars' and DuckDB's frames look like to Arrow."""

    def __arrow_c_stream__(self, requested_schema=None):
        return pa.table({"v": list(ROWS)}).__arrow_c_stream__(requested_schema)


class Tensor:
    """What tensors of PyTorch and TensorFlow look like to NumPy."""

    def __array__(self, dtype=None, copy=None):
        return ROWS


@pytest.mark.parametrize(
    "held",
    [
        ROWS,
        np.asfortranarray(ROWS),
        ROWS.astype(">f8"),
        ROWS.astype(object),
        ROWS.tolist(),
        pd.DataFrame(ROWS),
        pd.Series(list(ROWS)),
        pa.table({"v": list(ROWS)}),
        pa.array(list(ROWS)),
        Frame(),
        Tensor(),
        {"a": ROWS[:, 0], "b": ROWS[:, 1].tolist(), "c": pd.Series(ROWS[:, 2])},
        [{"a": row[0], "b": row[1], "c": row[2]} for row in ROWS],
        np.asarray([tuple(row) for row in ROWS], dtype=[("a", float), ("b", float), ("c", float)]),
    ],
)
def test_rows_of_numbers_come_as_they_are(held):
    table = held_table(held, "mine")
    assert open_table(table) is table
    assert (dense_rows(read_whole(table), [3], 0, "mine") == ROWS).all()


def test_mappings_have_a_column_for_each_key_of_any_of_them():
    table = held_table([{"a": 1}, {"b": "x", "a": 2}, {"c": 3.5}], "mine").arrow
    assert table.to_pydict() == {"a": [1, 2, None], "b": [None, "x", None], "c": [None, None, 3.5]}


def test_columns_of_objects_and_dictionaries_of_views_are_texts():
    mixed = held_table(pd.DataFrame({"a": [1, "two", None, 3.0], "b": [1.5, 2.0, 3.0, 4.0]}), "mine").arrow
    assert mixed.column("a").to_pylist() == ["1", "two", None, "3"]
    assert mixed.column("b").to_pylist() == [1.5, 2.0, 3.0, 4.0]
    # as polars hands categories over
    names = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.uint32()), pa.array(["x", "y"], pa.string_view()))
    assert whole(pa.chunked_array([names])).to_pylist() == ["y", "x", None]
    assert texts_of(names).tolist() == ["y", "x", ""]


def test_images_and_sparse_rows():
    images = np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1)
    table = held_table(images, "mine")
    assert table.row_shape == (4, 4, 1)
    assert (dense_rows(read_whole(table), (4, 4, 1), 0, "mine") == images).all()
    matrix = sparse.csr_array(np.eye(3))
    found = sparse_rows(read_whole(held_table(matrix, "mine")), 3, 0, "mine")
    assert (found.toarray() == np.eye(3)).all()


def test_an_index_that_names_rows_is_a_column():
    frame = pd.DataFrame(ROWS, index=["a", "b", "c", "d"])
    assert index_name(frame) == "index"
    assert read_whole(held_table(frame, "mine")).column("index").to_pylist() == ["a", "b", "c", "d"]
    assert index_name(frame.rename_axis("word")) == "word"
    for nameless in (frame.reset_index(drop=True), frame.set_axis(["a", "a", "b", "c"]), ROWS):
        assert index_name(nameless) is None
    assert held_table(frame.reset_index(drop=True), "mine").schema.names == ["0", "1", "2"]


def test_bytes_and_times_of_day_among_other_cells_are_text():
    frame = pd.DataFrame({"a": [1, b"a"], "at": [datetime.time(1, 2), "late"]})
    assert read_whole(held_table(frame, "mine")).to_pydict() == {"a": ["1", "a"], "at": ["01:02:00", "late"]}


def test_what_is_masked_is_missing():
    masked = np.ma.masked_equal(ROWS, 4)
    (column,) = read_whole(held_table(masked, "mine")).columns
    assert np.isnan(column[1].as_py()[1])


def test_other_content_is_another_table():
    assert held_table(ROWS, "mine").identity() == held_table(ROWS.copy(), "mine").identity()
    assert held_table(ROWS, "mine").identity() != held_table(ROWS + 1, "mine").identity()


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (object(), "this object cannot be read as a table"),
        (None, "this NoneType cannot be read as a table"),
        (np.zeros(3), r"found an array of shape \[3\]; a single row is array\[None, :\]"),
        (np.zeros((0, 3)), "has no numbers"),
        (np.zeros((2, 2), complex), "an array of type complex128"),
        (pd.DataFrame(ROWS, columns=["a", "a", "b"]), "Duplicate column names"),
        (pd.DataFrame({"a": [1, object()]}), "this DataFrame cannot be read as a table"),
        ({"a": [1, 2], "b": [1]}, "this dict cannot be read as a table"),
    ],
)
def test_what_is_no_table_is_said_by_the_name_of_the_argument(held, said):
    with pytest.raises(InputError, match=f"^mine: .*{said}"):
        held_table(held, "mine")
