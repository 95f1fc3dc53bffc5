"""Removal of the directions that all rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from keras import ops

from zoo.moments import Moments
from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, NonNegativeInt


class RemoveDominantDirections(Preprocessing):
    """x - U U^T x, with U the leading principal directions of the training rows: [batch, width] -> [batch, width].

    In word vectors the leading directions mostly carry frequency, not meaning. Put it after `Centre`.

    Args:
        directions: how many to remove; 0 leaves the rows as they are.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative number of directions, or (when built) no direction would be left.

    Reference:
        Mu and Viswanath 2018, "All-but-the-top", arXiv 1702.01417, algorithm 1.
    """

    def __init__(self, directions: NonNegativeInt = 2, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if directions < 0:
            raise ValueError(f"directions must not be negative: {directions}")
        self.directions = directions

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the directions [width, directions]."""
        width = int(input_shape[-1] or 0)
        if self.directions >= width:
            raise ValueError(f"cannot remove {self.directions} directions from rows of width {width}")
        self.basis = self.add_weight(
            shape=(width, self.directions), initializer="zeros", trainable=False, name="basis", dtype="float32"
        )

    def adapt(self, batches: Batches) -> None:
        """Learns the directions from the covariance's eigenvectors; see `Preprocessing`."""
        _, directions = Moments.of(self.basis.shape[0], batches()).principal()
        self.basis.assign(directions[:, : self.directions])

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        basis = ops.cast(self.basis, x.dtype)
        return x - ops.matmul(ops.matmul(x, basis), ops.transpose(basis))

    def inverse(self, x: Tensor) -> Tensor:
        """The identity: what was removed is gone."""
        return x
