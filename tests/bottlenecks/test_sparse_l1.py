import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.sparse_l1 import SparseL1  # noqa: E402


@pytest.mark.parametrize("non_negative", [True, False])
def test_the_code_is_an_affine_map_and_pays_its_l1_norm(rng, non_negative):
    layer = SparseL1(4, 0.3, non_negative)
    layer.build((None, 3))
    kernel, bias, features = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(9, 3)).astype(np.float32)
    layer.projection.kernel.assign(kernel)
    layer.projection.bias.assign(bias)
    expected = features @ kernel + bias
    assert (expected < 0).any()
    expected = np.maximum(expected, 0) if non_negative else expected
    outputs = layer(features, training=True)
    np.testing.assert_allclose(outputs["code"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(outputs["sample"], outputs["code"])
    np.testing.assert_array_equal(layer.encode(features), outputs["code"])
    np.testing.assert_allclose(outputs["cost"], 0.3 * np.abs(expected).sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(outputs["rate"], np.zeros(9))
    assert layer.rates(features) is None


def test_training_on_the_cost_alone_empties_the_code(rng):
    layer, features = SparseL1(6, 1.0), rng.normal(size=(64, 5)).astype(np.float32)
    assert (np.asarray(layer(features)["code"]) > 0).any()
    optimizer = keras.optimizers.Adam(0.05)
    for _ in range(200):
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean(layer(features, training=True)["cost"])
        weights = [weight.value for weight in layer.trainable_variables]
        optimizer.apply(tape.gradient(cost, weights), layer.trainable_variables)
    assert (np.asarray(layer(features)["code"]) == 0).mean() > 0.9


@pytest.mark.parametrize("arguments", [{"latent_dim": 0, "weight": 1.0}, {"latent_dim": 2, "weight": -1.0}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must"):
        SparseL1(**arguments)
