"""The variational bottleneck with a diagonal Gaussian posterior and a standard normal prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import keras
import tensorflow_probability as tfp
from keras import ops

from zoo.parts import Bottleneck

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, NonNegativeInt, PositiveInt

tfd = tfp.distributions

# Evaluation draws its noise from this seed and keeps no state: the same rows give the same loss twice.
_EVALUATION_SEED = 1337
# Below this a float32 standard deviation makes its KL term, which holds -log(scale), jump from step to step.
_SMALLEST_SCALE = 1e-4


class Gaussian(Bottleneck):
    """q(z|x) = N(loc(x), diag scale(x)^2) against p(z) = N(0, I).

    rate = KL(q(z|x) || p(z)) in nats, summed over the latent dimensions, never averaged. The code is loc(x); the
    decoder sees a reparametrised sample, in training and in evaluation alike, so that both share one loss.

    Args:
        latent_dim: width of the code.
        weight: factor of the rate in the loss (1 is the evidence lower bound; the beta of beta-VAE).
        warmup_epochs: the weight grows linearly from weight / warmup_epochs in the first epoch to its full value.
        free_bits: nats that each dimension may use on average over the batch before its rate costs anything.
        seed: seed of the training noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim below 1, or a negative weight, warmup_epochs or free_bits.

    Reference:
        Kingma and Welling 2014, "Auto-encoding variational Bayes", eq. 10 and appendix B; Higgins et al. 2017
        (weight); Kingma et al. 2016, "Improving variational inference with inverse autoregressive flow", eq. 15
        (free bits).
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        weight: NonNegativeFloat = 1.0,
        warmup_epochs: NonNegativeInt = 0,
        free_bits: NonNegativeFloat = 0.0,
        seed: NonNegativeInt | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        if min(weight, warmup_epochs, free_bits) < 0:
            raise ValueError(
                f"weight, warmup_epochs and free_bits must not be negative: {weight, warmup_epochs, free_bits}"
            )
        self.latent_dim, self.weight, self.warmup_epochs = latent_dim, weight, warmup_epochs
        self.free_bits, self.seed = free_bits, seed
        self.loc = keras.layers.Dense(latent_dim, name="loc", dtype=self.dtype_policy)
        self.raw_scale = keras.layers.Dense(latent_dim, name="raw_scale", dtype=self.dtype_policy)
        self.noise = keras.random.SeedGenerator(seed)
        self.warmth = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="warmth", dtype="float32", autocast=False
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features]."""
        self.loc.build(input_shape)
        self.raw_scale.build(input_shape)

    def start_epoch(self, epoch: int) -> None:
        """Sets the share of the weight that counts in this epoch (from 0)."""
        self.warmth.assign(min(1.0, (epoch + 1) / self.warmup_epochs) if self.warmup_epochs else 1.0)

    @property
    def settled_epoch(self) -> int:
        """First epoch with the full weight."""
        return max(self.warmup_epochs - 1, 0)

    def posterior(self, features: Tensor) -> Any:
        """q(z|x) for features [batch, features]; batch shape [batch, latent_dim], float32."""
        loc = ops.cast(self.loc(features), "float32")
        scale = ops.softplus(ops.cast(self.raw_scale(features), "float32")) + _SMALLEST_SCALE
        return tfd.Normal(loc, scale)

    def encode(self, features: Tensor) -> Tensor:
        """The posterior mean: [batch, features] -> [batch, latent_dim]."""
        return self.loc(features)

    def rates(self, features: Tensor) -> Tensor:
        """KL(q(z_d|x) || p(z_d)) in nats: [batch, features] -> [batch, latent_dim]."""
        return tfd.kl_divergence(self.posterior(features), tfd.Normal(0.0, 1.0))

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`."""
        posterior = self.posterior(features)
        # Keras' generator, not tfp's sampler: its state is a variable, so that a resumed run draws the same noise
        noise = keras.random.normal(ops.shape(posterior.loc), seed=self.noise if training else _EVALUATION_SEED)
        rates = tfd.kl_divergence(posterior, tfd.Normal(0.0, 1.0))
        rate = ops.sum(rates, axis=-1)
        # max(mean KL, free_bits) = mean KL + max(0, free_bits - mean KL): the second term keeps the cost per example
        shortfall = ops.sum(ops.relu(self.free_bits - ops.mean(rates, axis=0)))
        return {
            "code": posterior.loc,
            "sample": posterior.loc + posterior.scale * noise,
            "rate": rate,
            "cost": self.weight * self.warmth * (rate + shortfall),
        }
