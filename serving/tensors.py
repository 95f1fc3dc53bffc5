"""TensorProto <-> NumPy, as TensorFlow Serving fills them: values in the field of their type."""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow.core.framework import tensor_pb2

from serving.budget import LARGE, require_slow_lane
from serving.servable import import_tensorflow

_MOST_REPEATED = 2**22  # values that a message need not hold: as many as the largest message may
_BYTES_OF_A_TEXT, _BYTES_OF_A_NUMBER = 16, 4  # of a message, for each value
_AT_ONCE = 2**13  # values: half a millisecond
_TOO_FEW = "a small message must not take gigabytes"
_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "int16": "int_val",
    "int8": "int_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}


def from_proto(proto: Any) -> Any:
    """TensorProto -> array; strings become an array of `bytes` objects.

    Raises:
        ValueError: the content does not fit the type and shape.
        TypeError: a type that NumPy does not have.
    """
    tf = import_tensorflow()
    dtype = tf.as_dtype(proto.dtype)
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if min(shape, default=0) < 0 or proto.tensor_shape.unknown_rank:
        raise ValueError(f"not a shape: {shape}")
    count = 1
    for size in shape:
        count *= size  # as an integer of any size: an array's product could wrap round
    if dtype == tf.string:
        require_slow_lane(_BYTES_OF_A_TEXT * len(proto.string_val), LARGE)
        return _repeated(_array(proto.string_val, object), count, b"").reshape(shape)
    try:
        numpy_type = dtype.as_numpy_dtype
    except KeyError:
        raise TypeError(f"{dtype.name} has no numbers") from None
    if proto.tensor_content:
        if len(proto.tensor_content) != count * dtype.size:
            raise ValueError("tensor_content is not as long as type and shape say")
        return np.frombuffer(proto.tensor_content, dtype=numpy_type).reshape(shape)
    field = _FIELDS.get(dtype.name)
    if field is None:
        if count > max(_MOST_REPEATED, proto.ByteSize()):
            raise ValueError(f"{proto.ByteSize()} bytes for a shape of {count}: {_TOO_FEW}")
        return tf.make_ndarray(proto)
    wide = np.int32 if field == "int_val" else numpy_type  # what does not fit wraps round, as in TensorFlow
    written = getattr(proto, field)
    require_slow_lane(_BYTES_OF_A_NUMBER * len(written), LARGE)  # Python looks at each
    numbers = _array(written, wide).astype(numpy_type, copy=False)
    return _repeated(numbers, count, 0).reshape(shape)


def to_proto(array: Any) -> Any:
    """Array -> TensorProto."""
    tf = import_tensorflow()
    if array.dtype.kind in "OSU":
        return tf.make_tensor_proto(array, dtype=tf.string)
    field = _FIELDS.get(array.dtype.name)
    if field is None:
        return tf.make_tensor_proto(array)
    proto = tensor_pb2.TensorProto(dtype=tf.as_dtype(array.dtype).as_datatype_enum)
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if array.dtype.kind == "f" and array.size:
        # packed floats are their bytes, little-endian, behind the field's number and their length
        packed = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        key = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name[field].number << 3 | 2
        proto.MergeFromString(bytes([key]) + _varint(len(packed)) + packed)
    else:
        written, values = getattr(proto, field), array.ravel()
        for begin in range(0, len(values), _AT_ONCE):
            written.extend(values[begin : begin + _AT_ONCE].tolist())
    return proto


def _array(values: Any, dtype: Any) -> Any:
    """A message's repeated values as an array, some at a time, since nothing else runs while they are looked at."""
    array = np.empty(len(values), dtype)
    for begin in range(0, len(values), _AT_ONCE):
        array[begin : begin + _AT_ONCE] = values[begin : begin + _AT_ONCE]
    return array


def _varint(number: int) -> bytes:
    """A whole number as protocol buffers write it: seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


def _repeated(values: Any, count: int, empty: Any) -> Any:
    """Fewer values than the shape holds mean that the last one goes on."""
    if len(values) == count:
        return values
    _require_so_many(len(values), count)
    rest = np.empty(count - len(values), values.dtype)
    rest.fill(values[-1] if len(values) else empty)  # np.full cuts off the zeros that a text ends in
    return np.concatenate([values, rest])


def _require_so_many(values: int, count: int) -> None:
    if values > count:
        raise ValueError(f"{values} values for a shape of {count}")
    if values < count and count > _MOST_REPEATED:
        raise ValueError(f"{values} values for a shape of {count}: {_TOO_FEW}")
