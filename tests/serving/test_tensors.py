"""Tensors as messages, against TensorFlow's own reading and writing."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis.extra import numpy as hnp
from tensorflow.core.framework import tensor_pb2

from serving.tensors import from_proto, to_proto

TYPES = ["f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


@pytest.mark.parametrize("dtype", TYPES)
@given(data=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=40)))
def test_tensorflow_reads_what_is_written_and_the_other_way_round(dtype, data):
    array = (data.astype(np.float64) - 100).astype(dtype) if dtype != "?" else data > 100
    written = to_proto(array)
    np.testing.assert_array_equal(tf.make_ndarray(written), array)
    assert tf.make_ndarray(written).dtype == array.dtype
    for proto in (written, tf.make_tensor_proto(array)):
        back = from_proto(proto)
        np.testing.assert_array_equal(back, array)
        assert back.dtype == array.dtype


def test_whole_numbers_that_do_not_fit_wrap_round_as_in_tensorflow():
    for dtype, given_, expected in (("DT_UINT8", 300, 44), ("DT_INT8", 200, -56), ("DT_UINT16", -1, 65535)):
        proto = tensor_pb2.TensorProto(dtype=dtype, int_val=[given_], tensor_shape={"dim": [{"size": 2}]})
        assert from_proto(proto).tolist() == 2 * [expected]


def test_the_last_text_goes_on_with_all_its_bytes():
    proto = tensor_pb2.TensorProto(dtype="DT_STRING", string_val=[b"x", b"a\0"], tensor_shape={"dim": [{"size": 4}]})
    assert (
        from_proto(proto).tolist()
        == [b"x", b"a\0", b"a\0", b"a\0"]
        == tf.io.parse_tensor(proto.SerializeToString(), tf.string).numpy().tolist()
    )


def test_what_numpy_has_no_type_for_is_refused():
    for dtype in ("DT_RESOURCE", "DT_VARIANT", "DT_INVALID"):
        for content in (b"", b"12345678"):
            with pytest.raises(TypeError):
                from_proto(tensor_pb2.TensorProto(dtype=dtype, tensor_content=content))


def test_a_small_message_takes_no_gigabytes():
    for dtype, values in (("DT_FLOAT", {"float_val": [1]}), ("DT_HALF", {"half_val": [1]}), ("DT_COMPLEX64", {})):
        proto = tensor_pb2.TensorProto(dtype=dtype, tensor_shape={"dim": [{"size": 2**29}]}, **values)
        with pytest.raises(ValueError, match="must not take gigabytes"):
            from_proto(proto)
    proto = tensor_pb2.TensorProto(dtype="DT_HALF", tensor_shape={"dim": [{"size": 3}]}, half_val=[15360])
    assert from_proto(proto).tolist() == [1, 1, 1]


def test_floats_stand_in_the_field_of_their_type_whatever_their_byte_order():
    values = np.asarray([1.5, np.nan, -np.inf] * 100)
    for dtype, field in ((">f4", "float_val"), ("<f4", "float_val"), ("f8", "double_val")):
        proto = to_proto(values.astype(dtype))
        np.testing.assert_array_equal(list(getattr(proto, field)), values)
        assert not proto.tensor_content
