"""The term that keeps which rows of a batch are near to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from keras import ops

from zoo.parts import Objective, flat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, PositiveFloat, PositiveInt

_ITSELF = 1e9  # taken off the logit of a row with itself
_LARGEST = 3.0  # of the log by which the codes' cosines may be scaled


class KeepNeighbours(Objective):
    """weight * KL(p_i | q_i) in nats, for each row i of a batch.

    p_i is the softmax over the batch's other rows j of cos(x_i, x_j) / temperature, q_i that of the codes'
    s * cos(z_i, z_j) / temperature, with a scale s > 0 that is learnt: cosines of short codes are larger than those of
    the rows, and a ranking does not ask by how much. `KeepCosines` keeps the values as well, and the ranking less well.

    Args:
        weight: factor of the term in the loss.
        temperature: of both softmaxes, in units of the cosine; lower looks at nearer rows alone.
        nested: numbers of leading dimensions that are to keep neighbours by themselves too, so that a code may be cut
            off there; the term is the mean over them and the whole code.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative weight, a temperature that is not positive, or (when called) `nested` beyond the code.

    Reference:
        Hinton and Roweis 2002, "Stochastic neighbor embedding", eq. 3, by cosine; Kusupati et al. 2022, "Matryoshka
        representation learning", arXiv 2205.13147 (nested).
    """

    def __init__(
        self,
        weight: NonNegativeFloat = 1.0,
        temperature: PositiveFloat = 0.05,
        nested: Sequence[PositiveInt] = (),
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if weight < 0:
            raise ValueError(f"weight must not be negative: {weight}")
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        self.weight, self.temperature, self.nested = weight, temperature, list(nested)
        self.log_scale = self.add_weight(shape=(), initializer="zeros", name="log_scale")

    def call(self, target: Tensor, code: Tensor, view: Tensor | None = None) -> Tensor:
        """Targets [batch, width] and codes [batch, latent_dim] -> [batch]; 0 for a batch of one row."""
        del view
        rows, code = _unit(flat(target)), ops.cast(code, "float32")
        if max(self.nested, default=0) > code.shape[-1]:
            raise ValueError(f"nested={self.nested}: the code has {code.shape[-1]} dimensions")
        others = -_ITSELF * ops.eye(ops.shape(rows)[0])
        wanted = ops.log_softmax(ops.matmul(rows, ops.transpose(rows)) / self.temperature + others, axis=-1)
        scale = ops.exp(ops.clip(self.log_scale, -_LARGEST, _LARGEST)) / self.temperature
        parts = [_unit(part) for part in (code, *(code[:, :count] for count in self.nested))]
        found = (ops.log_softmax(ops.matmul(part, ops.transpose(part)) * scale + others, axis=-1) for part in parts)
        # a row beside itself is far below zero in both, and has no share
        return self.weight * sum(ops.sum(ops.exp(wanted) * (wanted - each), axis=-1) for each in found) / len(parts)


def _unit(x: Tensor) -> Tensor:
    return ops.normalize(ops.cast(x, "float32"), axis=-1)
