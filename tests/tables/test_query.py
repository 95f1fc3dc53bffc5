"""Queries: SQLite through ADBC, and PostgreSQL where one runs."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.tables.open_table import open_table
from zoo.tables.query import Query
from zoo.tables.table import batches, read_whole
from zoo.tables.words import without_password

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
    assert without_password("sqlite:///a@b.db, s3://bucket/x:y") == "sqlite:///a@b.db, s3://bucket/x:y"


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


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """The URL of a PostgreSQL server that runs while the tests of this file do."""
    tools = {name: shutil.which(name) for name in ("initdb", "pg_ctl")}
    if None in tools.values():
        pytest.skip("PostgreSQL is not on this machine (initdb and pg_ctl)")
    folder = Path(tempfile.mkdtemp(prefix="zoo-pg-", dir="/tmp"))  # a socket's path must be short
    as_user = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to be
        shutil.chown(folder, "nobody")
        as_user = {"user": "nobody"}

    def run(tool, *arguments):
        command = [tools[tool], "-D", str(folder / "data"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, **as_user)
        assert done.returncode == 0, done.stdout + done.stderr

    run("initdb", "-A", "trust", "-U", "zoo", "--no-sync")
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgresql://zoo@/postgres?host={folder}"
    run("pg_ctl", "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_postgresql(postgresql):
    columns = "i, i / 7.0::float8 AS x, 'n' || i AS name, array[i, 1]::float4[] AS v, i::numeric / 8 AS d"
    sql = f"SELECT {columns} FROM generate_series(0, 499) AS i"  # noqa: S608
    table = open_table(Query(postgresql, f"{sql} ORDER BY i"))
    assert read_whole(table, ["name"]).column(0).to_pylist() == [name for _, _, name in ROWS]
    (piece,) = table.read(table.blocks(64)[5:6], ["x", "v", "d"])
    np.testing.assert_allclose(piece.column("x").to_pylist(), [x for _, x, _ in ROWS[320:384]])
    assert piece.column("v")[0].as_py() == [320, 1]
    assert piece.column("d")[1].as_py() == 321 / 8
    assert str(table.schema.field("d").type) == "double"
    with pytest.raises(InputError, match=r"the database says: .*nowhere"):
        read_whole(Query(postgresql, "SELECT * FROM nowhere"))
