"""Word vectors at URLs and out of databases are those of the same file here."""

import json
import sqlite3

import fsspec
import numpy as np
import pandas as pd
import pytest

from zoo.data import WordVectors
from zoo.errors import InputError
from zoo.tables.query import Query

WORDS = [f"word{i}" for i in range(80)]


@pytest.fixture
def vectors(rng):
    return rng.normal(size=(80, 3)).astype(np.float32)


@pytest.mark.parametrize("ending", ["parquet", "vec", "jsonl"])
def test_urls(vectors, tmp_path, ending):
    here = tmp_path / f"words.{ending}"
    if ending == "vec":
        rows = zip(WORDS, vectors.tolist(), strict=True)
        here.write_text("\n".join(" ".join([word, *map(repr, row)]) for word, row in rows))
    else:
        frame = pd.DataFrame({"word": WORDS, "vector": vectors.tolist()})
        frame.to_parquet(here) if ending == "parquet" else frame.to_json(here, orient="records", lines=True)
    url = f"memory://{tmp_path.name}/words.{ending}"
    with fsspec.open(url, "wb") as file:
        file.write(here.read_bytes())
    there, local = WordVectors(url).load(), WordVectors(str(here)).load()
    assert there.provenance["fingerprint"] == local.provenance["fingerprint"]
    assert there.provenance["path"] == url
    assert there.keys.tolist() == WORDS


def test_queries(vectors, tmp_path):
    pytest.importorskip("adbc_driver_sqlite", reason="the extra sql is not installed")
    with sqlite3.connect(tmp_path / "words.db") as connection:
        connection.execute("CREATE TABLE words (word TEXT, vector TEXT)")
        rows = [(word, json.dumps(row.tolist())) for word, row in zip(WORDS, vectors, strict=True)]
        connection.executemany("INSERT INTO words VALUES (?, ?)", rows)
    query = Query(f"sqlite:///{tmp_path}/words.db", "SELECT * FROM words ORDER BY rowid")
    splits = WordVectors(table=query, vector_column="vector", limit=60).load()
    np.testing.assert_allclose(splits.features, vectors[:60], rtol=1e-6)
    assert splits.keys.tolist() == WORDS[:60]
    assert splits.provenance["sql"] == query.sql


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"path": "memory://x/words.npy", "vocabulary": "w"},
            "a .npy file and its keys are read from this",
        ),
        ({"path": "memory://x/words.kv"}, "gensim's files are read from this machine only"),
        ({"path": "memory://x/nothing.parquet"}, "nothing is there"),
        ({"path": "a.vec", "table": Query("sqlite:///a.db", "SELECT 1")}, "give either data.path=.*, or data.table="),
    ],
)
def test_what_cannot_be_read(given, words):
    with pytest.raises(InputError, match=words):
        WordVectors(**given).load()
