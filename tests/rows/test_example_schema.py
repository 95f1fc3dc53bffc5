"""The schema, read with TFX's own messages, describes the examples that the signature reads."""

import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from zoo.export._serving_requests import serialised_examples
from zoo.quiet import import_tensorflow
from zoo.rows import DenseRows, ItemRows, RecordRows, SparseRows
from zoo.rows.example_schema import schema_of
from zoo.rows.field import Field
from zoo.types import MISSING, OTHER

tf = import_tensorflow()
FIELDS = {"name": (MISSING, OTHER, "ann", "bob"), "age": Field.of_intervals([10], [True, True])}


def parsed(row_kind):
    return text_format.Parse(schema_of(row_kind), schema_pb2.Schema())


def specification(schema):
    """What TensorFlow Transform makes of such a schema, in the same words."""
    kinds = {schema_pb2.FLOAT: tf.float32, schema_pb2.INT: tf.int64, schema_pb2.BYTES: tf.string}
    return {
        each.name: tf.io.FixedLenFeature(
            [dim.size for dim in each.shape.dim], kinds[each.type], "" if each.type == schema_pb2.BYTES else None
        )
        if each.HasField("shape")
        else tf.io.VarLenFeature(kinds[each.type])
        for each in schema.feature
    }


@pytest.mark.parametrize(
    ("row_kind", "rows"),
    [
        (DenseRows("vector", (3,)), np.arange(6, dtype=np.float32).reshape(2, 3)),
        (DenseRows("image", (2, 2, 1)), np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1)),
        (RecordRows(FIELDS), {"name": ["ann", ""], "age": ["7", "12"]}),
        (ItemRows(["milk", "rye"]), [["milk"], ["rye", "milk"]]),
        (SparseRows(9), {"indices": [[1, -1], [2, 8]], "values": [[1.0, 0.0], [2.0, 3.0]]}),
    ],
)
def test_examples_can_be_read_by_the_schema(row_kind, rows):
    arrays = row_kind.arrays(rows)
    read = tf.io.parse_example(serialised_examples(arrays), specification(parsed(row_kind)))
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        if isinstance(read[name], tf.SparseTensor):
            kept = array[array != ""] if array.dtype == object else array[arrays["indices"] >= 0]
            np.testing.assert_array_equal(
                read[name].values.numpy().astype(kept.dtype if kept.dtype != object else "U"), kept
            )
        else:
            got = read[name].numpy()
            np.testing.assert_array_equal(np.char.decode(got.astype("S")) if array.dtype == object else got, array)


def test_vocabularies_are_domains_and_intervals_are_not():
    schema = parsed(RecordRows(FIELDS))
    assert {each.name: list(each.value) for each in schema.string_domain} == {"name": ["ann", "bob"]}
    assert {each.name: each.domain for each in schema.feature} == {"name": "name", "age": ""}
    assert parsed(ItemRows(["milk", "rye"])).string_domain[0].value == ["milk", "rye"]


def test_numbers_must_be_there_and_strings_may_be_missing():
    assert parsed(DenseRows("vector", (3,))).feature[0].presence.min_fraction == 1
    assert not parsed(RecordRows(FIELDS)).feature[0].HasField("presence")
