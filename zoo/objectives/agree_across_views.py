"""The term that makes two views of a row agree, and rows differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

from keras import ops

from zoo.parts import Objective

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, PositiveFloat, PositiveInt

_EPSILON = 1e-4  # VICReg's, inside the square root of the variance


class AgreeAcrossViews(Objective):
    """The codes of two views of a row agree, and differ from those of the batch's other rows.

    The views are two corruptions of the row, or a row and one of its nearest neighbours, each corrupted. Rows that look
    alike after the corruptions that the recipe names come to lie together: say with them what does not matter.

    `infonce`: -log of the softmax share, at the temperature, that a code's cosine to its partner has among its cosines
    to all other codes of both views; a row's value is the mean of its two directions, in nats.
    `vicreg`: 25 times the squared distance of the two codes, per dimension, plus 25 times how far each dimension's
    standard deviation over the batch falls short of 1, plus the squared covariances of different dimensions; the last
    two, which belong to the batch, are given to each row alike.

    Args:
        kind: `infonce` or `vicreg`.
        weight: factor of the term in the loss.
        temperature: of infonce's softmax, in units of the cosine; lower spreads rows more evenly.
        of: `corruption` for two corruptions of the row, `neighbour` for a row and a neighbour of it, `copy` for a row
            and the same row as someone else would write it, where the kind of row knows how (records).
        neighbours: nearest neighbours a row, by cosine, to draw from.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative weight, or a temperature that is not positive.

    Reference:
        Chen et al. 2020, "A simple framework for contrastive learning of visual representations", eq. 1; Bardes, Ponce
        and LeCun 2022, "VICReg", eq. 1 to 6; Dwibedi et al. 2021, "With a little help from my friends" (neighbours).
    """

    def __init__(
        self,
        kind: Literal["infonce", "vicreg"] = "infonce",
        weight: NonNegativeFloat = 1.0,
        temperature: PositiveFloat = 0.2,
        of: Literal["corruption", "neighbour", "copy"] = "corruption",
        neighbours: PositiveInt = 10,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if weight < 0:
            raise ValueError(f"weight must not be negative: {weight}")
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        self.kind, self.weight, self.temperature, self.of, self.neighbours = kind, weight, temperature, of, neighbours
        self.view = of
        self._term = {"infonce": self.infonce, "vicreg": self.vicreg}[kind]

    def call(self, target: Tensor, code: Tensor, view: Tensor | None = None) -> Tensor:
        """Codes [batch, latent_dim] of both views -> [batch]; the targets play no part."""
        del target
        return self.weight * self._term(ops.cast(code, "float32"), ops.cast(view, "float32"))

    def infonce(self, first: Tensor, second: Tensor) -> Tensor:
        """[batch] nats; 0 for a batch of one row."""
        count = ops.shape(first)[0]
        unit = ops.normalize(ops.concatenate([first, second], axis=0), axis=-1)
        logits = ops.matmul(unit, ops.transpose(unit)) / self.temperature
        logits = logits - 1e9 * ops.eye(2 * count)  # no code is its own partner
        partners = ops.sum(unit[:count] * unit[count:], axis=-1) / self.temperature
        each = ops.logsumexp(logits, axis=-1) - ops.concatenate([partners, partners], axis=0)
        return 0.5 * (each[:count] + each[count:])

    def vicreg(self, first: Tensor, second: Tensor) -> Tensor:
        """[batch]."""
        agreement = ops.mean(ops.square(first - second), axis=-1)
        batch = sum(25.0 * _shortfall(each) + _covariance(each) for each in (first, second))
        return 25.0 * agreement + batch


def _shortfall(codes: Tensor) -> Tensor:
    deviations = ops.sqrt(_unbiased(ops.square(codes - ops.mean(codes, axis=0)), codes) + _EPSILON)
    return ops.mean(ops.relu(1.0 - deviations))


def _covariance(codes: Tensor) -> Tensor:
    centred = codes - ops.mean(codes, axis=0)
    covariance = ops.matmul(ops.transpose(centred), centred) / _others(codes)
    squares = ops.square(covariance) * (1.0 - ops.eye(codes.shape[-1]))
    return ops.sum(squares) / codes.shape[-1]


def _unbiased(squares: Tensor, codes: Tensor) -> Tensor:
    return ops.sum(squares, axis=0) / _others(codes)


def _others(codes: Tensor) -> Tensor:
    return ops.maximum(ops.cast(ops.shape(codes)[0], "float32") - 1.0, 1.0)
