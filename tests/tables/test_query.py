"""Queries: SQLite through ADBC, and PostgreSQL where one runs."""

import os
import sqlite3

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.tables.open_table import open_table
from zoo.tables.query import Query, without_password
from zoo.tables.table import batches, read_whole

pytest.importorskip("adbc_driver_sqlite", reason="the extra sql is not installed")

ROWS = [(i, i / 7, f"n{i}") for i in range(500)]


@pytest.fixture
def database(tmp_path):
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("CREATE TABLE rows (id INTEGER, x REAL, name TEXT)")
        connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", ROWS)
    return f"sqlite:///{tmp_path}/t.db"


def test_a_query_is_a_table_whose_blocks_can_be_read_alone(database):
    table = open_table(Query(database, "SELECT x, name FROM rows ORDER BY id;"))
    assert table.schema.names == ["x", "name"]
    assert read_whole(table).column("name").to_pylist() == [name for _, _, name in ROWS]
    blocks = table.blocks(64)
    assert table.rows == 500
    (piece,) = table.read(blocks[5:6], ["x"])
    assert piece.column("x").to_pylist() == [x for _, x, _ in ROWS[320:384]]
    pieces = list(table.read([blocks[1], blocks[6]], ["name"]))
    assert [piece.column(0)[0].as_py() for piece in pieces] == ["n64", "n384"]
    assert sum(piece.num_rows for piece in batches(table, ["x"], first=100, size=30, limit=200)) == 100


def test_only_an_ordered_query_is_the_same_again(database):
    ordered = Query(database, "SELECT x FROM rows ORDER BY id")
    assert ordered.identity() == ordered.identity()
    loose = Query(database, "SELECT x FROM rows")
    assert loose.identity() != loose.identity()


def test_faults_of_queries(database, tmp_path):
    for query, said in [
        (lambda: Query("rows.db", "SELECT 1"), "give a database's URL, such as sqlite:///rows.db"),
        (lambda: Query(database, " ; "), "and a query"),
        (lambda: Query(database, "SELECT x FROM nowhere").schema, "the database says: .*nowhere"),
        (lambda: Query(database, "SELECT x FROM rows WHERE id < 0").blocks(10), "answers no rows"),
        (lambda: Query(database, "SELECT x, x FROM rows").schema, "several columns are called 'x'"),
        (lambda: Query("oracle://host/x", "SELECT 1").schema, "pip install 'encoder-zoo\\[sql\\]'"),
    ]:
        with pytest.raises(InputError, match=said):
            query()
    assert without_password("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"


def test_training_reads_a_query(database):
    from zoo.data import Vectors

    splits = Vectors(
        table=Query(database, "SELECT id, x, x * x AS y, name FROM rows ORDER BY id"), key_column="name"
    ).load()
    np.testing.assert_allclose(splits.features[:, 0], [x for _, x, _ in ROWS], rtol=1e-6)
    assert splits.features.shape == (500, 2)
    assert splits.keys.tolist() == [name for _, _, name in ROWS]
    assert any("'id'" in note for note in splits.notes)
    assert splits.provenance["sql"].startswith("SELECT id")


@pytest.mark.skipif("ZOO_TEST_POSTGRESQL" not in os.environ, reason="ZOO_TEST_POSTGRESQL names no database to test on")
def test_postgresql():
    url = os.environ["ZOO_TEST_POSTGRESQL"]
    sql = "SELECT i, i / 7.0::float8 AS x, 'n' || i AS name FROM generate_series(0, 499) AS i ORDER BY i"
    table = open_table(Query(url, sql))
    assert read_whole(table).column("name").to_pylist() == [name for _, _, name in ROWS]
    (piece,) = table.read(table.blocks(64)[5:6], ["x"])
    np.testing.assert_allclose(piece.column("x").to_pylist(), [x for _, x, _ in ROWS[320:384]])
