import numpy as np
import pytest
from scipy.stats import norm

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.likelihoods.normal import Normal  # noqa: E402


def built(**arguments):
    layer = Normal(**arguments)
    layer.build((None, 3), (None, 4))
    return layer


@pytest.mark.parametrize("scale", [1e-2, 0.7, 1.0, 100.0])
def test_log_probability_is_scipys_summed_over_dimensions(scale, rng):
    layer = built(scale=scale)
    features, rows = rng.normal(size=(6, 3)).astype(np.float32), (5 * rng.normal(size=(6, 4))).astype(np.float32)
    mean = np.asarray(layer.mean(features), np.float64)
    expected = norm.logpdf(rows, mean, scale).sum(axis=1)
    np.testing.assert_allclose(layer(features, rows), expected, rtol=1e-4)


def test_a_learnt_scale_settles_at_the_spread_of_the_errors(rng):
    layer = built(learn_scale=True)
    layer.location.dense.kernel.assign(np.zeros((3, 4)))
    rows = (0.3 * rng.normal(size=(5000, 4))).astype(np.float32)
    features = np.zeros((5000, 3), np.float32)
    assert any(variable is layer.log_scale for variable in layer.trainable_variables)
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(layer(features, rows))
        layer.log_scale.assign_sub(0.05 * tape.gradient(loss, layer.log_scale.value))
    assert float(np.exp(layer.log_scale)) == pytest.approx(rows.std(), rel=0.02)
    assert not any(variable is built().log_scale for variable in built().trainable_variables)


def test_a_scale_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="positive"):
        Normal(scale=0)
