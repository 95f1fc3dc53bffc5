"""The term that keeps the cosines between the rows of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from keras import ops

from zoo.parts import Objective, flat
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, PositiveFloat

_ITSELF = -1e9  # logit of a row with itself


class KeepCosines(Objective):
    """weight * sum over the batch's other rows j of p_ij (cos(z_i, z_j) - cos(x_i, x_j))^2, for each row i.

    A user of embeddings asks for nearest neighbours by cosine; reconstruction alone does not keep them. p_i is the
    softmax over j of cos(x_i, x_j) / temperature, so that near rows count more; without a temperature all count alike.

    Args:
        weight: factor of the term in the loss, in nats per squared cosine.
        temperature: of the softmax, in units of the cosine; None counts all pairs alike.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative weight, or a temperature that is not positive.

    Reference:
        Metric multi-dimensional scaling with cosines for similarities (Borg and Groenen 2005, chapter 3), on batches;
        the weights are those of stochastic neighbour embedding (Hinton and Roweis 2002, eq. 1), by cosine.
    """

    def __init__(
        self, weight: NonNegativeFloat = 1.0, temperature: PositiveFloat | None = None, **kwargs: Unpack[LayerArguments]
    ) -> None:
        super().__init__(**kwargs)
        if weight < 0:
            raise ValueError(f"weight must not be negative: {weight}")
        if temperature is not None and temperature <= 0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        self.weight, self.temperature = weight, temperature

    def call(self, target: Tensor, code: Tensor, view: Tensor | None = None) -> Tensor:
        """Targets [batch, width] and codes [batch, latent_dim] -> [batch]; 0 for a batch of one row."""
        del view
        targets = _cosines(flat(target))
        if targets.shape[0] == 1:
            return ops.zeros(1)
        rows = ops.shape(targets)[0]
        if self.temperature is None:
            shares = (1.0 - ops.eye(rows)) / ops.maximum(ops.cast(rows, "float32") - 1.0, 1.0)
        else:  # few passes over the pairs, of which a batch has hundreds of thousands: they take a quarter of a step
            itself = ops.broadcast_to(_ITSELF, (rows,))
            logits = import_tensorflow().linalg.set_diag(targets / self.temperature, itself)
            shares = ops.softmax(logits, axis=-1)
        errors = _squared_errors(_cosines(code), targets, shares)
        return self.weight * errors * ops.cast(rows > 1, "float32")


def _squared_errors(cosines: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Sum over j of shares_ij (cosines_ij - targets_ij)^2 [batch], whose gradient is of the cosines alone.

    It is written down because TensorFlow's takes four passes over the pairs where one is enough.
    """
    tf = import_tensorflow()

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def errors(cosines: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        away = cosines - targets
        weighed = shares * away
        return tf.reduce_sum(weighed * away, axis=-1), lambda upstream: 2.0 * upstream[:, None] * weighed

    return errors(cosines)


def _cosines(x: Tensor) -> Tensor:
    unit = ops.normalize(ops.cast(x, "float32"), axis=-1)
    return ops.matmul(unit, ops.transpose(unit))
