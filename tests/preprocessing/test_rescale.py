import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.preprocessing.rescale import Rescale  # noqa: E402


def test_pixels_of_0_to_255_become_0_to_1_and_back():
    pixels = np.arange(256, dtype=np.float32).reshape(1, 16, 16, 1)
    scaled = np.asarray(Rescale()(pixels))
    np.testing.assert_allclose(scaled, pixels.astype(np.float64) / 255, rtol=1e-6)
    assert scaled.max() == 1
    np.testing.assert_allclose(Rescale().inverse(scaled), pixels, atol=1e-4)


@pytest.mark.parametrize(("scale", "offset"), [(2.0, -1.0), (0.01, 3.0)])
def test_it_is_a_line_and_its_inverse_the_line_back(scale, offset, rng):
    x = rng.normal(size=(8, 5)).astype(np.float32)
    layer = Rescale(scale, offset)
    np.testing.assert_allclose(layer(x), scale * x.astype(np.float64) + offset, rtol=1e-5)
    np.testing.assert_allclose(layer.inverse(layer(x)), x, atol=1e-4)
    assert not layer.weights


def test_a_scale_that_cannot_be_undone_is_refused():
    for scale in (0.0, -1.0):
        with pytest.raises(ValueError, match="positive"):
            Rescale(scale)
