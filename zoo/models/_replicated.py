"""What Keras' training loop lacks under `tf.distribute` strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from zoo.replicas import on_several_workers

if TYPE_CHECKING:
    from collections.abc import Mapping


class Replicated:
    """Lets a `keras.Model` that is built already be trained on several replicas; changes nothing for one.

    Keras builds a model from a first batch, which several workers hold in pieces, and reduces the means of a step over
    workers along their first axis, which scalars lack (Keras 3.15).
    """

    def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: models of the zoo are built, and their metrics with them, before they are compiled."""

    def train_step(self, data: Any) -> Mapping[str, Any]:
        """Keras' step, its means as [1] where there are several workers."""
        return _with_an_axis(super().train_step(data))  # type: ignore[misc]

    def test_step(self, data: Any) -> Mapping[str, Any]:
        """Keras' step, its means as [1] where there are several workers."""
        return _with_an_axis(super().test_step(data))  # type: ignore[misc]


def _with_an_axis(logs: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: ops.reshape(value, (1,)) for name, value in logs.items()} if on_several_workers() else logs
