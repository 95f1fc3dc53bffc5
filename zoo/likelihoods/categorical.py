"""The categorical likelihood of rows of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from keras import ops

from zoo.likelihoods._parameters import Parameters
from zoo.parts import Likelihood, flat

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveInt


class Categorical(Likelihood):
    """Every dimension of a row is one of the classes 0 to classes - 1, with its own softmax over them.

    p(x|z) = product over dimensions d of softmax(l_d)[x_d], the logits l linear in the decoder's features.

    Args:
        classes: how many.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: fewer than 2 classes.

    Reference:
        van den Oord, Kalchbrenner and Kavukcuoglu 2016, "Pixel recurrent neural networks", section 3.1 (pixels as
        classes).
    """

    def __init__(self, classes: PositiveInt, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if classes < 2:
            raise ValueError(f"classes must be at least 2, not {classes}")
        self.classes = classes

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, ...] and rows [batch, ...]."""
        self.logits = Parameters(self.classes, name="logits", dtype=self.dtype_policy)
        self.logits.build(features_shape, target_shape)

    def mean(self, features: Tensor) -> Tensor:
        """The mean class, as a number: [batch, ...] -> rows [batch, ...]."""
        numbers = ops.arange(self.classes, dtype="float32")
        return ops.sum(ops.softmax(self.logits(features), axis=-1) * numbers, axis=-1)

    def call(self, features: Tensor, target: Tensor, training: bool = False) -> Tensor:
        """Log p(x|z) [batch] in nats, for features [batch, ...] and rows [batch, ...] of whole numbers.

        A number that is no class gives -infinity.
        """
        del training
        logits = self.logits(features)
        chosen = ops.one_hot(ops.cast(target, "int32"), self.classes, dtype="float32")
        log_probabilities = ops.sum(chosen * ops.log_softmax(logits, axis=-1), axis=-1)
        known = (target >= 0) & (target < self.classes)
        return ops.sum(flat(ops.where(known, log_probabilities, -float("inf"))), axis=-1)
