"""Weights and embeddings in fewer bits: what is judged is what is stored, and what is stored is small."""

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.export._precision import StoredWeights, round_weights
from zoo.export._signatures import write_saved_model
from zoo.export.exporter import Exporter
from zoo.quiet import import_tensorflow
from zoo.rows import SparseRows
from zoo.tracking.pyfunc_encoder import PyfuncEncoder

tf = import_tensorflow()
from zoo.encoder import Encoder  # noqa: E402
from zoo.likelihoods import Multinomial  # noqa: E402
from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.models.vae import VAE  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402


def dense(width=12, hidden=8):
    tf.keras.utils.set_random_seed(0)
    model = VAE(3, [hidden])
    model.build((None, width))
    return model


def matrices(model):
    return [np.asarray(each.value) for each in model.trainable_variables if len(each.shape) > 1]


def test_float16_weights_are_the_nearest_that_float16_has():
    model = dense()
    before = matrices(model)
    round_weights(model, "float16")
    for old, new in zip(before, matrices(model), strict=True):
        np.testing.assert_array_equal(new, old.astype(np.float16).astype(np.float32))
        assert np.any(new != old)


def test_int8_weights_are_at_most_half_a_step_away_and_have_a_scale_for_each_channel():
    model = dense()
    before = matrices(model)
    round_weights(model, "int8")
    for old, new in zip(before, matrices(model), strict=True):
        step = np.abs(old).max(axis=0) / 127
        assert np.all(np.abs(new - old) <= step / 2 + 1e-7)
        assert all(len(np.unique(column)) <= 255 for column in new.T)
        np.testing.assert_allclose(np.abs(new).max(axis=0), np.abs(old).max(axis=0), rtol=1e-6)


def test_biases_and_statistics_keep_their_bits():
    model = dense()
    vectors = [each for each in model.variables if len(each.shape) < 2]
    before = [np.asarray(each.value) for each in vectors]
    round_weights(model, "int8")
    for old, each in zip(before, vectors, strict=True):
        np.testing.assert_array_equal(old, np.asarray(each.value))


def test_weights_beyond_float16_are_refused():
    model = dense()
    kernel = next(each for each in model.trainable_variables if len(each.shape) > 1)
    kernel.assign(np.full(kernel.shape, 1e6, np.float32))
    with pytest.raises(InputError, match=r"float16 cannot: leave export\.precision"):
        round_weights(model, "float16")


@pytest.mark.parametrize(("precision", "share"), [("float16", 0.55), ("int8", 0.32)])
def test_an_export_with_fewer_bits_is_smaller_and_gives_what_was_rounded(precision, share, tmp_path, rng):
    model = dense(width=300, hidden=400)
    round_weights(model, precision)
    rows = rng.normal(size=(7, 300)).astype(np.float32)
    expected = {
        name: getattr(Encoder.from_model("m", model), name)(rows) for name in ("encode", "reconstruct", "score")
    }
    sizes = {}
    row_kind = Encoder.from_model("m", model).kind
    for kind in ("float32", precision):
        write_saved_model(tmp_path / kind, model, row_kind, kind)
        sizes[kind] = sum(path.stat().st_size for path in (tmp_path / kind / "variables").iterdir())
    assert sizes[precision] < share * sizes["float32"]
    loaded = Encoder.from_saved_model(tmp_path / precision)
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(loaded, name)(rows), values, rtol=1e-5, atol=1e-5)


def test_a_table_is_read_row_by_row_whatever_it_is_stored_as(tmp_path):
    tf.keras.utils.set_random_seed(0)
    model = Autoencoder(EmbeddingBag(4), VAE(3, [8]).bottleneck, MLP([4]), Multinomial())
    model.build((None, 5000))
    round_weights(model, "int8")
    weights = StoredWeights(model, "int8")
    indices = {"indices": np.asarray([[4, 17, -1]], np.int32), "values": np.asarray([[1, 2, 0]], np.float32)}
    expected = np.asarray(model.encode(indices))

    @tf.function
    def encode():
        with weights.in_use():
            return model.encode({name: tf.constant(array) for name, array in indices.items()})

    graph = encode.get_concrete_function()
    np.testing.assert_allclose(graph().numpy(), expected, atol=1e-6)
    kept = tf.compat.v1.graph_util.extract_sub_graph(graph.graph.as_graph_def(), [graph.outputs[0].op.name])
    widened = [node for node in kept.node if node.op == "Cast"]
    shapes = [graph.graph.get_operation_by_name(node.name).outputs[0].shape for node in widened]
    assert all(5000 not in shape.as_list() for shape in shapes if shape.rank is not None)
    write_saved_model(tmp_path / "saved", model, SparseRows(5000), "int8")
    np.testing.assert_allclose(Encoder.from_saved_model(tmp_path / "saved").encode(indices), expected, atol=1e-6)


def test_int8_embeddings_are_judged_and_loaded_as_rounded_and_served_as_integers(splits, tmp_path):
    exporter = Exporter(store=str(tmp_path), precision="float16", output="int8")
    exporter.require_writable("name")
    model = dense()
    plain = Encoder.from_model("plain", dense())
    scale = exporter.lower(model, splits)
    codes = plain.encode(splits.take(splits.train))
    np.testing.assert_allclose(scale, np.quantile(np.abs(codes), 0.9999) / 127, rtol=2e-3)  # the weights are rounded
    judged = Encoder.from_model("judged", model, code_scale=scale)
    rows = splits.take(splits.test)
    steps = np.clip(np.rint(Encoder.from_model("exact", model).encode(rows) / np.float32(scale)), -127, 127)
    np.testing.assert_array_equal(judged.encode(rows), steps.astype(np.float32) * np.float32(scale))
    with exporter.candidate("name", model, splits, {}, scale) as candidate:
        directory = exporter.publish(candidate, "name", 1)
    assert candidate.largest_difference <= 1e-5
    loaded = Encoder.from_saved_model(directory)
    assert loaded.code_scale == pytest.approx(scale)
    np.testing.assert_array_equal(loaded.encode(rows), judged.encode(rows))
    np.testing.assert_array_equal(loaded.encode_words(["key7"])[0], judged.encode(splits.take(slice(7, 8)))[0])
    served = tf.saved_model.load(str(directory)).signatures["serving_default"](vector=tf.constant(rows))
    assert served["embedding"].dtype == tf.int8
    np.testing.assert_array_equal(served["embedding"].numpy(), steps)
    np.testing.assert_allclose(served["scale"].numpy(), np.full(len(rows), scale, np.float32))
    pyfunc = PyfuncEncoder()
    pyfunc.load_context(type("Context", (), {"artifacts": {"saved_model": str(directory)}}))
    np.testing.assert_array_equal(pyfunc.predict(None, rows), judged.encode(rows))
