"""Words for messages."""

import pytest

from zoo.tables.words import short_name


@pytest.mark.parametrize(
    ("path", "parts", "short"),
    [
        ("/somewhere/rows.npy", 1, "rows.npy"),
        ("https://me:secret@host/rows.parquet?token=1", 1, "rows.parquet"),
        ("/store/vae_word2vec/2", 2, "vae_word2vec/2"),
        ("vae_word2vec@champion", 2, "vae_word2vec@champion"),
        ("/", 1, "/"),
    ],
)
def test_a_path_is_called_by_its_last_parts(path, parts, short):
    assert short_name(path, parts) == short
