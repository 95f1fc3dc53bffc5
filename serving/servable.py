"""One loaded version of a model: its signatures, run in a session as TensorFlow Serving runs them."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.errors import ServingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_INIT_OP = "__saved_model_init_op"
_PREAMBLE = "Graph execution error:\n\n"
WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
_MOST_WARMUP_RECORDS = 1000
_MOST_RUNNERS = 256
_IN_CALLERS_THREAD = -1  # TensorFlow's value of RunOptions.inter_op_thread_pool


@cache  # asked for in each request; telling the logger anew costs microseconds
def import_tensorflow() -> Any:
    """The `tensorflow` module, without its chatter."""
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    return tf


class Servable:
    """A version of a model, loaded.

    TensorFlow Serving does not compare what it is sent with the declared shapes: the graph decides. So the declared
    inputs are replaced, when the graph is read, by placeholders of any shape. A graph that broadcasts then answers rows
    of the wrong width; the zoo's graphs look at their inputs themselves, others can be held to what they declare.

    Args:
        name: the model's name.
        version: the version's number.
        directory: the SavedModel.
        tags: which of the SavedModel's graphs.
        options: fields of TensorFlow's ConfigProto.
        declared_shapes_only: refuse inputs of other shapes than the signature declares.

    Attributes:
        name: as above.
        version: as above.
        signatures: signature name -> SignatureDef.
        input_types: signature name -> input name -> DataType.
        output_names: signature name -> its outputs, in their order.

    Raises:
        ServingError: the folder does not hold a SavedModel that can be loaded.
    """

    def __init__(
        self,
        name: str,
        version: int,
        directory: Path,
        tags: Sequence[str] = ("serve",),
        options: Mapping[str, Any] | None = None,
        *,
        declared_shapes_only: bool = False,
    ) -> None:
        tf = import_tensorflow()
        self._declared_shapes_only = declared_shapes_only
        self.name, self.version, self._directory = name, version, directory
        self._users, self._idle = 0, threading.Condition()
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph, config=tf.compat.v1.ConfigProto(**(options or {})))
        try:
            with graph.as_default():
                # names in the inputs' order: TensorFlow sorts what commutes by name, and its messages show it
                inputs = {
                    info.name: tf.compat.v1.placeholder(info.dtype, name=f"request_{info.name.partition(':')[0]}")
                    for signature in _signatures(directory, tags).values()
                    for info in signature.inputs.values()
                }
                loaded = tf.compat.v1.saved_model.load(self._session, list(tags), str(directory), input_map=inputs)
        except Exception as error:
            self._session.close()
            raise ServingError("INTERNAL", f"{directory} could not be loaded: {_message(error)}") from error
        self.signatures: dict[str, Any] = dict(loaded.signature_def)
        self.input_types = {
            name: {alias: info.dtype for alias, info in each.inputs.items()} for name, each in self.signatures.items()
        }
        self.output_names = {name: sorted(each.outputs) for name, each in self.signatures.items()}
        self._inputs = {
            name: (placeholder.name, placeholder.dtype, placeholder.dtype.as_numpy_dtype)
            for name, placeholder in inputs.items()
        }
        self._runners: dict[tuple[tuple[str, ...], tuple[str, ...]], Any] = {}
        self._in_callers_thread = (options or {}).get("inter_op_parallelism_threads", 0) < 2

    def run(self, signature: Any, arrays: Mapping[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
        """Runs a signature.

        Args:
            signature: its SignatureDef.
            arrays: input name -> array.
            outputs: names of the outputs that are wanted.

        Returns:
            Output name -> array.

        Raises:
            ServingError: with what TensorFlow says.
        """
        tf = import_tensorflow()
        feeds = {}
        for name, array in arrays.items():
            feed, expected, numpy_type = self._inputs[signature.inputs[name].name]
            if array.dtype != numpy_type and (array.dtype.kind, expected) != ("S", tf.string):
                actual = tf.as_dtype(array.dtype).name if array.dtype != object else "string"
                words = f"Type mismatch: actual {_cpp(actual)} vs. expect {_cpp(expected.name)}"
                raise ServingError("INVALID_ARGUMENT", words)
            if self._declared_shapes_only:
                _require_shape(name, array, signature.inputs[name].tensor_shape)
            feeds[feed] = array
        runner = self._runner(tuple(feeds), tuple(signature.outputs[name].name for name in outputs))
        try:
            values = runner(*feeds.values())
        except tf.errors.OpError as error:
            raise ServingError(_code_name(error.error_code), _message(error)) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes bytes that it could not use; its message, and only that, becomes no Python exception
            raise ServingError("INVALID_ARGUMENT", bytes(error.object).decode("utf-8", "replace")) from error
        return dict(zip(outputs, map(np.asarray, values), strict=True))

    def _runner(self, feeds: tuple[str, ...], fetches: tuple[str, ...]) -> Any:
        """What runs the graph from some tensors to others.

        `Session.run` works out anew each time which nodes are meant, and hands each to another thread: for a small
        encoder that takes ten times as long as the encoder does.
        """
        runner = self._runners.get((feeds, fetches))
        if runner is None:
            from tensorflow.core.protobuf import config_pb2

            options = config_pb2.CallableOptions(feed=feeds, fetch=fetches)
            if self._in_callers_thread:
                options.run_options.inter_op_thread_pool = _IN_CALLERS_THREAD
            runner = self._session._make_callable_from_options(options)  # Keras uses it too
            if len(self._runners) < _MOST_RUNNERS:  # requests choose the outputs: there could be any number
                self._runners[feeds, fetches] = runner
        return runner

    def held(self) -> Held:
        """Keeps the version loaded from now on, until the block ends that the answer is used in."""
        with self._idle:
            self._users += 1
        return Held(self)

    def let_go(self) -> None:
        """A request has ended: see `held`."""
        with self._idle:
            self._users -= 1
            if not self._users:
                self._idle.notify_all()

    def unload(self, timeout: float | None = None) -> None:
        """Frees the version's memory once no request uses it, or after `timeout` seconds."""
        with self._idle:
            self._idle.wait_for(lambda: not self._users, timeout)
        self._session.close()

    def warmup_records(self) -> list[Any]:
        """The PredictionLog messages that come with the version.

        Raises:
            ServingError: the file is not a TFRecord of them, or holds more than 1,000.
        """
        path = self._directory / WARMUP_FILE
        if not path.is_file():
            return []
        from tensorflow_serving.apis import prediction_log_pb2

        tf = import_tensorflow()
        try:
            records = list(tf.compat.v1.io.tf_record_iterator(str(path)))
            logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
        except Exception as error:
            raise ServingError("INTERNAL", f"{path}: not a TFRecord of PredictionLog: {_message(error)}") from error
        if len(logs) > _MOST_WARMUP_RECORDS:
            raise ServingError("INVALID_ARGUMENT", f"{path}: more than {_MOST_WARMUP_RECORDS} warm-up records")
        return logs


