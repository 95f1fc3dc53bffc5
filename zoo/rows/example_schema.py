"""What the tf.Example messages of an encoder look like, as TensorFlow Data Validation and TFX read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.rows.row_kind import RowKind

SCHEMA_FILE = "schema.pbtxt"
_MOST_VALUES = 10_000  # a longer vocabulary says nothing to a reader, and TFX reads it for every row
_TYPES = {"string": "BYTES", "int32": "INT", "float32": "FLOAT"}


def schema_of(kind: RowKind) -> str:
    """The schema of `serving_examples` as the text of a `tensorflow_metadata.proto.v0.Schema`.

    Args:
        kind: what the encoder takes: each of its inputs is a feature.
    """
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = schema_pb2.Schema()
    for name, spec in kind.specs().items():
        feature = schema.feature.add(name=name, type=_TYPES[spec.dtype.name])
        if None in spec.shape[1:]:
            feature.value_count.min = 0
            continue
        for size in spec.shape[1:]:
            feature.shape.dim.add(size=size)
        if len(spec.shape) == 1:
            feature.shape.SetInParent()  # a scalar: a shape of no dimensions
        if spec.dtype.name != "string":  # a string may be missing, which is a category of its own
            feature.presence.min_fraction = 1.0
            feature.presence.min_count = 1
    for name, values in kind.vocabularies().items():
        if not 0 < len(values) <= _MOST_VALUES:
            continue
        domain = schema.string_domain.add(name=name, value=values)
        feature = next(each for each in schema.feature if each.name == name)
        feature.domain = domain.name
        feature.distribution_constraints.min_domain_mass = 0.0  # what is not in it is encoded as unknown
    return str(text_format.MessageToString(schema))
