"""Tokens of codebooks, and blocks that are bounded by what comes out."""

import numpy as np
import pytest

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.bottlenecks import Gaussian, VectorQuantised  # noqa: E402
from zoo.export._signatures import calls_on_probes, write_saved_model  # noqa: E402
from zoo.models import DenseAutoencoder  # noqa: E402
from zoo.rows import ImageRows  # noqa: E402


@pytest.mark.parametrize(("codes", "kind"), [(5, np.uint8), (256, np.uint8), (257, np.uint16)])
def test_tokens_are_the_numbers_of_the_chosen_codes(splits, tmp_path, codes, kind):
    model = DenseAutoencoder(6, [8], bottleneck=VectorQuantised(6, groups=3, codes=codes, seed=0))
    model.build((None, splits.width))
    encoder = Encoder.from_model("vq", model)
    rows = splits.features[:50]
    tokens = encoder.tokens(rows)
    assert tokens.shape == (50, 3)
    assert tokens.dtype == kind
    books = np.asarray(model.bottleneck.codebooks)
    chosen = np.concatenate([books[group][tokens[:, group]] for group in range(3)], axis=1)
    np.testing.assert_allclose(encoder.encode(rows), chosen, atol=1e-5)
    write_saved_model(tmp_path / "saved", model, encoder.kind)
    loaded = Encoder.from_saved_model(tmp_path / "saved")
    np.testing.assert_array_equal(loaded.tokens(rows), tokens)
    assert loaded.tokens(rows).dtype == kind
    assert "tokens" in calls_on_probes(model, splits)


def test_an_encoder_without_codebooks_has_no_tokens(splits):
    model = DenseAutoencoder(2, [3])
    model.build((None, splits.width))
    with pytest.raises(ValueError, match="plain has no tokens; it has decode, encode"):
        Encoder.from_model("plain", model).tokens(splits.features)


def test_blocks_are_bounded_by_what_comes_out():
    """224 x 224 x 3 numbers come out of a row: no more than 2**24 of them at a time."""
    seen = []

    def recorded(codes):
        seen.append(len(codes))
        return np.zeros((len(codes), 2), np.float32)

    functions = {"decode": recorded, "sample": recorded}
    encoder = Encoder("images", functions, ImageRows((224, 224, 3)), 2)
    assert encoder.decode(np.zeros((300, 2))).shape == (300, 2)
    assert encoder.sample(300).shape == (300, 2)
    assert max(seen) == 2**24 // (224 * 224 * 3)
    assert sum(seen) == 600


def test_draws_do_not_depend_on_their_block(splits, monkeypatch):
    model = DenseAutoencoder(2, [3], bottleneck=Gaussian(2))
    model.build((None, splits.width))
    encoder = Encoder.from_model("vae", model)
    whole = encoder.sample(20, seed=3)
    monkeypatch.setattr("zoo.encoder.methods._NUMBERS", 7 * splits.width)
    np.testing.assert_allclose(encoder.sample(20, seed=3), whole, atol=1e-6)
    rows = splits.features[:20]
    np.testing.assert_allclose(encoder.reconstruct(rows), encoder.decode(encoder.encode(rows)), atol=1e-5)


def test_wide_sparse_rows_are_reconstructed_in_blocks():
    from zoo.rows import SparseRows

    seen = []

    def recorded(indices, values):
        seen.append(len(indices))
        return np.zeros((len(indices), 3), np.float32)

    encoder = Encoder("sparse", {"reconstruct": recorded}, SparseRows(1_000_000), 2)
    encoder.reconstruct({"indices": np.zeros((40, 1), np.int32), "values": np.ones((40, 1), np.float32)})
    assert max(seen) == 16
