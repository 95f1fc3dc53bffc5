import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.bottlenecks.linear import Linear  # noqa: E402
from zoo.types.tables import TableSchema  # noqa: E402


def test_the_code_is_an_affine_map_without_a_rate(rng):
    layer = Linear(2)
    layer.build((None, 3))
    kernel, bias, features = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(5, 3)).astype(np.float32)
    layer.projection.kernel.assign(kernel)
    layer.projection.bias.assign(bias)
    outputs = layer(features, training=True)
    np.testing.assert_allclose(outputs["code"], features @ kernel + bias, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(outputs["sample"], outputs["code"])
    np.testing.assert_array_equal(outputs["rate"], np.zeros(5))
    np.testing.assert_array_equal(outputs["cost"], np.zeros(5))
    assert layer.rates(features) is None
    with pytest.raises(ValueError, match="at least 1"):
        Linear(0)


def test_without_a_width_the_code_is_a_quarter_of_the_row():
    for width, wanted in (((30,), 7), ((2,), 1), ((5,), 2), ((1,), 1), ((8, 8, 1), 16)):
        layer = Linear(None)
        with pytest.raises(ValueError, match="not known"):
            layer.build((None, 3))
        layer.apply_schema(TableSchema(width))
        layer.build((None, 3))
        assert layer.latent_dim == layer.get_config()["latent_dim"] == wanted
