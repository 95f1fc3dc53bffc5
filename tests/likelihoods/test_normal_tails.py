"""The normal likelihood far out, where float32 loses digits."""

import numpy as np
import pytest
from scipy.stats import norm

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.likelihoods.normal import Normal  # noqa: E402


@pytest.mark.parametrize("scale", [1e-3, 1e-1, 1e3])
@pytest.mark.parametrize("learn_scale", [False, True])
@pytest.mark.parametrize("distance", [0.0, 1.0, 50.0])
def test_log_probability_in_the_tails_is_scipys(scale, learn_scale, distance):
    layer = Normal(scale, learn_scale)
    layer.build((None, 1), (None, 3))
    layer.location.dense.kernel.assign(np.zeros((1, 3)))
    loc = np.asarray([0.0, 50.0, -50.0], np.float32)
    layer.location.dense.bias.assign(loc)
    rows = (loc + np.float32(distance * scale))[None]
    expected = norm.logpdf(rows.astype(np.float64), loc.astype(np.float64), scale).sum()
    got = layer(np.zeros((1, 1), np.float32), rows)
    assert got.shape == (1,)
    np.testing.assert_allclose(got, [expected], rtol=1e-4)


@pytest.mark.parametrize("learn_scale", [False, True])
def test_only_a_learnt_scale_is_a_trainable_weight(learn_scale):
    layer = Normal(2.0, learn_scale)
    layer.build((None, 4), (None, 3))
    trainable = {variable.path.rpartition("/")[2] for variable in layer.trainable_variables}
    assert trainable == {"kernel", "bias"} | ({"log_scale"} if learn_scale else set())
    assert float(np.asarray(layer.log_scale)) == pytest.approx(np.log(2.0))