class Held:
    """A version that a request runs on; `with` gives it, and lets it go.

    Args:
        servable: the version.
    """

    __slots__ = ("_servable",)

    def __init__(self, servable: Servable) -> None:
        self._servable = servable

    def __enter__(self) -> Servable:
        return self._servable

    def __exit__(self, *_: object) -> None:
        self._servable.let_go()


def _signatures(directory: Path, tags: Sequence[str]) -> Mapping[str, Any]:
    from tensorflow.core.protobuf import saved_model_pb2

    file = directory / "saved_model.pb"
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing")
    for graph in saved_model_pb2.SavedModel.FromString(file.read_bytes()).meta_graphs:
        if set(graph.meta_info_def.tags) == set(tags):
            return {name: each for name, each in graph.signature_def.items() if name != _INIT_OP}
    raise ValueError(f"{file} has no graph with the tags {', '.join(tags)}")


def _require_shape(name: str, array: Any, declared: Any) -> None:
    sizes = [dim.size for dim in declared.dim]
    fits = declared.unknown_rank or (
        len(sizes) == array.ndim and all(size in (-1, got) for size, got in zip(sizes, array.shape, strict=True))
    )
    if not fits:
        words = f"Input {name} has the shape {list(array.shape)}, and the signature declares {sizes}"
        raise ServingError("INVALID_ARGUMENT", words)


def _message(error: BaseException) -> str:
    """What TensorFlow says, without Python's framing."""
    return str(getattr(error, "message", None) or error).removeprefix(_PREAMBLE)


def _cpp(name: str) -> str:
    """TensorFlow's C++ name of a type."""
    return {"float32": "float", "float64": "double", "float16": "half"}.get(name, name)


def _code_name(code: int) -> str:
    import grpc

    return next(each.name for each in grpc.StatusCode if each.value[0] == code)
