"""The variational bottleneck whose prior is a learnt mixture of Gaussians: codes that fall into clusters."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Unpack

import keras
import numpy as np
import tensorflow_probability as tfp
from keras import ops

from zoo.bottlenecks._diagonal_posterior import SMALLEST_SCALE, DiagonalPosterior, shortfall
from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Floats, LayerArguments, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Seed

tfd = tfp.distributions


class GaussianMixture(DiagonalPosterior):
    """q(z|x) = N(loc(x), diag scale(x)^2) against p(z) = sum_c pi_c N(mu_c, diag s_c^2), which is learnt.

    KL(q(z|x) || p(z)) has no closed form. The rate is the least upper bound that a cluster drawn independently of z,
    q(z, c|x) = q(z|x) q(c|x), gives; with KL_c = KL(q(z|x) || N(mu_c, diag s_c^2)) in nats, summed over dimensions:

        q(c|x) = pi_c exp(-KL_c) / sum_k pi_k exp(-KL_k)
        rate   = sum_c q(c|x) KL_c + KL(q(c|x) || pi) = -log sum_c pi_c exp(-KL_c)

    It is exact where the components coincide, or lie so far apart that one explains the row, and unlike an estimate
    from a sample it adds no noise to the gradients. (VaDE writes the same bound with q(c|x) read off a sample, which
    is looser.) The code is loc(x); the decoder sees a reparametrised sample.

    Args:
        latent_dim: width of the code.
        components: clusters of the prior.
        weight: factor of the rate in the loss (1 is the evidence lower bound).
        warmup_epochs: the weight grows linearly from weight / warmup_epochs in the first epoch to its full value.
        free_bits: nats that each dimension's `rates` may reach on average over the batch before they cost anything.
        cycles: more than 1 split warmup_epochs, a multiple of it, into so many cycles: in each the weight grows
            linearly over the first half and is full over the second; after the last it stays full.
        spread: standard deviation of the components' first means around 0; their first scales are 1.
        learn_shares: whether the shares pi_c are learnt; else they stay equal, and no cluster can run empty for want
            of share.
        fit_epoch: before this epoch (from 0) the prior is fitted to the codes, see `adapt_prior`; 0 never fits it.
            Without it, clusters start at random places, and most rows may end up in few of them.
        seed: seed of the means, of `adapt_prior` and of the training noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim, components or cycles below 1, a negative weight, warmup_epochs, free_bits or
            fit_epoch, a spread that is not positive, or cycles that warmup_epochs cannot hold.

    Reference:
        Jiang et al. 2017, "Variational deep embedding", arXiv 1611.05148, eq. 12; Hershey and Olsen 2007,
        "Approximating the Kullback Leibler divergence between Gaussian mixture models", eq. 20 (the least bound).
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        components: PositiveInt,
        weight: NonNegativeFloat = 1.0,
        warmup_epochs: NonNegativeInt = 0,
        free_bits: NonNegativeFloat = 0.0,
        cycles: PositiveInt = 1,
        spread: PositiveFloat = 1.0,
        learn_shares: bool = True,
        fit_epoch: NonNegativeInt = 0,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(latent_dim, weight, warmup_epochs, cycles, seed, **kwargs)
        if components < 1:
            raise ValueError(f"components must be at least 1, not {components}")
        if min(free_bits, fit_epoch) < 0:
            raise ValueError(f"free_bits and fit_epoch must not be negative: {free_bits, fit_epoch}")
        if spread <= 0:
            raise ValueError(f"spread must be positive, not {spread}")
        self.components, self.free_bits, self.spread = components, free_bits, spread
        self.learn_shares, self.fit_epoch = learn_shares, fit_epoch

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features], and the prior."""
        self._build_posterior(input_shape)
        shape = (self.components, self.latent_dim)
        start = keras.initializers.RandomNormal(stddev=self.spread, seed=self.seed)
        self.means = self.add_weight(shape=shape, initializer=start, name="means", dtype="float32", autocast=False)
        self.raw_scales = self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(float(_raw(1.0))),
            name="raw_scales",
            dtype="float32",
            autocast=False,
        )
        self.logits = self.add_weight(
            shape=(self.components,),
            initializer="zeros",
            trainable=self.learn_shares,
            name="logits",
            dtype="float32",
            autocast=False,
        )

    @property
    def settled_epoch(self) -> int:
        """First epoch with the full weight for good, and with the prior fitted if it is to be."""
        return max(super().settled_epoch, self.fit_epoch)

    def prior(self, pseudo: Tensor | None = None) -> Any:
        """p(z), the mixture; batch shape [], event shape [latent_dim]."""
        del pseudo
        parts = tfd.Independent(self._components(), reinterpreted_batch_ndims=1)
        return tfd.MixtureSameFamily(tfd.Categorical(logits=ops.convert_to_tensor(self.logits)), parts)

    def assign(self, features: Tensor) -> Tensor:
        """p(c|z) at the code z = loc(x): [batch, features] -> [batch, components]; rows add up to 1."""
        code = self.posterior(features).loc
        densities = ops.sum(self._components().log_prob(code[:, None, :]), axis=-1)
        return _shares(self._log_shares() + densities)

    def rates(self, features: Tensor) -> Tensor:
        """sum_c q(c|x) KL(q(z_d|x) || N(mu_cd, s_cd^2)) in nats: [batch, features] -> [batch, latent_dim].

        The rate is their sum over dimensions and KL(q(c|x) || pi), which belongs to no dimension.
        """
        return self._rates(self.posterior(features))[0]

    def call(self, features: Tensor, training: bool = False, pseudo: Tensor | None = None) -> dict[str, Tensor]:
        """See `Bottleneck`."""
        del pseudo
        posterior = self.posterior(features)
        rates, rate = self._rates(posterior)
        return {
            "code": posterior.loc,
            "sample": self._draw(posterior, training),
            "rate": rate,
            "cost": self._annealed(rate + shortfall(rates, self.free_bits)),
        }

    def adapt_prior(self, codes: Floats) -> None:
        """Fits the mixture to codes [n, latent_dim] by expectation maximisation, as VaDE starts its prior.

        Shares stay equal where they are not learnt.

        Raises:
            ValueError: codes of another width.
            InputError: fewer codes than components, or codes that are not finite.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture as Fit

        codes = np.asarray(codes, dtype=np.float64)
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise ValueError(f"the prior is fitted to codes [n, {self.latent_dim}], not {codes.shape}")
        if len(codes) < self.components:
            raise InputError(
                f"{len(codes)} rows cannot make {self.components} clusters: give more rows, or set "
                f"model.bottleneck.components={len(codes)} or less"
            )
        broken = len(codes) - int(np.isfinite(codes).all(axis=1).sum())
        if broken:
            raise InputError(
                f"{broken} of {len(codes)} codes are not finite, so no prior can be fitted to them: "
                f"training has diverged; lower train.learning_rate"
            )
        fit = Fit(self.components, covariance_type="diag", random_state=self.seed or 0, max_iter=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # training goes on from wherever the fit came
            fit.fit(codes)
        self.means.assign(fit.means_)
        self.raw_scales.assign(_raw(np.sqrt(fit.covariances_)))
        if self.learn_shares:
            self.logits.assign(np.log(np.maximum(fit.weights_, 1e-6)))

    def _components(self) -> Any:
        """N(mu_c, s_c^2), batch shape [components, latent_dim]."""
        scales = ops.softplus(ops.convert_to_tensor(self.raw_scales)) + SMALLEST_SCALE
        return tfd.Normal(ops.convert_to_tensor(self.means), scales)

    def _log_shares(self) -> Tensor:
        return ops.log_softmax(ops.convert_to_tensor(self.logits))

    def _rates(self, posterior: Any) -> tuple[Tensor, Tensor]:
        """The rates [batch, latent_dim] and the rate [batch], as the class describes them."""
        one = tfd.Normal(posterior.loc[:, None, :], posterior.scale[:, None, :])
        each = tfd.kl_divergence(one, self._components())  # [batch, components, latent_dim]
        joint = self._log_shares() - ops.sum(each, axis=-1)
        return ops.einsum("bc,bcd->bd", _shares(joint), each), -ops.logsumexp(joint, axis=-1)


def _shares(logits: Tensor) -> Tensor:
    """Softmax over the components; Keras' own warns of a single one, which is no mistake here."""
    return ops.exp(logits - ops.logsumexp(logits, axis=-1, keepdims=True))


def _raw(scale: Any) -> Any:
    """What softplus makes the scale of, but for the smallest; scales at or below it become twice the smallest."""
    raised = np.maximum(np.asarray(scale, np.float64), 2 * SMALLEST_SCALE) - SMALLEST_SCALE
    return raised + np.log(-np.expm1(-raised))
