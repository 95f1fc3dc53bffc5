"""The Bernoulli likelihood of binary rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras import ops

from zoo.likelihoods._parameters import Parameters
from zoo.parts import Likelihood, flat

if TYPE_CHECKING:
    from zoo.parts import Tensor


class Bernoulli(Likelihood):
    """p(x|z) = product over dimensions of p^x (1 - p)^(1 - x), the logits of p linear in the decoder's features.

    Rows in [0, 1] that are not binary get the same expression, the usual cross-entropy; it is then no log-probability
    (Loaiza-Ganem and Cunningham 2019, "The continuous Bernoulli"), so compare likelihoods on binary rows only.

    Args:
        **kwargs: Keras layer arguments (name, dtype).

    Reference:
        Kingma and Welling 2014, "Auto-encoding variational Bayes", appendix C.1.
    """

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, ...] and rows [batch, ...]."""
        self.logits = Parameters(name="logits", dtype=self.dtype_policy)
        self.logits.build(features_shape, target_shape)

    def mean(self, features: Tensor) -> Tensor:
        """Probability of a 1: [batch, ...] -> rows [batch, ...]."""
        return ops.sigmoid(self.logits(features))

    def call(self, features: Tensor, target: Tensor, training: bool = False) -> Tensor:
        """Log p(x|z) [batch] in nats, for features [batch, ...] and rows [batch, ...] in [0, 1]."""
        del training
        logits, target = self.logits(features), ops.cast(target, "float32")
        # log p = -softplus(-l), log(1 - p) = -softplus(l): exact where the sigmoid is 0 or 1
        return -ops.sum(flat(target * ops.softplus(-logits) + (1 - target) * ops.softplus(logits)), axis=-1)
