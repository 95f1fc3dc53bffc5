"""A chain against its parts, called by hand."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.corruptions.chain import Chain  # noqa: E402
from zoo.corruptions.gaussian_noise import GaussianNoise  # noqa: E402
from zoo.corruptions.masking import Masking  # noqa: E402
from zoo.corruptions.random_affine import RandomAffine  # noqa: E402


def test_each_corruption_sees_what_the_one_before_it_left(rng):
    rows = rng.normal(size=(50, 20)).astype(np.float32)
    noise, mask = (lambda: GaussianNoise(0.5, seed=1)), (lambda: Masking(0.5, seed=2))
    expected = np.asarray(mask()(noise()(rows, training=True), training=True))
    chained = np.asarray(Chain({"noise": noise(), "mask": mask()})(rows, training=True))
    np.testing.assert_array_equal(chained, expected)
    turned = np.asarray(Chain({"mask": mask(), "noise": noise()})(rows, training=True))
    assert np.mean(chained == 0) > 0.4  # masked last: what is masked is 0
    assert np.mean(turned == 0) == 0  # noise last: nothing is


def test_it_is_the_identity_at_inference_and_says_what_it_lacks(rng):
    images = rng.uniform(size=(3, 8, 8, 1)).astype(np.float32)
    chain = Chain({"affine": RandomAffine(), "noise": GaussianNoise()})
    np.testing.assert_array_equal(chain(images), images)
    with pytest.raises(ValueError, match="needs a corruption"):
        Chain({})
