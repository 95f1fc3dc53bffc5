import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.networks.mlp import MLP  # noqa: E402
from zoo.networks.patch_codes import PatchCodes  # noqa: E402
from zoo.patches import Grid, PatchFeatures, Whitening, centroids_of  # noqa: E402

COUNT = 30


@pytest.fixture(scope="module")
def images():
    """Smooth images, as photographs are: neighbouring pixels are alike."""
    noise = np.random.default_rng(0).uniform(size=(COUNT, 14, 13, 2))
    return ((noise + np.roll(noise, 1, axis=1) + np.roll(noise, 1, axis=2)) / 3).astype(np.float32)


def adapted(images, **arguments):
    layer = PatchCodes(**{"centroids": 7, "side": 4, "patches": 600, **arguments})
    layer.build((None, *images.shape[1:]))
    layer.adapt(lambda: [(images[:12], np.ones(12)), (images[12:], np.ones(COUNT - 12))])
    return layer


def test_features_are_those_that_numpy_sums(images):
    """The convolution gives what cutting, normalising and whitening each patch, and measuring it, gives."""
    layer = adapted(images, stride=2)
    grid, random = Grid(4, 2), np.random.default_rng(layer.seed)
    each = -(-600 // COUNT)
    patches = np.concatenate([grid.some(block, each, random) for block in (images[:12], images[12:])])
    whitening = Whitening.of(patches, 1.0)
    summed = PatchFeatures(grid, whitening, centroids_of(whitening(patches), 7, layer.seed)).of([images])
    counts = np.repeat([3 * 3, 3 * 2, 3 * 3, 3 * 2], 7)  # patches in the quarters of 6 x 5 places
    means = summed / counts
    expected = (means - means.mean(axis=0)) / means.std(axis=0)
    np.testing.assert_allclose(layer(images), expected, atol=2e-3)


def test_it_trains_at_a_stride_of_its_own(images):
    layer, other = adapted(images, training_stride=3), adapted(images, stride=3)
    features = [np.asarray(each._pooled(tf.constant(images), 3)) for each in (layer, other)]
    trained = (features[0] - layer.mean) / layer.deviation
    np.testing.assert_allclose(layer(images, training=True), trained, atol=1e-5)
    assert np.abs(layer(images, training=True) - layer(images)).max() > 0.1


def test_only_the_body_is_trained_and_light_and_contrast_do_not_count(images):
    layer = adapted(images, body=MLP([5]))
    assert {id(each) for each in layer.trainable_variables} == {id(each) for each in layer.body.trainable_variables}
    bare = adapted(images)
    np.testing.assert_allclose(bare(images * 0.5 + 0.4), bare(images), atol=0.05)
    with tf.GradientTape() as tape:
        outputs = keras.ops.sum(keras.ops.square(layer(tf.constant(images), training=True)))
    assert all(np.abs(each).max() > 0 for each in tape.gradient(outputs, layer.trainable_variables))


def test_bfloat16_changes_features_little(images):
    exact = adapted(images)
    short = PatchCodes(7, 4, dtype="mixed_bfloat16")
    short.build((None, *images.shape[1:]))
    short.set_weights(exact.get_weights())
    error = np.abs(np.asarray(tf.cast(short(images), tf.float32)) - np.asarray(exact(images)))
    assert error.mean() < 0.1


def test_fewer_patches_than_centroids_and_flat_images_are_finite():
    flat = np.full((3, 6, 6, 1), 0.5, np.float32)
    layer = PatchCodes(20, 5, patches=3)
    layer.build((None, 6, 6, 1))
    layer.adapt(lambda: [(flat, np.ones(3))])
    np.testing.assert_array_equal(np.isfinite(layer(flat)), True)


def test_rows_that_are_no_images_and_patches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="images"):
        PatchCodes().build((None, 8))
    with pytest.raises(ValueError, match="side=6 do not fit into images of 5 x 9"):
        PatchCodes().build((None, 5, 9, 1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"side": 8}, "side=8 with stride=1 lie in a single row or column of images of 8 x 20 pixels.*side below 8"),
        ({"side": 6, "stride": 3}, "take stride=2 or less"),
        ({"side": 6, "training_stride": 4}, "take training_stride=2 or less"),
    ],
)
def test_a_single_row_of_patches_is_refused_since_two_quarters_would_have_no_mean(arguments, said):
    with pytest.raises(ValueError, match=said):
        PatchCodes(**arguments).build((None, 8, 20, 1))
    PatchCodes(side=6, stride=2).build((None, 8, 20, 1))
