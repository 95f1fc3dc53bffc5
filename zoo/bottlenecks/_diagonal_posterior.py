"""What the variational bottlenecks share: a diagonal Gaussian posterior, and a weight that is annealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow_probability as tfp
from keras import ops

from zoo.parts import VariationalBottleneck
from zoo.replicas import own_rows, replicas, whole_mean

if TYPE_CHECKING:
    from zoo.parts import Tensor

tfd = tfp.distributions

# Evaluation draws its noise from this seed and keeps no state: the same rows give the same loss twice.
_EVALUATION_SEED = 1337
# Below this a float32 standard deviation makes its KL term, which holds -log(scale), jump from step to step.
SMALLEST_SCALE = 1e-4
# Shorter cycles have no epoch with less than the full weight.
_SHORTEST_CYCLE = 3


class DiagonalPosterior(VariationalBottleneck):
    """q(z|x) = N(loc(x), diag scale(x)^2), features [batch, features] -> z [batch, latent_dim]; no prior yet.

    The code is loc(x); the decoder sees a reparametrised sample, in training and in evaluation alike, so that both
    share one loss.

    Args:
        latent_dim: width of the code.
        weight: factor of the rate in the loss.
        warmup_epochs: epochs that annealing takes.
        cycles: of annealing, all within warmup_epochs.
        seed: seed of the training noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim below 1, a negative weight or warmup_epochs, or cycles that warmup_epochs cannot hold.

    Reference:
        Kingma and Welling 2014, "Auto-encoding variational Bayes", eq. 10 (the sample); Fu et al. 2019, "Cyclical
        annealing schedule", arXiv 1903.10145, eq. 6 with R = 0.5 (cycles).
    """

    def __init__(
        self, latent_dim: int, weight: float, warmup_epochs: int, cycles: int, seed: int | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        if min(weight, warmup_epochs) < 0:
            raise ValueError(f"weight and warmup_epochs must not be negative: {weight, warmup_epochs}")
        if cycles < 1:
            raise ValueError(f"cycles must be at least 1, not {cycles}")
        if cycles > 1 and (warmup_epochs % cycles or warmup_epochs // cycles < _SHORTEST_CYCLE):
            raise ValueError(
                f"warmup_epochs must be a multiple of cycles, of {_SHORTEST_CYCLE} epochs or more each: "
                f"set warmup_epochs to {cycles * max(_SHORTEST_CYCLE, -(-warmup_epochs // cycles))}, not "
                f"{warmup_epochs}, for {cycles} cycles"
            )
        self.latent_dim, self.weight, self.warmup_epochs, self.cycles = latent_dim, weight, warmup_epochs, cycles
        self.seed = seed
        self.loc = keras.layers.Dense(latent_dim, name="loc", dtype=self.dtype_policy)
        self.raw_scale = keras.layers.Dense(latent_dim, name="raw_scale", dtype=self.dtype_policy)
        self.noise = keras.random.SeedGenerator(seed)
        self.warmth = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="warmth", dtype="float32", autocast=False
        )

    def start_epoch(self, epoch: int) -> None:
        """Sets the share of the weight that counts in this epoch (from 0)."""
        self.warmth.assign(self._share(epoch))

    @property
    def settled_epoch(self) -> int:
        """First epoch from which on the weight stays full."""
        return max(self.warmup_epochs - self._cycle + self._rise - 1, 0)

    def posterior(self, features: Tensor) -> Any:
        """q(z|x) for features [batch, features]; batch shape [batch, latent_dim], float32."""
        loc = ops.cast(self.loc(features), "float32")
        scale = ops.softplus(ops.cast(self.raw_scale(features), "float32")) + SMALLEST_SCALE
        return tfd.Normal(loc, scale)

    def encode(self, features: Tensor) -> Tensor:
        """The posterior mean: [batch, features] -> [batch, latent_dim]."""
        return self.loc(features)

    def _build_posterior(self, features_shape: tuple[int | None, ...]) -> None:
        self.loc.build(features_shape)
        self.raw_scale.build(features_shape)

    def _draw(self, posterior: Any, training: bool) -> Tensor:
        """One reparametrised sample of each row's posterior [batch, latent_dim]."""
        # Keras' generator, not tfp's sampler: its state is a variable, so that a resumed run draws the same noise
        rows, width = ops.shape(posterior.loc)
        if training:
            noise = keras.random.normal((rows, width), seed=self.noise)
        else:  # drawn for the whole batch, so that the loss hangs on the rows and not on how replicas share them
            noise = own_rows(keras.random.normal((replicas() * rows, width), seed=_EVALUATION_SEED))
        return posterior.loc + posterior.scale * noise

    def _annealed(self, rate: Tensor) -> Tensor:
        """What the rate [batch] costs in this epoch."""
        return self.weight * self.warmth * rate

    @property
    def _cycle(self) -> int:
        """Epochs a cycle."""
        return self.warmup_epochs // self.cycles

    @property
    def _rise(self) -> int:
        """Epochs at the start of a cycle after which the weight is full."""
        return self._cycle if self.cycles == 1 else -(-self._cycle // 2)

    def _share(self, epoch: int) -> float:
        if epoch >= self.warmup_epochs:
            return 1.0
        return min(1.0, (epoch % self._cycle + 1) / (self._cycle if self.cycles == 1 else self._cycle / 2))


def shortfall(rates: Tensor, free_bits: float) -> Tensor:
    """What a batch's mean rates [batch, latent_dim] fall short of the free bits, summed over dimensions: [] in nats.

    max(mean rate, free_bits) = mean rate + max(0, free_bits - mean rate): adding the second term keeps the cost per
    example (Kingma et al. 2016, "Improving variational inference with inverse autoregressive flow", eq. 15).
    """
    return ops.sum(ops.relu(free_bits - whole_mean(ops.mean(rates, axis=0))))
