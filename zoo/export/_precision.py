"""Weights in fewer bits: rounded in memory before they are judged, stored small in what is exported."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 127


def round_weights(model: Any, precision: str) -> None:
    """Rounds a model's matrices in place to what the precision can hold.

    Args:
        model: a built `zoo.models.Autoencoder`.
        precision: `float32` (nothing happens), `float16`, or `int8` with a scale for each output channel.

    Raises:
        InputError: a weight is too large for float16.
    """
    for variable in _matrices(model, precision):
        stored = _Stored(variable, precision)
        if not np.isfinite(np.asarray(stored.all())).all():
            raise InputError(
                f"{variable.path} holds numbers that float16 cannot: leave export.precision at float32, or take int8"
            )
        variable.assign(stored.all())


class StoredWeights:
    """A model's weights as they will be stored; while a graph is traced, it reads them instead of the model's own.

    Args:
        model: a built model, whose weights were rounded.
        precision: as for `round_weights`.

    Attributes:
        variables: what the exported module must keep.
        are_smaller: whether any is stored in fewer bits.
    """

    def __init__(self, model: Any, precision: str) -> None:
        self._stored = [(variable, _Stored(variable, precision)) for variable in _matrices(model, precision)]
        self.are_smaller = bool(self._stored)
        small = {id(variable) for variable, _ in self._stored}
        self.variables = [each.value for each in model.variables if id(each) not in small]
        self.variables += [each for _, stored in self._stored for each in stored.variables]

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Within it, the model's matrices are the stored ones, made float32 where they are read."""
        import keras

        from zoo.parts import reading_rows

        rows = {id(variable): stored.rows for variable, stored in self._stored}
        wide = [(variable, stored.all()) for variable, stored in self._stored]
        with keras.StatelessScope(state_mapping=wide), reading_rows(rows):
            yield


class _Stored:
    """One matrix [..., channels] in fewer bits."""

    def __init__(self, variable: Any, precision: str) -> None:
        tf = import_tensorflow()
        values = np.asarray(variable.value)
        with tf.init_scope():
            if precision == "float16":
                with np.errstate(over="ignore"):
                    self.variables = [tf.Variable(values.astype(np.float16), trainable=False)]
                return
            reach = np.abs(values).max(axis=tuple(range(values.ndim - 1)), keepdims=True)
            scale = np.where(reach > 0, reach / _LARGEST, 1).astype(np.float32)
            small = tf.Variable(np.round(values / scale).astype(np.int8), trainable=False)
            self.variables = [small, tf.Variable(scale, trainable=False)]

    def all(self) -> Any:
        """The whole matrix, float32."""
        return self._widened(self.variables[0].value())

    def rows(self, indices: Any) -> Any:
        """Some of its rows, float32, without making the others float32 as well: it may be a table of a million."""
        return self._widened(import_tensorflow().gather(self.variables[0].value(), indices))

    def _widened(self, small: Any) -> Any:
        wide = import_tensorflow().cast(small, "float32")
        return wide * self._scale_for(wide) if len(self.variables) > 1 else wide

    def _scale_for(self, wide: Any) -> Any:
        scale = self.variables[1]
        return import_tensorflow().reshape(scale, (1,) * (wide.shape.rank - 1) + (scale.shape[-1],))


def _matrices(model: Any, precision: str) -> list[Any]:
    """Trained matrices, kernels and tables; biases and statistics are small, and worth their bits."""
    if precision == "float32":
        return []
    return [
        each
        for each in model.variables
        if each.trainable and len(each.shape) >= 2 and each.dtype == "float32" and np.asarray(each.value).size
    ]
