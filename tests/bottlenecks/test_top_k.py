import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.top_k import TopK  # noqa: E402


def with_weights(rng, latent_dim, k, features=5, **arguments):
    layer = TopK(latent_dim, k, **arguments)
    layer.build((None, features))
    kernel, bias = rng.normal(size=(features, latent_dim)), rng.normal(size=latent_dim)
    layer.projection.kernel.assign(kernel)
    layer.projection.bias.assign(bias)
    return layer, kernel, bias


def identity(width, k, **arguments):
    """A bottleneck whose activations are the features."""
    layer = TopK(width, k, **arguments)
    layer.build((None, width))
    layer.projection.kernel.assign(np.eye(width))
    return layer


def trained(layer, features, target, steps):
    """Trains the bottleneck and a linear decoder to give the target, and returns which units a row chooses then."""
    decoder = keras.layers.Dense(target.shape[1])
    decoder.build((None, layer.latent_dim))
    optimizer = keras.optimizers.Adam(0.02)
    variables = layer.trainable_variables + decoder.trainable_variables

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            outputs = layer(features, training=True)
            error = tf.reduce_sum(tf.square(decoder(outputs["sample"]) - target), axis=-1)
            loss = tf.reduce_mean(error + outputs["cost"])
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(
            [tf.zeros_like(v.value) if g is None else g for g, v in zip(gradients, variables, strict=True)], variables
        )

    optimizer.build(variables)
    for _ in range(steps):
        step()
    return (np.asarray(layer.encode(features)) != 0).any(axis=0)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_each_row_keeps_its_largest_activations(rng, k):
    layer, kernel, bias = with_weights(rng, 8, k)
    features = rng.normal(size=(20, 5)).astype(np.float32)
    activations = features @ kernel + bias
    expected = np.zeros_like(activations)
    for row, values in enumerate(activations):
        best = np.argsort(values)[-k:]
        expected[row, best] = values[best]
    outputs = layer(features)
    np.testing.assert_allclose(outputs["code"], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(outputs["sample"], outputs["code"])
    np.testing.assert_array_equal(layer.encode(features), outputs["code"])
    np.testing.assert_array_equal(outputs["rate"], np.zeros(20))
    alone = np.concatenate([layer.encode(row[None]) for row in features])
    np.testing.assert_allclose(alone, outputs["code"], atol=1e-5)


def test_of_equal_activations_no_more_than_k_are_kept():
    code = np.asarray(identity(6, 2).encode(np.ones((3, 6), np.float32)))
    np.testing.assert_array_equal((code != 0).sum(axis=1), [2, 2, 2])


def test_gradients_reach_what_is_kept_and_nothing_else():
    layer, features = identity(4, 2), tf.constant([[1.0, 4.0, 3.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(layer.encode(features))
    np.testing.assert_array_equal(tape.gradient(total, features), [[0, 1, 1, 0]])


def test_units_that_no_row_chose_for_long_are_dead_and_evaluation_counts_nothing():
    layer = identity(4, 2, dead_after=3)
    features = np.asarray([[1.0, 4.0, 3.0, 2.0], [1.0, 4.0, 2.0, 3.0]], np.float32)
    for step in range(1, 5):
        outputs = layer(features, training=True)
        np.testing.assert_allclose(outputs["dead"], np.full(2, 0.25 if step >= 3 else 0.0))
    np.testing.assert_array_equal(layer.idle, [3, 0, 0, 0])
    other = np.asarray([[9.0, 0.0, 0.0, 8.0]], np.float32)
    for _ in range(3):
        np.testing.assert_allclose(layer(other)["dead"], [0.25])
    np.testing.assert_array_equal(layer.idle, [3, 0, 0, 0])
    layer(other, training=True)
    np.testing.assert_array_equal(layer.idle, [0, 1, 1, 0])


@pytest.mark.parametrize(("auxiliary_k", "expected"), [(None, [2.0, 6.0]), (2, [5.0, 12.0])])
def test_the_cost_is_how_far_the_nearest_dead_units_are_from_being_chosen(auxiliary_k, expected):
    layer = identity(4, 1, auxiliary_weight=0.5, dead_after=2, auxiliary_k=auxiliary_k)
    features = np.asarray([[9.0, 10.0, 4.0, 6.0], [10.0, 14.0, 2.0, 2.0]], np.float32)
    np.testing.assert_array_equal(layer(features)["cost"], [0.0, 0.0])
    layer.idle.assign([1, 0, 2, 2])  # units 2 and 3 are dead; row 0 chooses 10, row 1 14
    np.testing.assert_allclose(layer(features)["cost"], expected)
    layer.idle.assign([0, 0, 0, 2])  # of two wanted there is but one
    np.testing.assert_allclose(layer(features)["cost"], [2.0, 6.0])


def test_the_cost_moves_the_dead_units_only():
    layer, features = identity(4, 1, dead_after=2), tf.constant([[3.0, 10.0, 4.0, 6.0]])
    layer.idle.assign([0, 0, 2, 0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        cost = layer(features)["cost"]
    np.testing.assert_allclose(tape.gradient(cost, layer.projection.bias.value), [0, 0, -0.03125, 0])
    kernel = tape.gradient(cost, layer.projection.kernel.value)
    np.testing.assert_allclose(kernel, -0.03125 * np.outer(features[0], [0, 0, 1, 0]), rtol=1e-6)
    assert tape.gradient(cost, features) is None


@pytest.mark.parametrize("revived", [True, False])
def test_a_dead_unit_is_used_again_with_the_auxiliary_cost_and_never_without(rng, revived):
    directions = rng.normal(size=(4, 6))
    features = (rng.exponential(size=(128, 4)) @ directions).astype(np.float32)
    keras.utils.set_random_seed(3)  # a start from which the unit neither stays dead with the cost nor revives without
    layer = TopK(4, 2, auxiliary_weight=0.03125 if revived else 0.0, dead_after=10)
    layer.build((None, 6))
    layer.projection.kernel.assign(rng.normal(size=(6, 4)) * 0.3)
    layer.projection.bias.assign([0, 0, 0, -8.0])
    assert not np.asarray(layer.encode(features))[:, 3].any()
    used = trained(layer, features, features, 600)
    assert used[3] == revived
    assert used.all() == revived


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0, "k": 1}, "latent_dim must be at least 1"),
        ({"latent_dim": 4, "k": 5}, "k must be between 1 and latent_dim, 4, not 5"),
        ({"latent_dim": 4, "k": 0}, "k must be between"),
        ({"latent_dim": 4, "k": 1, "auxiliary_k": 9}, "auxiliary_k must be between 1 and latent_dim, 4, not 9"),
        ({"latent_dim": 4, "k": 1, "auxiliary_k": 0}, "auxiliary_k must be between"),
        ({"latent_dim": 4, "k": 1, "dead_after": 0}, "dead_after must be at least 1"),
        ({"latent_dim": 4, "k": 1, "auxiliary_weight": -1.0}, "auxiliary_weight must not be negative"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TopK(**arguments)
