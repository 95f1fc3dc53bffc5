"""Rows as tf.Example, and warm-up requests, played by a server's own code."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from serving.batching import Batcher
from serving.batching_parameters import BatchingParameters
from serving.inference import play
from serving.servable import Servable
from zoo.export._serving_requests import features_of_examples, serialised_examples, write_warmup
from zoo.export._signatures import calls_on_probes, write_saved_model
from zoo.models import VAE
from zoo.quiet import import_tensorflow
from zoo.rows import DenseRows, ItemRows, RecordRows, SparseRows

tf = import_tensorflow()


def rows_of(kind):
    random = np.random.default_rng(0)
    if kind == "vectors":
        return DenseRows("vector", (3,)), random.normal(size=(4, 3)).astype(np.float32) * [1, 1, 0]
    if kind == "images":
        return DenseRows("image", (2, 3, 1)), random.integers(0, 255, size=(4, 2, 3, 1))
    if kind == "records":
        fields = {"name": ("missing", "other", "ann"), "town": ("missing", "other", "rome")}
        return RecordRows(fields), {"name": ["ann", "", "bob"], "town": ["rome", "ø", ""]}
    if kind == "items":
        return ItemRows(["a", "b"]), [["a"], [], ["b", "a", "?"]]
    return SparseRows(9), csr_array(np.asarray([[0, 2, 0, 0, 0, 0, 0, 0, 5], [0] * 9, [1, 0, 0, 0, 0, 0, 0, 0, 0]]))


@pytest.mark.parametrize("kind", ["vectors", "images", "records", "items", "sparse"])
def test_examples_carry_what_the_rows_give(kind):
    row_kind, rows = rows_of(kind)
    arrays = row_kind.arrays(rows)
    read = tf.function(lambda examples: features_of_examples(examples, row_kind.specs()))(serialised_examples(arrays))
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        values = read[name].numpy()
        assert read[name].dtype == row_kind.specs()[name].dtype
        expected = np.vectorize(str.encode, otypes=[object])(array) if array.dtype == object else array
        np.testing.assert_array_equal(values, expected)


def test_a_string_that_an_example_leaves_out_is_missing():
    row_kind = RecordRows({"name": ("missing", "other", "ann"), "town": ("missing", "other", "rome")})
    example = tf.train.Example()
    example.features.feature["town"].bytes_list.value.append(b"rome")
    read = features_of_examples(tf.constant([example.SerializeToString()]), row_kind.specs())
    assert (read["name"].numpy().tolist(), read["town"].numpy().tolist()) == ([b""], [b"rome"])


def test_an_exported_version_warms_up_every_signature_with_one_row_and_many(splits, tmp_path):
    tf.keras.utils.set_random_seed(0)
    model = VAE(3, [8])
    model.build((None, 12))
    directory = tmp_path / "1"
    write_saved_model(directory, model, splits.kind)
    write_warmup(directory, "name", {name: inputs for name, (inputs, _) in calls_on_probes(model, splits).items()})
    servable = Servable("name", 1, directory)
    played = {}
    # in batches, as TF Serving does: a request without rows would fail, and with it the version
    batcher = Batcher(lambda servable, *rest: servable.run(*rest), BatchingParameters())
    for log in servable.warmup_records():
        response = play(servable, log, batcher.run)
        signature = response.model_spec.signature_name
        shapes = [[dim.size for dim in output.tensor_shape.dim] for output in response.outputs.values()]
        played.setdefault(signature, []).append(shapes[0][0])
    servable.unload(0)
    assert set(played) == {"serving_default", "serving_examples", "reconstruct", "score", "decode", "sample"}
    assert played.pop("sample") == [1, 4]
    assert all(counts == [1, 100] for counts in played.values())
