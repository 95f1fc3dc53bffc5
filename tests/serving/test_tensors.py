"""Tensors as messages, against TensorFlow's own reading and writing."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis.extra import numpy as hnp

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


def test_floats_stand_in_the_field_of_their_type_whatever_their_byte_order():
    values = np.asarray([1.5, np.nan, -np.inf] * 100)
    for dtype, field in ((">f4", "float_val"), ("<f4", "float_val"), ("f8", "double_val")):
        proto = to_proto(values.astype(dtype))
        np.testing.assert_array_equal(list(getattr(proto, field)), values)
        assert not proto.tensor_content
