"""The variational bottleneck with a diagonal Gaussian posterior and a standard normal prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import tensorflow_probability as tfp
from keras import ops

from zoo.bottlenecks._diagonal_posterior import DiagonalPosterior, shortfall

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, NonNegativeInt, PositiveInt, Seed

tfd = tfp.distributions


class Gaussian(DiagonalPosterior):
    """q(z|x) = N(loc(x), diag scale(x)^2) against p(z) = N(0, I).

    rate = KL(q(z|x) || p(z)) in nats, summed over the latent dimensions, never averaged. The code is loc(x); the
    decoder sees a reparametrised sample, in training and in evaluation alike, so that both share one loss.

    Args:
        latent_dim: width of the code.
        weight: factor of the rate in the loss (1 is the evidence lower bound; the beta of beta-VAE).
        warmup_epochs: the weight grows linearly from weight / warmup_epochs in the first epoch to its full value.
        free_bits: nats that each dimension may use on average over the batch before its rate costs anything.
        cycles: more than 1 split warmup_epochs, a multiple of it, into so many cycles: in each the weight grows
            linearly over the first half and is full over the second; after the last it stays full.
        seed: seed of the training noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim below 1, a negative weight, warmup_epochs or free_bits, or cycles that warmup_epochs
            cannot hold.

    Reference:
        Kingma and Welling 2014, "Auto-encoding variational Bayes", eq. 10 and appendix B; Higgins et al. 2017
        (weight); Kingma et al. 2016, "Improving variational inference with inverse autoregressive flow", eq. 15
        (free bits); Fu et al. 2019, "Cyclical annealing schedule", arXiv 1903.10145 (cycles).
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        weight: NonNegativeFloat = 1.0,
        warmup_epochs: NonNegativeInt = 0,
        free_bits: NonNegativeFloat = 0.0,
        cycles: PositiveInt = 1,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(latent_dim, weight, warmup_epochs, cycles, seed, **kwargs)
        if free_bits < 0:
            raise ValueError(f"free_bits must not be negative: {free_bits}")
        self.free_bits = free_bits

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features]."""
        self._build_posterior(input_shape)

    def prior(self, pseudo: Tensor | None = None) -> Any:
        """p(z) = N(0, I); batch shape [], event shape [latent_dim]."""
        del pseudo
        return tfd.Independent(tfd.Normal(ops.zeros(self.latent_dim), 1.0), reinterpreted_batch_ndims=1)

    def rates(self, features: Tensor) -> Tensor:
        """KL(q(z_d|x) || p(z_d)) in nats: [batch, features] -> [batch, latent_dim]."""
        return tfd.kl_divergence(self.posterior(features), tfd.Normal(0.0, 1.0))

    def call(self, features: Tensor, training: bool = False, pseudo: Tensor | None = None) -> dict[str, Tensor]:
        """See `Bottleneck`."""
        del pseudo
        posterior = self.posterior(features)
        rates = tfd.kl_divergence(posterior, tfd.Normal(0.0, 1.0))
        rate = ops.sum(rates, axis=-1)
        return {
            "code": posterior.loc,
            "sample": self._draw(posterior, training),
            "rate": rate,
            "cost": self._annealed(rate + shortfall(rates, self.free_bits)),
        }
