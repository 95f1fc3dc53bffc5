"""Requests as servers take them: rows as tf.Example, and the file that warms a version up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
_EMPTY = {"string": "", "int32": -1, "float32": 0.0}  # what pads rows of unequal length


def features_of_examples(examples: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    """Serialised tf.Example messages [n] -> the arrays that a kind's `specs` name, inside the graph.

    An input of fixed shape is a feature of as many numbers, in rows; a string that is missing is "". One of any length
    is a feature of any length.
    """
    tf = import_tensorflow()
    schema: dict[str, Any] = {}
    for name, spec in specs.items():
        kind = tf.int64 if spec.dtype == tf.int32 else spec.dtype  # tf.Example knows no shorter integer
        if None in spec.shape[1:]:
            schema[name] = tf.io.VarLenFeature(kind)
        else:
            default = "" if kind == tf.string else None
            schema[name] = tf.io.FixedLenFeature(spec.shape[1:], kind, default)
    parsed = tf.io.parse_example(examples, schema)
    longest = [tf.shape(each)[1] for each in parsed.values() if isinstance(each, tf.SparseTensor)]
    arrays = {}
    for name, spec in specs.items():
        values = parsed[name]
        if isinstance(values, tf.SparseTensor):  # all as wide as the longest: indices and their values go together
            width = tf.cast(tf.reduce_max(longest), tf.int64)
            values = tf.sparse.reset_shape(values, [values.dense_shape[0], width])
            values = tf.sparse.to_dense(values, default_value=tf.constant(_EMPTY[spec.dtype.name], values.dtype))
        arrays[name] = tf.cast(values, spec.dtype) if values.dtype != spec.dtype else values
    return arrays


def columns_of_examples(examples: Any, columns: Sequence[str]) -> dict[str, Any]:
    """Serialised tf.Example messages [n] with a feature of one number for each column -> column -> [n] float32."""
    tf = import_tensorflow()
    parsed: dict[str, Any] = tf.io.parse_example(
        examples, {column: tf.io.FixedLenFeature((), tf.float32) for column in columns}
    )
    return parsed


def serialised_examples(arrays: Mapping[str, Any]) -> Any:
    """A kind's arrays [n, ...] -> [n] serialised tf.Example messages; padding is left out."""
    from tensorflow.core.example import example_pb2

    rows = []
    for row in range(len(next(iter(arrays.values())))):
        example = example_pb2.Example()
        kept = _kept(arrays, row)
        for name, array in arrays.items():
            cells = np.atleast_1d(array[row])
            feature = example.features.feature[name]
            if cells.dtype.kind == "f":
                feature.float_list.value.extend(cells[kept].ravel() if cells.ndim == 1 else cells.ravel())
            elif cells.dtype.kind == "i":
                feature.int64_list.value.extend(cells[kept].ravel())
            else:
                feature.bytes_list.value.extend(str(cell).encode() for cell in cells[kept].ravel())
        rows.append(example.SerializeToString())
    return np.asarray(rows, dtype=object)


def _kept(arrays: Mapping[str, Any], row: int) -> Any:
    """Which entries of a row are no padding."""
    if "indices" in arrays:
        return np.asarray(arrays["indices"][row]) >= 0
    return np.asarray(arrays["items"][row]) != "" if "items" in arrays and np.ndim(arrays["items"]) > 1 else slice(None)


def write_warmup(directory: Path, name: str, requests: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes the requests that a server plays before a version serves: one row, and all of them, for each signature.

    A signature that takes no rows is left out: TF Serving with batching refuses scalars, and a version whose warm-up
    fails does not serve.

    Args:
        directory: the SavedModel's.
        name: the model's.
        requests: signature -> input name -> array.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    tf = import_tensorflow()
    path = directory / WARMUP_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests.items():
            if not all(np.ndim(array) for array in inputs.values()):
                continue
            for count in sorted({1, *(len(array) for array in inputs.values())}):
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.model_spec.name = name
                log.predict_log.request.model_spec.signature_name = signature
                for key, array in inputs.items():
                    log.predict_log.request.inputs[key].CopyFrom(tf.make_tensor_proto(array[:count]))
                writer.write(log.SerializeToString())
