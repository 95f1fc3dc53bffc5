import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.bottlenecks.identity import Identity  # noqa: E402


def test_the_code_is_what_the_encoder_made_without_a_rate(rng):
    layer, features = Identity(3), rng.normal(size=(5, 3)).astype(np.float32)
    outputs = layer(features, training=True)
    for each in (outputs["code"], outputs["sample"], layer.encode(features)):
        np.testing.assert_array_equal(each, features)
    for each in (outputs["rate"], outputs["cost"]):
        np.testing.assert_array_equal(each, np.zeros(5))
    assert layer.rates(features) is None


def test_another_width_is_refused_with_both_named():
    with pytest.raises(ValueError, match=r"makes 4 features .* latent_dim=3"):
        Identity(3).build((None, 4))
    with pytest.raises(ValueError, match="at least 1"):
        Identity(0)
