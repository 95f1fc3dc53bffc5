"""Where the plain autoencoder starts."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.likelihoods import Bernoulli  # noqa: E402
from zoo.models import DenseAutoencoder  # noqa: E402


def test_training_may_start_at_the_principal_components(rng):
    rows = (rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) + 2).astype(np.float32)
    weights = rng.integers(1, 4, 300).astype(np.float32)
    model = DenseAutoencoder(2, [8], skip=True, start_at_components=True)
    model.build((None, 6))
    assert np.abs(np.asarray(model.reconstruct(rows)) - rows).mean() > 1
    model.solve(lambda: iter([(rows[:100], weights[:100]), (rows[100:], weights[100:])]))
    known = PCA(2).fit(np.repeat(rows, weights.astype(int), axis=0))
    codes, wanted = np.asarray(model.encode(rows)), known.transform(rows)
    np.testing.assert_allclose(np.abs(codes), np.abs(wanted), atol=1e-3)
    np.testing.assert_allclose(model.reconstruct(rows), known.inverse_transform(wanted), atol=1e-3)
    assert model.get_config()["start_at_components"] is True


def test_a_model_without_a_linear_path_cannot_start_there():
    for options in ({"skip": False}, {"skip": True, "likelihood": Bernoulli()}):
        with pytest.raises(ValueError, match="takes skip=true"):
            DenseAutoencoder(2, [8], start_at_components=True, **options)
