import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()

from zoo.models.conv_autoencoder import ConvAutoencoder  # noqa: E402
from zoo.preprocessing.rescale import Rescale  # noqa: E402

PIXELS = np.random.default_rng(0).integers(0, 256, size=(4, 8, 8, 1)).astype(np.float32)


@pytest.mark.parametrize(
    ("preprocess", "largest"), [(None, 1.0), ({}, 255.0), ({"rescale": Rescale(scale=1 / 16)}, 255 / 16)]
)
def test_pixels_are_rescaled_unless_the_preprocessing_says_otherwise(preprocess, largest):
    model = ConvAutoencoder(4, [4], preprocess=preprocess)
    model.build((None, 8, 8, 1))
    for each in (model, type(model).from_config(model.get_config())):
        each.build((None, 8, 8, 1))
        target = np.asarray(each(PIXELS)["target"])
        np.testing.assert_allclose(target, PIXELS * largest / 255, rtol=1e-5)
