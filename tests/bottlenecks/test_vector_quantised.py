import numpy as np
import pytest
from scipy.spatial.distance import cdist

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.bottlenecks.vector_quantised import VectorQuantised  # noqa: E402


def identity(width, groups, codes, **arguments):
    """A bottleneck whose z_e are the features."""
    layer = VectorQuantised(width, groups, codes, **{"seed": 1, **arguments})
    layer.build((None, width))
    layer.projection.kernel.assign(np.eye(width))
    return layer


def nearest(features, books):
    """By SciPy's distances: the choices [rows, groups] and the code [rows, width]."""
    parts = np.split(np.asarray(features, np.float64), len(books), axis=1)
    chosen = [cdist(part, book).argmin(axis=1) for part, book in zip(parts, books, strict=True)]
    return np.stack(chosen, 1), np.concatenate([b[c] for b, c in zip(books, chosen, strict=True)], axis=1)


def state(layer):
    return [np.asarray(weight).copy() for weight in layer.non_trainable_variables]


def test_each_part_becomes_the_nearest_vector_of_its_codebook(rng):
    layer, features = identity(6, 3, 5), rng.normal(size=(40, 6)).astype(np.float32)
    _, expected = nearest(features, np.asarray(layer.codebooks))
    outputs = layer(features)
    np.testing.assert_allclose(outputs["code"], expected, rtol=1e-6)
    np.testing.assert_array_equal(outputs["code"], layer.encode(features))
    np.testing.assert_array_equal(outputs["sample"], outputs["code"])
    np.testing.assert_allclose(outputs["rate"], np.full(40, 3 * np.log(5)), rtol=1e-6)
    np.testing.assert_allclose(outputs["cost"], 0.25 * ((features - expected) ** 2).sum(axis=1), rtol=1e-5)
    alone = np.concatenate([layer.encode(row[None]) for row in features])
    np.testing.assert_array_equal(alone, outputs["code"])
    assert layer.assign(features) is None
    assert layer.rates(features) is None


