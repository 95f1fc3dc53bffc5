"""The term that keeps the cosines between the rows of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from keras import ops

from zoo.parts import Objective

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat


class KeepCosines(Objective):
    """weight * mean over the batch's other rows j of (cos(z_i, z_j) - cos(x_i, x_j))^2, for each row i.

    A user of embeddings asks for nearest neighbours by cosine; reconstruction alone does not keep them.

    Args:
        weight: factor of the term in the loss, in nats per squared cosine.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative weight.

    Reference:
        Metric multi-dimensional scaling with cosines for similarities (Borg and Groenen 2005, chapter 3), on batches.
    """

    def __init__(self, weight: NonNegativeFloat = 1.0, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if weight < 0:
            raise ValueError(f"weight must not be negative: {weight}")
        self.weight = weight

    def call(self, target: Tensor, code: Tensor) -> Tensor:
        """Targets [batch, width] and codes [batch, latent_dim] -> [batch]; 0 for a batch of one row."""
        errors = ops.square(_cosines(code) - _cosines(target))
        # both diagonals are 1 and cancel, so the sum over all rows is the sum over the others
        others = ops.maximum(ops.shape(errors)[0] - 1, 1)
        return self.weight * ops.sum(errors, axis=-1) / ops.cast(others, "float32")


def _cosines(x: Tensor) -> Tensor:
    unit = ops.normalize(ops.cast(x, "float32"), axis=-1)
    return ops.matmul(unit, ops.transpose(unit))
