"""Every bottleneck that is no plain map, in mixed precision and in a graph."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.flow_prior import FlowPrior  # noqa: E402
from zoo.bottlenecks.gaussian import Gaussian  # noqa: E402
from zoo.bottlenecks.gaussian_mixture import GaussianMixture  # noqa: E402
from zoo.bottlenecks.sparse_l1 import SparseL1  # noqa: E402
from zoo.bottlenecks.top_k import TopK  # noqa: E402
from zoo.bottlenecks.vamp_prior import VampPrior  # noqa: E402
from zoo.bottlenecks.vector_quantised import VectorQuantised  # noqa: E402

MAKE = {
    "gaussian": lambda **more: Gaussian(4, **more),
    "mixture": lambda **more: GaussianMixture(4, 3, **more),
    "flow": lambda **more: FlowPrior(4, **more),
    "vamp": lambda **more: VampPrior(4, 3, **more),
    "l1": lambda **more: SparseL1(4, 0.1, **more),
    "top_k": lambda **more: TopK(4, 2, dead_after=1, **more),
    "vector_quantised": lambda **more: VectorQuantised(4, 2, 3, **more),
}


def ready(name, **more):
    keras.utils.set_random_seed(0)
    layer = MAKE[name](**more)
    layer.build((None, 5), *(((None, 6),) if name == "vamp" else ()))
    return layer, {"pseudo": np.eye(5, dtype=np.float32)[:3]} if name == "vamp" else {}


@pytest.mark.parametrize("name", MAKE)
def test_what_comes_out_is_float32_and_finite_whatever_networks_compute_in(name, rng):
    features = rng.normal(size=(16, 5)).astype(np.float32)
    layer, more = ready(name, dtype="mixed_bfloat16")
    assert layer.compute_dtype == "bfloat16"
    for training in (True, False):
        outputs = layer(tf.cast(features, "bfloat16"), training=training, **more)
        for key, value in outputs.items():
            assert value.dtype == "float32", key
            assert np.isfinite(np.asarray(value)).all(), key
            assert value.shape == ((16, 4) if key in {"code", "sample"} else (16,)), key


@pytest.mark.parametrize("name", MAKE)
def test_a_graph_gives_what_is_given_without_one_for_any_number_of_rows(name, rng):
    features = rng.normal(size=(16, 5)).astype(np.float32)
    layer, more = ready(name)
    graph = tf.function(lambda x: layer(x, **more), input_signature=[tf.TensorSpec((None, 5))])
    for rows in (features, features[:1]):
        expected = layer(rows, **more)
        for key, value in graph(rows).items():
            np.testing.assert_allclose(value, expected[key], atol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", MAKE)
def test_evaluation_leaves_every_weight_as_it_is(name, rng):
    layer, more = ready(name)
    before = [np.asarray(weight).copy() for weight in layer.variables]
    layer(rng.normal(size=(16, 5)).astype(np.float32), **more)
    for now, then in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(now, then)