def test_gradients_pass_the_codebook_and_the_cost_pulls_towards_it(rng):
    layer, features = identity(4, 2, 3, commitment=0.5), tf.constant(rng.normal(size=(7, 4)).astype(np.float32))
    upstream = rng.normal(size=(7, 4)).astype(np.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        outputs = layer(features)
        through, cost = tf.reduce_sum(outputs["sample"] * upstream), tf.reduce_sum(outputs["cost"])
    np.testing.assert_allclose(tape.gradient(through, features), upstream, rtol=1e-6)
    expected = 2 * 0.5 * (np.asarray(features) - np.asarray(outputs["code"]))
    np.testing.assert_allclose(tape.gradient(cost, features), expected, rtol=1e-4, atol=1e-6)


def test_codebooks_are_moving_averages_of_what_chose_them(rng):
    layer = identity(4, 2, 3, decay=0.8, revive_below=0.0)
    books, uses, sums = np.asarray(layer.codebooks, np.float64).copy(), np.zeros((2, 3)), np.zeros((2, 3, 2))
    for _ in range(5):
        features = rng.normal(size=(9, 4)).astype(np.float32)
        chosen, _ = nearest(features, books)
        layer(features, training=True)
        for group in range(2):
            for code in range(3):
                mine = features[chosen[:, group] == code, 2 * group : 2 * group + 2]
                uses[group, code] = 0.8 * uses[group, code] + 0.2 * len(mine) / 9
                sums[group, code] = 0.8 * sums[group, code] + 0.2 * mine.sum(axis=0) / 9
                if uses[group, code]:
                    books[group, code] = sums[group, code] / uses[group, code]
        np.testing.assert_allclose(layer.codebooks, books, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.uses, uses, rtol=1e-5)
    np.testing.assert_allclose(layer.usage(), uses / uses.sum(axis=1, keepdims=True), rtol=1e-5)


def test_evaluation_changes_no_state_and_training_does(rng):
    layer, features = identity(4, 2, 3), rng.normal(size=(9, 4)).astype(np.float32)
    before = state(layer)
    for call in (layer, layer.encode, tf.function(layer.encode)):
        call(features)
    for now, then in zip(state(layer), before, strict=True):
        np.testing.assert_array_equal(now, then)
    layer(features, training=True)
    assert all((now != then).any() for now, then in zip(state(layer), before, strict=True))


def test_the_first_step_puts_the_codebooks_where_the_data_is(rng):
    layer, features = identity(4, 2, 8), (rng.normal(size=(64, 4)) + 100).astype(np.float32)
    layer(features, training=True)
    books = np.asarray(layer.codebooks)
    assert np.abs(books - 100).max() < 5
    chosen, _ = nearest(features, books)
    assert [len(np.unique(column)) for column in chosen.T] == [8, 8]


def test_a_code_that_is_not_used_is_moved_to_a_row_and_used_ones_stay(rng):
    layer = identity(2, 1, 3, decay=0.5, revive_below=0.1)
    features = rng.normal(size=(30, 2)).astype(np.float32)
    far = np.asarray([[[0.0, 0.5], [0.5, 0.0], [1e3, 1e3]]])
    layer.codebooks.assign(far)
    layer.uses.assign(np.full((1, 3), 1 / 3))
    layer.sums.assign(far / 3)
    for _ in range(3):  # 1/3 halved three times is 0.04, not yet below 0.1 / 3
        layer(features, training=True)
        np.testing.assert_allclose(np.asarray(layer.codebooks)[0, 2], [1e3, 1e3], rtol=1e-4)
    for _ in range(2):
        layer(features, training=True)
    assert np.abs(np.asarray(layer.codebooks)).max() < 5
    assert np.asarray(layer.usage()).min() > 0.1


def test_without_revival_an_unused_code_stays_where_it_was(rng):
    layer = identity(2, 1, 2, decay=0.1, revive_below=0.0)
    layer.codebooks.assign([[[0.0, 0.0], [50.0, 50.0]]])
    for _ in range(60):
        layer(rng.normal(size=(8, 2)).astype(np.float32), training=True)
    np.testing.assert_array_equal(np.asarray(layer.codebooks)[0, 1], [50.0, 50.0])


def test_codebooks_follow_the_seed(rng):
    features, books = rng.normal(size=(30, 4)).astype(np.float32), []
    for seed in (1, 1, 2):
        layer = identity(4, 2, 5, seed=seed)
        for _ in range(3):
            layer(features, training=True)
        books.append(np.asarray(layer.codebooks))
    np.testing.assert_array_equal(books[0], books[1])
    assert np.abs(books[0] - books[2]).max() > 0.01


def test_perplexity_counts_the_codes_in_use():
    layer, features = identity(4, 2, 4), np.zeros((5, 4), np.float32)
    np.testing.assert_allclose(layer(features)["perplexity"], np.ones(5))
    layer.uses.assign([[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(layer(features)["perplexity"], np.full(5, 3.0), rtol=1e-5)
    layer.uses.assign([[0.7, 0.1, 0.1, 0.1], [1, 0, 0, 0]])
    entropy = -(0.7 * np.log(0.7) + 0.3 * np.log(0.1))
    np.testing.assert_allclose(layer(features)["perplexity"], np.full(5, (np.exp(entropy) + 1) / 2), rtol=1e-5)


def test_rows_that_are_not_finite_show_in_their_code_and_leave_the_codebooks_sound(rng):
    layer, features = identity(4, 2, 3), rng.normal(size=(12, 4)).astype(np.float32)
    features[3, 1], features[7, 2] = np.nan, np.inf
    for _ in range(4):
        code = np.asarray(layer(features, training=True)["code"])
    assert all(np.isfinite(value).all() for value in state(layer))
    assert np.isnan(code[3]).any()
    assert np.isnan(code[7]).any()
    assert np.isfinite(np.delete(code, [3, 7], axis=0)).all()
    for each in (layer, identity(4, 2, 3)):  # one whose codes are in use, and one that would move them all
        each(np.full((5, 4), np.nan, np.float32), training=True)
        assert all(np.isfinite(value).all() for value in state(each))


def test_more_codes_than_rows_train_in_a_graph(rng):
    layer = identity(4, 2, 32)
    step = tf.function(lambda x: layer(x, training=True)["cost"], input_signature=[tf.TensorSpec((None, 4))])
    for rows in (1, 5, 12):
        assert np.isfinite(np.asarray(step(rng.normal(size=(rows, 4)).astype(np.float32)))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 6, "groups": 4}, "groups must divide latent_dim, 6: 4 does not, but 1, 2, 3, 6 do"),
        ({"groups": 0}, "must be at least 1"),
        ({"codes": 0}, "must be at least 1"),
        ({"latent_dim": 0}, "must be at least 1"),
        ({"commitment": -1.0}, "must not be negative"),
        ({"revive_below": -1.0}, "must not be negative"),
        ({"decay": 1.0}, "decay must be at least 0 and below 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        VectorQuantised(**{"latent_dim": 4, "groups": 2, "codes": 3, **arguments})
