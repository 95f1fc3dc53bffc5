"""Images: the channel axis, and pixels on another scale than those that were trained on."""

import warnings

import numpy as np
import pytest

from zoo.data import Digits
from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.models import ConvAutoencoder  # noqa: E402
from zoo.rows import ImageRows  # noqa: E402


@pytest.fixture(scope="module")
def encoder():
    model = ConvAutoencoder(2, widths=[4])
    model.build((None, 8, 8, 1))
    return Encoder.from_model("digits", model, kind=ImageRows((8, 8, 1), limits=(0.0, 255.0)))


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, size=(20, 8, 8, 1), dtype=np.uint8)


def test_a_missing_channel_axis_is_added(encoder, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(encoder.encode(images[..., 0]), encoder.encode(images))
    with pytest.raises(ValueError, match=r"digits takes images \[n, 8, 8, 1\] with pixels from 0 to 255, not \[8, 8\]"):
        encoder.encode(images[0, ..., 0])


@pytest.mark.parametrize(
    ("factor", "told"),
    [
        (1 / 255, r"trained on pixels from 0 to 255, and these go from 0 to 1: multiply by 255"),
        (16 / 255, r"these go from 0 to 16: rescale them"),
        (257, r"these go from 0 to 65535: rescale them to the range"),
    ],
)
def test_pixels_on_another_scale_are_told(encoder, images, factor, told):
    images = images.astype(np.float32)
    images[0, :2, 0] = [[0], [255]]
    with pytest.warns(UserWarning, match=told):
        encoder.encode(images * factor)


def test_black_images_and_images_as_trained_are_not(encoder, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.encode(np.zeros((3, 8, 8, 1)))
        encoder.encode(images)
        encoder.encode(images[:1])


def test_a_table_of_images_knows_its_range():
    kind = Digits().load().kind
    assert kind.limits == (0.0, 255.0)
    assert ImageRows.from_config(kind.get_config()) == kind
