"""The normal likelihood around what the decoder gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from zoo.likelihoods.normal import Normal

if TYPE_CHECKING:
    from zoo.parts import Tensor


class NormalAround(Normal):
    """p(x|z) = N(x; h, scale^2 I), h being the decoder's features themselves, of the shape of the rows.

    For codes that are rows already, such as those that bytes stand for: `Normal` would map them once more.

    Args:
        scale: standard deviation of every dimension, in the units of the preprocessed row.
        learn_scale: whether training may change the scale (one number for all dimensions).
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive; (when built) features of another shape than the rows.
    """

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the scale for features [batch, ...] and rows of the same shape."""
        if tuple(features_shape[1:]) != tuple(target_shape[1:]):
            raise ValueError(
                f"features of {list(features_shape[1:])} are not rows of {list(target_shape[1:])}: take the likelihood "
                "Normal, which maps them"
            )
        self.add_scale()

    def mean(self, features: Tensor) -> Tensor:
        """The features: [batch, ...] -> the same."""
        return keras.ops.cast(features, "float32")
