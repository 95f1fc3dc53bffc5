"""The functions of an encoder that wraps a model in memory."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder.methods import READS_ROWS, Loaded, can
from zoo.quantization import as_int8, from_int8
from zoo.quiet import import_tensorflow
from zoo.rows.choose import plain_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoo.rows.row_kind import RowKind


_IN_MEMORY = ("rates", "score_fields", "score_kept")  # what no exported encoder answers


def from_model(model: Any, kind: RowKind | None, code_scale: float | None) -> Loaded:
    """See `zoo.encoder.Encoder.from_model`."""
    tf = import_tensorflow()
    if kind is None:
        kind = plain_kind(model.row_shape, sparse=model.takes_sparse)
    specs = kind.specs()
    called = {method: getattr(model, method) for method in (*READS_ROWS, *_IN_MEMORY) if can(model, method)}
    if code_scale is not None:
        called["encode"] = lambda x: from_int8(as_int8(model.encode(x), code_scale), code_scale)
    if model.gives_bytes:
        called["encode"] = called.pop("tokens")
    functions: dict[str, Callable[..., Any]] = {
        method: _traced_when_called(partial(_called, function, kind), specs) for method, function in called.items()
    }
    functions["decode"] = tf.function(decoding(model), input_signature=[codes_of(model)])
    if model.is_generative:
        functions["sample"] = tf.function(model.sample, input_signature=[tf.TensorSpec((None,), tf.int32)])
        functions["log_weights"] = _traced_when_called(
            lambda seeds, **arrays: model.log_weights(kind.features(arrays), seeds),
            {"seeds": tf.TensorSpec((None,), tf.int32), **specs},
        )
    return Loaded(functions, kind, model.latent_dim, float(np.asarray(model.threshold)), code_scale, model.places)


def decoding(model: Any) -> Callable[[Any], Any]:
    """What makes rows of what `encode` gives a user."""
    return model.decode_bytes if model.gives_bytes else model.decode


def codes_of(model: Any) -> Any:
    """The specification of what `encode` gives a user."""
    tf = import_tensorflow()
    return tf.TensorSpec((None, model.latent_dim), tf.uint8 if model.gives_bytes else tf.float32, name="codes")


def _traced_when_called(function: Callable[..., Any], specs: Mapping[str, Any]) -> Callable[..., Any]:
    """A graph of a function, made when it is first called: tracing takes a second or two, and few methods are used."""

    @cache
    def traced() -> Any:
        return import_tensorflow().function(function, autograph=False).get_concrete_function(**specs)

    def call(**arrays: Any) -> Any:
        return traced()(**arrays)

    return call


def _called(method: Callable[..., Any], kind: RowKind, **arrays: Any) -> Any:
    return method(kind.features(arrays))
