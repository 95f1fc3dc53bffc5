"""The under-complete bottleneck of a plain autoencoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, Unpack

import keras
import numpy as np
from keras import ops

from zoo.moments import Moments
from zoo.parts import Bottleneck

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, PositiveInt, TableSchema

_PART = 4  # of a row's numbers, one for the code
_LEAST = 2  # numbers of a code, of rows that have more


class Linear(Bottleneck):
    """z = W h + b: fewer dimensions than the input, and no rate.

    Args:
        latent_dim: width of the code; None takes a quarter of the width of the table's rows, at least 2.
        start: `random` weights, or `components`: training starts at the leading principal components of the training
            rows' features, taken about 0.
        **kwargs: Keras layer arguments (name, dtype).

    Reference:
        Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
    """

    def __init__(
        self,
        latent_dim: PositiveInt | None,
        start: Literal["random", "components"] = "random",
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if latent_dim is not None and latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        given: Any = latent_dim  # the table says, where the user does not
        self.latent_dim, self.start = given, start
        # made here where the width is known: weights are drawn in the order in which layers are made
        self.projection: Any = None if given is None else self._projection(given)

    def apply_schema(self, schema: TableSchema) -> None:
        """Takes the width from the table, where none was given."""
        given: Any = self.latent_dim
        if given is None:
            width = math.prod(schema.shape)
            self.latent_dim = max(1, min(_LEAST, width - 1), width // _PART)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features]."""
        if self.latent_dim is None:
            raise ValueError("latent_dim is not known: give it, or let the table say (apply_schema)")
        if self.projection is None:
            self.projection = self._projection(self.latent_dim)
        self.projection.build(input_shape)

    def _projection(self, width: int) -> keras.layers.Dense:
        return keras.layers.Dense(width, name="projection", dtype=self.dtype_policy)

    def solve(self, batches: Batches) -> None:
        """Starts at the components, where that is asked for; with fewer features than dimensions the rest stays 0."""
        if self.start != "components":
            return
        kernel = np.zeros(self.projection.kernel.shape, np.float32)
        _, directions = Moments.of(len(kernel), batches()).principal(about_mean=False)
        kept = directions[:, : self.latent_dim]
        kernel[:, : kept.shape[1]] = kept
        self.projection.kernel.assign(kernel)

    def encode(self, features: Tensor) -> Tensor:
        """[batch, features] -> [batch, latent_dim]."""
        return self.projection(features)

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`; rate and cost are 0."""
        del training
        code = self.encode(features)
        nothing = ops.zeros(ops.shape(code)[:1], dtype="float32")
        return {"code": code, "sample": code, "rate": nothing, "cost": nothing}
