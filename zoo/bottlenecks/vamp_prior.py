"""The variational bottleneck whose prior is the mixture of the posteriors of learnt rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import keras
import tensorflow_probability as tfp
from keras import ops

from zoo.bottlenecks._diagonal_posterior import DiagonalPosterior

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Seed

tfd = tfp.distributions


class VampPrior(DiagonalPosterior):
    """q(z|x) = N(loc(x), diag scale(x)^2) against p(z) = 1/K sum_k q(z|u_k), the u_k being rows that are learnt.

    The prior follows the encoder, so that codes need not crowd around 0. The pseudo-inputs u_k live where the
    encoder's input does, after preprocessing; the model encodes them and hands over their features, as `pseudo`
    [components, features].

    rate = log q(z|x) - log p(z) in nats at the one sample z that the decoder sees: KL(q(z|x) || p(z)) has no closed
    form, and this is its unbiased estimate, which can be negative for a row. It does not fall apart into dimensions,
    so `rates` is None.

    Args:
        latent_dim: width of the code.
        components: pseudo-inputs.
        weight: factor of the rate in the loss (1 is the evidence lower bound).
        warmup_epochs: the weight grows linearly from weight / warmup_epochs in the first epoch to its full value.
        cycles: more than 1 split warmup_epochs, a multiple of it, into so many cycles: in each the weight grows
            linearly over the first half and is full over the second; after the last it stays full.
        pseudo_mean: mean of the first pseudo-inputs' values.
        pseudo_scale: their standard deviation; pseudo-inputs that start alike stay alike for long.
        seed: seed of the pseudo-inputs and of the training noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim, components or cycles below 1, a negative weight or warmup_epochs, a pseudo_scale that
            is not positive, or cycles that warmup_epochs cannot hold.

    Reference:
        Tomczak and Welling 2018, "VAE with a VampPrior", arXiv 1705.07120, eq. 9.
    """

    needs_rows = True

    def __init__(
        self,
        latent_dim: PositiveInt,
        components: PositiveInt,
        weight: NonNegativeFloat = 1.0,
        warmup_epochs: NonNegativeInt = 0,
        cycles: PositiveInt = 1,
        pseudo_mean: float = 0.0,
        pseudo_scale: PositiveFloat = 0.1,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(latent_dim, weight, warmup_epochs, cycles, seed, **kwargs)
        if components < 1:
            raise ValueError(f"components must be at least 1, not {components}")
        if pseudo_scale <= 0:
            raise ValueError(f"pseudo_scale must be positive, not {pseudo_scale}")
        self.components, self.pseudo_mean, self.pseudo_scale = components, pseudo_mean, pseudo_scale

    def build(self, features_shape: tuple[int | None, ...], row_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features] and pseudo-inputs like the rows [batch, ...]."""
        self._build_posterior(features_shape)
        start = keras.initializers.RandomNormal(self.pseudo_mean, self.pseudo_scale, seed=self.seed)
        self.rows = self.add_weight(
            shape=(self.components, *row_shape[1:]),
            initializer=start,
            name="pseudo_inputs",
            dtype="float32",
            autocast=False,
        )

    @property
    def pseudo_inputs(self) -> Tensor:
        """The learnt rows [components, ...], preprocessed, float32."""
        return ops.convert_to_tensor(self.rows)

    def prior(self, pseudo: Tensor | None = None) -> Any:
        """p(z) for the pseudo-inputs' features [components, features]; batch shape [], event shape [latent_dim].

        Raises:
            ValueError: no features.
        """
        if pseudo is None:
            raise ValueError("a VampPrior needs `pseudo`, the features that the encoder makes of its pseudo_inputs")
        parts = tfd.Independent(self.posterior(pseudo), reinterpreted_batch_ndims=1)
        return tfd.MixtureSameFamily(tfd.Categorical(logits=ops.zeros(self.components)), parts)

    def call(self, features: Tensor, training: bool = False, pseudo: Tensor | None = None) -> dict[str, Tensor]:
        """See `Bottleneck`.

        Args:
            features: of the rows [batch, features].
            training: whether the noise is new.
            pseudo: features of the pseudo-inputs [components, features].
        """
        posterior = self.posterior(features)
        sample = self._draw(posterior, training)
        rate = ops.sum(posterior.log_prob(sample), axis=-1) - self.prior(pseudo).log_prob(sample)
        return {"code": posterior.loc, "sample": sample, "rate": rate, "cost": self._annealed(rate)}
