"""Arrow's columns as numbers: every type that holds some, and cells of text."""

import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.errors import InputError
from zoo.tables.cells import dense_rows, floats, numbers_of, parted_texts, vectors_of, whole
from zoo.tables.open_table import open_table
from zoo.tables.table import read_whole
from zoo.tables.text_cells import kind_of


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None, 3]), [1, np.nan, 3]),
        (pa.array([True, False, None]), [1, 0, np.nan]),
        (pa.array([decimal.Decimal("1.25"), None]), [1.25, np.nan]),
        (pa.array([1.5, None]).dictionary_encode(), [1.5, np.nan]),
        (pa.nulls(2), [np.nan, np.nan]),
        (pa.array([2**60, 3], pa.uint64()), [2**60, 3]),
        (pa.chunked_array([[1.0], [], [2.0]]), [1, 2]),
        (pa.array([1.5, 2], pa.float16()), [1.5, 2]),
    ],
)
def test_every_type_of_numbers(column, expected):
    np.testing.assert_array_equal(floats(column).astype(float), expected)


VECTORS = [[1.0, 2.0], None, [3.0, None]]


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float64()), pa.large_list(pa.float32()), pa.list_(pa.float64(), 2), pa.list_view(pa.float64())]
)
def test_every_type_of_lists_with_missing_ones_and_missing_numbers(kind):
    column = pa.array(VECTORS, kind)
    np.testing.assert_array_equal(vectors_of(column, "v", "t"), [[1, 2], [np.nan] * 2, [3, np.nan]])
    with pytest.raises(InputError, match=r"no vector in row 11 \(from 0\)"):
        vectors_of(column, "v", "t", required=True, first=10)
    with pytest.raises(InputError, match=r"row 1 \(from 0\): number 2 of 2 is missing"):
        vectors_of(column.filter(pa.array([True, False, True])), "v", "t", required=True)
    with pytest.raises(InputError, match="the cell is empty in row 1 "):
        dense_rows(pa.table({"v": column}), (2,), 0, "t")


def test_a_missing_vector_in_a_fixed_size_list_of_parquet(tmp_path):
    column = pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float64(), 2))
    kinds = pa.array(["x", "y", None]).dictionary_encode()
    pq.write_table(
        pa.table({"v": column, "when": pa.array([1, 2, 3], pa.timestamp("ms")), "k": kinds}), tmp_path / "t.parquet"
    )
    found = read_whole(open_table(tmp_path / "t.parquet"))
    assert found.column("v").to_pylist() == [[1, 2], None, [3, 4]]
    assert [str(field.type).split("<")[0] for field in found.schema] == [
        "fixed_size_list",
        "timestamp[ms]",
        "dictionary",
    ]


def test_string_views(tmp_path):
    column = pa.array(["a", None, "b"], pa.string_view())
    assert whole(column).to_pylist() == ["a", None, "b"]
    assert kind_of(whole(pa.array(["1", "2"], pa.string_view()))).name == "numbers"


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["1", "", "2.5", "-1e3", "NA", "+4", " 7 "], "numbers"),
        (["True", "false", ""], "numbers"),
        (["", None], "empty"),
        (["[1, 2]", "[3, 4]"], "vectors"),
        (["48.85, 2.35", "1.5, 2"], "vectors"),  # of text without brackets, which is only read when asked for
        (["044 712 52 97", "no phone", "x"], "text"),
        (["1_000", "2"], "text"),
        (["007", "008"], "numbers"),
    ],
)
def test_kinds_of_text(cells, name):
    assert kind_of(pa.array(cells)).name == name


def test_numbers_written_as_text():
    column = pa.array(["1,5", "", "2", None])
    np.testing.assert_array_equal(numbers_of(column, "x", "t", "repair it", decimal=","), [1.5, np.nan, 2, np.nan])
    with pytest.raises(
        InputError, match=r"column 'x', row 0 .*'1,5' is not a number; repair it; .*data\.decimal=comma"
    ):
        numbers_of(column, "x", "t", "repair it")
    np.testing.assert_array_equal(numbers_of(pa.array(["?", "3"]), "x", "t", "repair it", ["?"]), [np.nan, 3])


def test_lists_written_as_text_lose_brackets_and_quotes():
    cells = pa.array(["{a,b}", "['x', \"y z\"]", "a, b", "", "[]", "'q',r", "(1,2)", None, "a {b}"])
    wanted = [["a", "b"], ["x", "y z"], ["a", " b"], [""], [""], ["'q'", "r"], ["1", "2"], [""], ["a {b}"]]
    assert parted_texts(cells, ",").to_pylist() == wanted
    assert parted_texts(cells[:1], ";").to_pylist() == [["a,b"]]
    honest = pa.array(["['rolls, buns', 'milk']", "(organic) milk,bread (white)", "{'a, b', \"it's\"}", "[01,2.0]"])
    wanted = [["rolls, buns", "milk"], ["(organic) milk", "bread (white)"], ["a, b", "it's"], ["01", "2.0"]]
    assert parted_texts(honest, ",").to_pylist() == wanted
