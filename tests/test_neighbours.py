"""Neighbours by the cosine of codes: of words, and in indexes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.encoder import CodeIndex, Encoder, Vocabulary
from zoo.errors import InputError
from zoo.rows.dense_rows import DenseRows


def of_words():
    codes = np.asarray([[1, 0], [0.9, 0.1], [0, 1], [-1, 0], [0, 0]], np.float32)
    keys = ["east", "eastish", "north", "west", "nowhere"]
    functions = {"encode": lambda vector: np.asarray(vector, np.float32)}
    return Encoder("words", functions, DenseRows("vector", (2,)), 2, Vocabulary(keys, lambda: codes))


def test_words_are_found_by_their_cosines_among_all_rows():
    encoder = of_words()
    assert encoder.vocabulary == ["east", "eastish", "north", "west", "nowhere"]
    assert "east" in encoder
    assert "south" not in encoder
    np.testing.assert_array_equal(encoder["west"], [-1, 0])
    assert encoder[["east", "north"]].shape == (2, 2)
    (near, cosine), *_ = encoder.most_similar("east", k=2)
    assert near == "eastish"
    assert cosine == pytest.approx(0.9 / np.hypot(0.9, 0.1), abs=1e-6)
    assert [word for word, _ in encoder.most_similar("east")] == ["eastish", "north", "west"]  # zeros are near nothing
    assert encoder.most_similar(["north", "west"], ["eastish"], k=1)[0][0] != "eastish"
    wanted = np.asarray([-1.0, 1.0]) - codes_of_length_one([0.9, 0.1])
    cosine = wanted @ [1, 0] / np.linalg.norm(wanted)
    assert dict(encoder.most_similar(["north", "west"], ["eastish"]))["east"] == pytest.approx(cosine, abs=1e-6)
    with pytest.raises(KeyError, match="did you mean 'east'"):
        encoder.most_similar("eas")
    found = encoder.neighbours([[2.0, 0.0]], k=3)
    assert found.keys.tolist() == [["east", "eastish", "north"]]
    assert found.to_frame()["neighbour"].tolist() == [1, 2, 3]
    assert encoder.keyed_vectors().most_similar("east", topn=1)[0][0] == "eastish"


def codes_of_length_one(code):
    return np.asarray(code) / np.linalg.norm(code)


def test_an_index_grows_shrinks_saves_and_loads(tmp_path):
    encoder = of_words()
    codes = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    index = encoder.index(codes, [f"r{row}" for row in range(50)])
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    wanted = np.argsort(-(unit[:5] @ unit.T), axis=1, kind="stable")[:, :4]
    assert index.neighbours(codes[:5], k=4).keys.tolist() == [[f"r{row}" for row in rows] for rows in wanted]
    assert index.recall() == 1
    index.add([[1.0, 2.0]], ["new"])
    assert index.neighbours([[2.0, 4.0]], k=1).keys.tolist() == [["new"]]
    index.remove(["r0", "r1"])
    assert len(index) == 49
    assert "r0" not in index
    again = encoder.open_index(index.save(tmp_path / "index.parquet"))
    np.testing.assert_array_equal(again.neighbours(codes, k=60).keys, index.neighbours(codes, k=60).keys)
    assert (again.neighbours(codes[:1], k=60).keys[0, 49:] == None).all()  # noqa: E711  an array of objects
    table = pa.table({"key": ["a", "b"], "embedding": [[1.0, 2.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]})
    pq.write_table(table, tmp_path / "ragged.parquet")
    with pytest.raises(InputError, match="lists of several lengths"):
        CodeIndex.read(tmp_path / "ragged.parquet")
    again.remove(list(again.keys))
    emptied = encoder.open_index(again.save(tmp_path / "emptied.parquet"))
    assert len(emptied) == 0
    assert emptied.neighbours(codes[:2], k=1).keys.tolist() == [[None], [None]]
    with pytest.raises(InputError, match="there is no folder"):
        index.save(tmp_path / "nowhere" / "index.parquet")
    with pytest.raises(InputError, match="'new' is there twice"):
        index.add([[1.0, 2.0]], ["new"])
    assert len(index) == 49
    with pytest.raises(KeyError, match=r"not in the index: 'r0' \(did you mean 'r"):
        index.remove(["r5", "r0"])
    assert "r5" in index
    with pytest.raises(InputError, match="give one for each row"):
        encoder.index(codes, ["a"])
    pairs = CodeIndex(codes[:2], [("a", 1), ("b", 2)]).search(codes[:1], k=3)
    assert pairs.keys[0].tolist() == [("a", 1), ("b", 2), None]
    with pytest.raises(InputError, match="expected \\[rows, latent_dim\\]"):
        CodeIndex(codes[0], ["a", "b"])
    with pytest.raises(ValueError, match="no encoder"):
        CodeIndex.read(tmp_path / "index.parquet").neighbours(codes)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="columns key and embedding"):
        encoder.open_index(tmp_path / "other.parquet")


def test_duckdb_reads_an_index_and_finds_the_same_neighbours(tmp_path):
    import duckdb

    encoder = of_words()
    codes = np.random.default_rng(1).normal(size=(200, 2)).astype(np.float32)
    index = encoder.index(codes, [f"r{row}" for row in range(200)])
    saved = duckdb.read_parquet(str(index.save(tmp_path / "index.parquet")))
    found = saved.query(
        "saved",
        "SELECT a.key, b.key, list_cosine_similarity(a.embedding, b.embedding) AS cosine FROM saved a, saved b "
        "WHERE a.key IN ('r0', 'r7') QUALIFY row_number() OVER (PARTITION BY a.key ORDER BY cosine DESC) <= 5 "
        "ORDER BY a.key, cosine DESC",
    ).fetchall()
    own = index.neighbours(codes[[0, 7]], k=5)
    assert [row[1] for row in found] == own.keys.ravel().tolist()
    np.testing.assert_allclose([row[2] for row in found], own.cosines.ravel(), atol=1e-5)
