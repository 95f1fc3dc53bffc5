"""The variational bottleneck whose prior is a normalising flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import keras
import numpy as np
import tensorflow_probability as tfp
from keras import ops

from zoo.bottlenecks._diagonal_posterior import DiagonalPosterior

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, NonNegativeInt, PositiveInt, Rows, Seed

tfd = tfp.distributions

_STEEPEST = 2.0  # logarithm of the factor by which one coupling may stretch or squeeze a dimension


class FlowPrior(DiagonalPosterior):
    """q(z|x) = N(loc(x), diag scale(x)^2) against p(z), the density of N(0, I) bent by couplings that are learnt.

    Between the code z and Gaussian noise u lie `couplings` steps. Each puts the dimensions into a fixed order, leaves
    the first half as they are, and shifts and scales the others by what a small network makes of the first:

        b' = (b - shift(a)) * exp(-log_scale(a)),    log p(z) = log N(u; 0, I) - sum over steps of sum(log_scale)

    Both directions cost the same. It starts as N(0, I), and follows the codes, which need not fill a ball around 0.

    rate = log q(z|x) - log p(z) in nats at the one sample z that the decoder sees: KL(q(z|x) || p(z)) has no closed
    form, and this is its unbiased estimate, which can be negative for a row. It does not fall apart into dimensions,
    so `rates` is None.

    Args:
        latent_dim: width of the code, at least 2.
        couplings: steps; every two of them change each dimension.
        hidden: width of the two hidden layers of each step's network.
        weight: factor of the rate in the loss (1 is the evidence lower bound).
        warmup_epochs: the weight grows linearly from weight / warmup_epochs in the first epoch to its full value.
        cycles: more than 1 split warmup_epochs, a multiple of it, into so many cycles: in each the weight grows
            linearly over the first half and is full over the second; after the last it stays full.
        seed: seed of the training noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim below 2, couplings, hidden or cycles below 1, a negative weight or warmup_epochs, or
            cycles that warmup_epochs cannot hold.

    Reference:
        Dinh, Sohl-Dickstein and Bengio 2017, "Density estimation using Real NVP", arXiv 1605.08803, eq. 7 and 8; Chen
        et al. 2017, "Variational lossy autoencoder", arXiv 1611.02731, section 3.2 (a flow as the prior).
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        couplings: PositiveInt = 4,
        hidden: PositiveInt = 128,
        weight: NonNegativeFloat = 1.0,
        warmup_epochs: NonNegativeInt = 0,
        cycles: PositiveInt = 1,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(latent_dim, weight, warmup_epochs, cycles, seed, **kwargs)
        if latent_dim < 2:
            raise ValueError("a coupling shifts some dimensions by others: latent_dim must be at least 2")
        if min(couplings, hidden) < 1:
            raise ValueError(f"couplings and hidden must be at least 1: {couplings, hidden}")
        self.couplings, self.hidden = couplings, hidden
        self.nets = [self._net(number) for number in range(couplings)]
        self.orders = [_order(latent_dim, number) for number in range(couplings)]

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features], and the prior."""
        self._build_posterior(features_shape)
        for net in self.nets:
            net.build((None, self.latent_dim // 2))

    def prior(self, pseudo: Tensor | None = None) -> Any:
        """p(z); batch shape [], event shape [latent_dim]."""
        del pseudo
        return _Bent(self)

    def call(self, features: Tensor, training: bool = False, pseudo: Tensor | None = None) -> dict[str, Tensor]:
        """See `Bottleneck`."""
        posterior = self.posterior(features)
        sample = self._draw(posterior, training)
        rate = ops.sum(posterior.log_prob(sample), axis=-1) - self.prior(pseudo).log_prob(sample)
        return {"code": posterior.loc, "sample": sample, "rate": rate, "cost": self._annealed(rate)}

    def to_noise(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Codes z [..., latent_dim] -> noise u [..., latent_dim] and log |det du/dz| [...]."""
        volume = ops.zeros_like(z[..., 0])
        for net, order in zip(self.nets, self.orders, strict=True):
            kept, moved = self._halves(ops.take(z, order, axis=-1))
            shift, log_scale = self._bend(net, kept)
            z = ops.concatenate([kept, (moved - shift) * ops.exp(-log_scale)], axis=-1)
            volume -= ops.sum(log_scale, axis=-1)
        return z, volume

    def to_code(self, u: Tensor) -> Tensor:
        """Noise [..., latent_dim] -> codes [..., latent_dim], the inverse of `to_noise`."""
        for net, order in zip(self.nets[::-1], self.orders[::-1], strict=True):
            kept, moved = self._halves(u)
            shift, log_scale = self._bend(net, kept)
            both = ops.concatenate([kept, moved * ops.exp(log_scale) + shift], axis=-1)
            u = ops.take(both, np.argsort(order), axis=-1)
        return u

    def _net(self, number: int) -> keras.Sequential:
        """A half of the dimensions -> shifts and, bent to at most `_STEEPEST`, logarithms of scales of the others."""
        policy: Any = self.dtype_policy
        widths = [("first", self.hidden, "gelu", "glorot_uniform"), ("second", self.hidden, "gelu", "glorot_uniform")]
        out = ("out", 2 * (self.latent_dim - self.latent_dim // 2), None, "zeros")  # so that it starts as N(0, I)
        layers = [
            keras.layers.Dense(width, activation, kernel_initializer=start, name=name, dtype=policy)
            for name, width, activation, start in (*widths, out)
        ]
        return keras.Sequential(layers, name=f"coupling_{number}")

    def _halves(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return z[..., : self.latent_dim // 2], z[..., self.latent_dim // 2 :]

    def _bend(self, net: keras.Sequential, kept: Tensor) -> tuple[Tensor, Tensor]:
        shift, raw = ops.split(ops.cast(net(kept), "float32"), 2, axis=-1)
        return shift, _STEEPEST * ops.tanh(raw / _STEEPEST)


class _Bent(tfp.distributions.Distribution):
    """p(z) of a `FlowPrior`."""

    def __init__(self, flow: FlowPrior) -> None:
        super().__init__(
            dtype="float32",
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=False,
            name="flow_prior",
        )
        self._flow = flow
        self._noise = tfd.Independent(tfd.Normal(ops.zeros(flow.latent_dim), 1.0), reinterpreted_batch_ndims=1)

    def _batch_shape(self) -> Any:
        return self._noise.batch_shape

    def _event_shape(self) -> Any:
        return self._noise.event_shape

    def _log_prob(self, value: Tensor) -> Tensor:
        noise, volume = self._flow.to_noise(value)
        return self._noise.log_prob(noise) + volume

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return self._flow.to_code(self._noise.sample(n, seed=seed))


def _order(width: int, number: int) -> Rows:
    """The order of the dimensions that step `number` works in: drawn anew, or else with the halves exchanged."""
    if number % 2:
        return np.roll(np.arange(width), -(width // 2))
    return np.random.default_rng(number).permutation(width)
