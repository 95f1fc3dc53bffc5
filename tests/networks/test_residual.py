"""Residual networks: any image size, and against a plain NumPy convolution."""

import numpy as np
import pytest
from scipy.signal import correlate2d

from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.networks._residual_block import ResidualBlock  # noqa: E402
from zoo.networks.residual_decoder import ResidualDecoder  # noqa: E402
from zoo.networks.residual_encoder import ResidualEncoder  # noqa: E402


@pytest.mark.parametrize("size", [(28, 28, 1), (32, 32, 3), (9, 14, 2), (1, 1, 1), (8, 8, 1)])
@pytest.mark.parametrize("stem", [1, 2])
def test_any_size_goes_down_and_comes_back(size, stem, rng):
    images = rng.normal(size=(3, *size)).astype(np.float32)
    encoder, decoder = ResidualEncoder([4, 5], stem_stride=stem), ResidualDecoder([5, 4], upscale=stem)
    encoder.build((None, *size))
    features = encoder(images)
    expected = tuple(-(-side // (4 * stem)) for side in size[:2])
    assert tuple(features.shape) == (3, *expected, 5) == (3, *encoder.compute_output_shape((3, *size))[1:])
    decoder.build((None, 6), (None, *size))
    out = decoder(rng.normal(size=(3, 6)).astype(np.float32))
    assert tuple(out.shape[:3]) == (3, *size[:2])
    assert tuple(out.shape) == decoder.compute_output_shape((3, 6))


def test_a_block_is_the_input_plus_two_convolutions_of_its_activation(rng):
    x = rng.normal(size=(1, 6, 7, 2)).astype(np.float32)
    block = ResidualBlock(2, 1, "relu", "none")
    block.build((None, 6, 7, 2))

    def convolved(image, layer):
        kernel, bias = (np.asarray(each) for each in layer.weights)
        out = [sum(correlate2d(image[..., i], kernel[..., i, o], "same") for i in range(2)) for o in range(2)]
        return np.stack(out, axis=-1) + bias

    expected = x[0] + convolved(np.maximum(convolved(np.maximum(x[0], 0), block.first), 0), block.second)
    np.testing.assert_allclose(np.asarray(block(x))[0], expected, atol=1e-4)


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_a_doubling_block_is_the_plain_block_on_the_resized_image(channels, normalisation, rng):
    x = rng.normal(size=(4, 3, 5, channels)).astype(np.float32)
    plain, doubling = (ResidualBlock(2, 1, "relu", normalisation, double=double) for double in (False, True))
    for block in (plain, doubling):
        block.build((None, 3, 5, channels))
    doubling.set_weights(plain.get_weights())
    resized = x.repeat(2, axis=1).repeat(2, axis=2)
    for training in (False, True):
        np.testing.assert_allclose(doubling(x, training=training), plain(resized, training=training), atol=1e-4)
    assert doubling.compute_output_shape((4, 3, 5, channels)) == (4, 6, 10, 2)


def test_batch_normalisation_learns_in_training_only(rng):
    encoder = ResidualEncoder([4], normalisation="batch")
    encoder.build((None, 8, 8, 1))
    images = rng.normal(3, 2, size=(16, 8, 8, 1)).astype(np.float32)
    moving = np.asarray(encoder.norm.moving_mean).copy()
    encoder(images)
    np.testing.assert_array_equal(encoder.norm.moving_mean, moving)
    encoder(images, training=True)
    assert np.abs(np.asarray(encoder.norm.moving_mean) - moving).max() > 0


def test_rows_that_are_no_images_and_empty_networks_are_refused():
    with pytest.raises(ValueError, match="takes images"):
        ResidualEncoder([4]).build((None, 12))
    with pytest.raises(ValueError, match="makes images"):
        ResidualDecoder([4]).build((None, 3), (None, 12))
    for network in (ResidualEncoder, ResidualDecoder):
        with pytest.raises(ValueError, match="at least one stage"):
            network([])
