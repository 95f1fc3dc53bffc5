"""Which column names the rows, by what it is called."""

import pyarrow as pa
import pytest

from zoo.tables.own_columns import key_column, key_names


def test_what_is_called_as_a_key_is_comes_before_what_may_be_one():
    names = ["name", "index", "uuid", "soc_sec_id", "Record_ID", "monkey", "key", "paid", "row_no"]
    assert key_names(names) == ["Record_ID", "key", "uuid", "row_no", "index"]
    for name in ("id", "ID", "rec_id", "recid", "row_id", "unique_id", "record_key", "pk", "guid", "rownum"):
        assert key_names([name]) == [name]


@pytest.mark.parametrize(
    ("columns", "apart", "expected"),
    [
        ({"index": [0, 1], "rec_id": ["a", "b"]}, [], "rec_id"),
        ({"index": [0, 1], "rec_id": ["a", "a"]}, [], "index"),
        ({"id": ["a", None]}, [], None),
        ({"id": [1, 2], "name": ["a", "b"]}, ["id"], None),
    ],
)
def test_a_key_is_there_once_in_every_row(columns, apart, expected):
    assert key_column(pa.table(columns), apart) == expected
