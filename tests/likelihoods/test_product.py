"""The product over fields against SciPy's log-softmax within each field."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import log_softmax

from zoo.quiet import import_tensorflow
from zoo.rows._cells import padded

import_tensorflow()

from zoo.likelihoods.product import Product  # noqa: E402

FIELDS = {"colour": 4, "size": 3, "brand": 6}


def test_each_field_has_a_softmax_of_its_own(rng):
    likelihood = Product(FIELDS)
    likelihood.build((None, 5), (None, 13))
    features = 50 * rng.normal(size=(9, 5)).astype(np.float32)  # far into the tails
    chosen = [rng.integers(size, size=9) for size in FIELDS.values()]
    rows = csr_array(np.hstack([np.eye(size)[each] for size, each in zip(FIELDS.values(), chosen, strict=True)]))
    logits = features @ np.asarray(likelihood.logits.kernel, np.float64) + np.asarray(likelihood.logits.bias)
    blocks = np.split(logits, [4, 7], axis=1)
    expected = np.stack([log_softmax(b, axis=1)[np.arange(9), c] for b, c in zip(blocks, chosen, strict=True)], axis=1)
    np.testing.assert_allclose(likelihood.per_field(features, padded(rows)), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(likelihood(features, padded(rows)), expected.sum(axis=1), rtol=1e-4, atol=1e-4)
    probabilities = np.asarray(likelihood.mean(features))
    for block in np.split(probabilities, [4, 7], axis=1):
        np.testing.assert_allclose(block.sum(axis=1), 1, rtol=1e-5)


def test_fields_must_be_known_and_fit():
    with pytest.raises(ValueError, match="the fields are not known"):
        Product().build((None, 5), (None, 13))
    with pytest.raises(ValueError, match="13 columns, the rows 12"):
        Product(FIELDS).build((None, 5), (None, 12))


def test_it_starts_from_the_frequencies_of_training_rows(rng):
    likelihood = Product(FIELDS)
    likelihood.build((None, 5), (None, 13))
    rows = csr_array(rng.integers(0, 3, size=(50, 13)).astype(np.float32))
    weights = rng.integers(1, 4, size=50).astype(np.float32)
    likelihood.adapt(lambda: iter([(rows[:30], weights[:30]), (rows[30:], weights[30:])]))
    counts = np.split(weights @ rows.toarray() + 0.5, [4, 7])
    expected = np.concatenate([each / each.sum() for each in counts])
    np.testing.assert_allclose(np.asarray(likelihood.mean(np.zeros((1, 5), np.float32)))[0], expected, rtol=1e-5)
