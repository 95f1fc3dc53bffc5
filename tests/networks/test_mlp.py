import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.networks.mlp import MLP  # noqa: E402


def by_hand(network, x):
    for layer in network.layers:
        x = np.maximum(x @ np.asarray(layer.kernel) + np.asarray(layer.bias), 0)
    return x


@pytest.mark.parametrize("skip", [False, True])
def test_forward_pass_is_numpys(skip, rng):
    network = MLP([8, 4], skip=skip)
    network.build((None, 6))
    for layer in network.layers:
        layer.bias.assign(rng.normal(size=layer.units))
    x = rng.normal(size=(5, 6)).astype(np.float32)
    features = by_hand(network, x)
    expected = np.concatenate([x, features], axis=1) if skip else features
    np.testing.assert_allclose(network(x), expected, rtol=1e-5, atol=1e-6)
    assert network.compute_output_shape((None, 6)) == (None, expected.shape[1])


def test_dropout_only_while_training(rng):
    network = MLP([64], dropout=0.5)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    np.testing.assert_array_equal(network(x), network(x))
    kept, dropped = np.asarray(network(x)), np.asarray(network(x, training=True))
    positive = kept > 0
    assert 0.4 < (dropped[positive] == 0).mean() < 0.6
    np.testing.assert_allclose(dropped[positive & (dropped > 0)], 2 * kept[positive & (dropped > 0)], rtol=1e-5)


def test_without_hidden_layers_the_skip_is_all_there_is(rng):
    x = rng.normal(size=(3, 6)).astype(np.float32)
    np.testing.assert_array_equal(MLP([], skip=True)(x), x)
    with pytest.raises(ValueError, match="skip=True"):
        MLP([])
    with pytest.raises(ValueError, match="at least 1"):
        MLP([8, 0])
