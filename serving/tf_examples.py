"""tf.Example messages without TensorFlow, which takes seconds to import: the same messages, in a pool of their own.

After tensorflow/core/example/feature.proto and example.proto.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_LISTS = {"BytesList": _Field.TYPE_BYTES, "FloatList": _Field.TYPE_FLOAT, "Int64List": _Field.TYPE_INT64}
_KINDS = {"bytes_list": "BytesList", "float_list": "FloatList", "int64_list": "Int64List"}


@cache
def example_class() -> Any:
    """The class of tf.Example."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


def _file() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    for name, kind in _LISTS.items():
        field = file.message_type.add(name=name).field.add(name="value", number=1, type=kind)
        field.label = _Field.LABEL_REPEATED
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, (name, kind_name) in enumerate(_KINDS.items(), 1):
        _message(feature, name, number, kind_name).oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    _message(entry, "value", 2, "Feature")
    _message(features, "feature", 1, "Features.FeatureEntry").label = _Field.LABEL_REPEATED
    _message(file.message_type.add(name="Example"), "features", 1, "Features")
    return file


def _message(of: Any, name: str, number: int, kind: str) -> Any:
    """Adds a field that holds a message."""
    field = of.field.add(name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=f".tensorflow.{kind}")
    field.label = _Field.LABEL_OPTIONAL
    return field
