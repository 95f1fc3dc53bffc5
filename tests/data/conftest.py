"""Real files of every format, written by the libraries that people write them with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROWS, WIDTH = 200, 6


@pytest.fixture(scope="session")
def table():
    """keys [200] and vectors [200, 6] that every format holds exactly."""
    vectors = np.random.default_rng(0).standard_normal((ROWS, WIDTH)).astype(np.float32)
    keys = ["the", "Zoë", "naïve", "東京", "\u2028", *(f"word{number}" for number in range(5, ROWS))]
    return SimpleNamespace(keys=keys, vectors=vectors)


@pytest.fixture
def write(tmp_path):
    """Functions that write keys and vectors to a new file and return its path."""
    from gensim.models import KeyedVectors

    def keyed(keys, vectors):
        vectors = np.asarray(vectors, dtype=np.float32)
        loaded = KeyedVectors(vectors.shape[1])
        loaded.add_vectors(keys, vectors)
        return loaded

    def word2vec(keys, vectors, name="vectors.bin"):
        path = tmp_path / name
        keyed(keys, vectors).save_word2vec_format(str(path), binary=".bin" in name)
        return path

    def glove(keys, vectors, name="vectors.txt"):
        path = tmp_path / name
        keyed(keys, vectors).save_word2vec_format(str(path), write_header=False)
        return path

    def gensim(keys, vectors, name="vectors.kv", **options):
        path = tmp_path / name
        keyed(keys, vectors).save(str(path), **options)
        return path

    def lines(text, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def npy(keys, vectors, name="vectors.npy"):
        path = tmp_path / name
        np.save(path, vectors)
        return path, lines("".join(f"{key}\n" for key in keys), "keys.txt")

    def parquet(columns, name="vectors.parquet", **options):
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = tmp_path / name
        pq.write_table(pa.table(columns), path, **options)
        return path

    return SimpleNamespace(
        word2vec=word2vec, glove=glove, gensim=gensim, lines=lines, npy=npy, parquet=parquet, folder=tmp_path
    )


@pytest.fixture(scope="session")
def googlenews():
    """1000 vectors of Google's word2vec model, unit length (see ../shared/data/SOURCES.md)."""
    path = Path(__file__).parents[3] / "shared/data/word2vec/googlenews-1000-300d.bin"
    if not path.is_file():
        pytest.skip("../shared/data/word2vec/googlenews-1000-300d.bin is not on this machine")
    return path
