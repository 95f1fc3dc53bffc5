"""A saved index in databases that search vectors, as docs/use.md has it; skipped where a package is missing."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from zoo.encoder.code_index import CodeIndex

ROWS = 50


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """An index of random codes, and the file that it was saved to."""
    codes = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)
    made = CodeIndex(codes, [f"k{row}" for row in range(ROWS)])
    return made, made.save(tmp_path_factory.mktemp("index") / "index.parquet")


def test_lancedb_finds_the_same_neighbours(index, tmp_path):
    lancedb = pytest.importorskip("lancedb", reason="pip install lancedb")
    made, path = index
    table = lancedb.connect(str(tmp_path)).create_table("codes", pq.read_table(path))
    found = table.search(made.codes[3], vector_column_name="embedding").distance_type("cosine").limit(5).to_list()
    wanted = made.search(made.codes[3], 5)
    assert [row["key"] for row in found] == wanted.keys[0].tolist()
    assert [1 - row["_distance"] for row in found] == pytest.approx(wanted.cosines[0].tolist(), abs=1e-5)


def test_pgvector_finds_the_same_neighbours(index, tmp_path):
    pgserver = pytest.importorskip("pgserver", reason="pip install pgserver, which brings PostgreSQL and pgvector")
    psycopg = pytest.importorskip("psycopg", reason="pip install 'psycopg[binary]'")
    made, path = index
    saved = pq.read_table(path)
    server = pgserver.get_server(str(tmp_path / "data"))
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as database:
            database.execute("CREATE EXTENSION vector")
            database.execute("CREATE TABLE codes (key text PRIMARY KEY, embedding vector(6))")
            with database.cursor() as cursor, cursor.copy("COPY codes FROM STDIN") as copy:
                for key, code in zip(saved["key"].to_pylist(), saved["embedding"].to_pylist(), strict=True):
                    copy.write_row((key, json.dumps(code)))
            found = database.execute(
                "SELECT b.key, 1 - (a.embedding <=> b.embedding) FROM codes a, codes b WHERE a.key = 'k3' "
                "ORDER BY a.embedding <=> b.embedding LIMIT 5"
            ).fetchall()
    finally:
        server.cleanup()
    wanted = made.search(made.codes[3], 5)
    assert [key for key, _ in found] == wanted.keys[0].tolist()
    assert [cosine for _, cosine in found] == pytest.approx(wanted.cosines[0].tolist(), abs=1e-5)
