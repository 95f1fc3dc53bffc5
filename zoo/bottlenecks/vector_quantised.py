"""The bottleneck that picks codes from codebooks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Bottleneck
from zoo.replicas import first_ones, whole_batch

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Fraction, LayerArguments, NonNegativeFloat, PositiveInt, Seed

# Moving averages of a code that was never, or not for long, chosen are too small to divide by one another.
_SMALLEST_USE = 1e-9
_TOKENS = {"uint8": 2**8, "uint16": 2**16, "uint32": 2**32}  # type of a code's number -> codes that it can tell apart


class VectorQuantised(Bottleneck):
    """z_e = W h + b in `groups` parts, each replaced by the nearest of its codebook's `codes` vectors.

    The code z_q [batch, latent_dim] is made of the chosen vectors. Gradients pass from z_q to z_e unchanged. The
    codebooks are moving averages of what chose them, updated in training only; distances are taken in float32.

    The rate is groups * log(codes) nats for every row: what an index into each codebook takes if all are equally
    likely. It is constant, so the loss leaves it out, and it has no share of a dimension: `rates` is None. The cost is
    the commitment, commitment * |z_e - z_q|^2, summed over dimensions, which keeps z_e near its codes.

    A code that few rows choose is moved to a random part z_e of the batch. All codes are such at the first training
    step, so that codebooks start where the data is. Rows that are not finite are left out of all this; their code is
    NaN.

    Besides the four entries of every bottleneck there is `perplexity` [batch]: exp of the entropy of the codes' use,
    averaged over the codebooks, from 1 (or no training yet) to `codes` (all chosen equally often).

    Args:
        latent_dim: width of the code.
        groups: parts it is split into, each with a codebook of its own; a divisor of latent_dim.
        codes: vectors in a codebook.
        commitment: factor of the commitment.
        decay: of the moving averages, a training step.
        revive_below: a code is moved when the moving average of its use falls below this share of 1 / codes, its use
            if all were equal; 0 moves none.
        seed: seed of the first codebooks and of which rows codes are moved to; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim, groups or codes below 1, latent_dim that groups does not divide, a negative commitment
            or revive_below, or a decay outside [0, 1).

    Reference:
        van den Oord et al. 2017, "Neural discrete representation learning", arXiv 1711.00937, eq. 3 and appendix A.1;
        Jegou et al. 2011, "Product quantization for nearest neighbor search" (groups); Dhariwal et al. 2020,
        "Jukebox", arXiv 2005.00341, section 3.1 (moving the codes that are not used).
    """

    reports = ("perplexity",)

    def __init__(
        self,
        latent_dim: PositiveInt,
        groups: PositiveInt,
        codes: PositiveInt,
        commitment: NonNegativeFloat = 0.25,
        decay: Fraction = 0.99,
        revive_below: NonNegativeFloat = 0.05,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if min(latent_dim, groups, codes) < 1:
            raise ValueError(f"latent_dim, groups and codes must be at least 1: {latent_dim, groups, codes}")
        if latent_dim % groups:
            divisors = ", ".join(str(size) for size in range(1, latent_dim + 1) if latent_dim % size == 0)
            raise ValueError(f"groups must divide latent_dim, {latent_dim}: {groups} does not, but {divisors} do")
        if min(commitment, revive_below) < 0:
            raise ValueError(f"commitment and revive_below must not be negative: {commitment, revive_below}")
        if not 0 <= decay < 1:
            raise ValueError(f"decay must be at least 0 and below 1, not {decay}")
        self.latent_dim, self.groups, self.codes, self.commitment = latent_dim, groups, codes, commitment
        self.decay, self.revive_below, self.seed = decay, revive_below, seed
        self.projection = keras.layers.Dense(latent_dim, name="projection", dtype="float32")
        self.noise = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features], and the codebooks."""
        self.projection.build(input_shape)
        shape = (self.groups, self.codes, self.latent_dim // self.groups)
        start = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        self.codebooks = self._state("codebooks", shape, start)
        self.uses = self._state("uses", shape[:2], "zeros")  # moving average of the share of rows that choose a code
        self.sums = self._state("sums", shape, "zeros")  # and of the sum of what chose it, over the number of rows

    def encode(self, features: Tensor) -> Tensor:
        """z_q: [batch, features] -> [batch, latent_dim] float32."""
        parts = self._parts(features)
        return self._whole(_straight(self._look_up(self._nearest(parts)), parts))

    def tokens(self, features: Tensor) -> Tensor:
        """Numbers of the nearest codes: [batch, features] -> [batch, groups], of the smallest type that holds them."""
        kind = next(name for name, size in _TOKENS.items() if self.codes <= size)
        return ops.cast(ops.argmin(self._distances(self._parts(features)), axis=-1), kind)

    def usage(self) -> Tensor:
        """Share of the rows that choose each code, by its moving average: [groups, codes]; 0 before training."""
        uses = ops.convert_to_tensor(self.uses)
        return uses / ops.maximum(ops.sum(uses, axis=-1, keepdims=True), _SMALLEST_USE)

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`."""
        parts = self._parts(features)
        if training:
            self._revive(whole_batch(ops.stop_gradient(parts)))
        nearest = self._nearest(parts)
        chosen = self._look_up(nearest)
        if training:
            self._learn(whole_batch(ops.stop_gradient(parts)), whole_batch(nearest))
        code = self._whole(_straight(chosen, parts))
        everywhere = ops.zeros(ops.shape(code)[:1], dtype="float32")
        return {
            "code": code,
            "sample": code,
            "rate": everywhere + self.groups * math.log(self.codes),
            "cost": self.commitment * ops.sum(ops.square(parts - chosen), axis=(1, 2)),
            "perplexity": everywhere + self._perplexity(),
        }

    def _state(self, name: str, shape: tuple[int, ...], start: keras.Initializer | str) -> keras.Variable:
        return self.add_weight(
            shape=shape, initializer=start, trainable=False, name=name, dtype="float32", autocast=False
        )

    def _parts(self, features: Tensor) -> Tensor:
        """z_e: [batch, features] -> [batch, groups, size]."""
        return ops.reshape(self.projection(features), (-1, self.groups, self.latent_dim // self.groups))

    def _whole(self, parts: Tensor) -> Tensor:
        return ops.reshape(parts, (-1, self.latent_dim))

    def _nearest(self, parts: Tensor) -> Tensor:
        """Which code of its codebook is nearest to each part, as indicators [batch, groups, codes]."""
        return ops.one_hot(ops.argmin(self._distances(parts), axis=-1), self.codes, dtype="float32")

    def _distances(self, parts: Tensor) -> Tensor:
        """Squared distances of each part to the codes of its codebook, but for a term that all share."""
        books = ops.convert_to_tensor(self.codebooks)
        # |z - e|^2 = |z|^2 - 2 z.e + |e|^2, whose first term is the same for all codes
        return ops.sum(ops.square(books), axis=-1) - 2.0 * ops.einsum("bgs,gks->bgk", parts, books)

    def _look_up(self, nearest: Tensor) -> Tensor:
        """The chosen vectors [batch, groups, size]; constants to the gradient."""
        return ops.stop_gradient(ops.einsum("bgk,gks->bgs", nearest, ops.convert_to_tensor(self.codebooks)))

    def _learn(self, parts: Tensor, nearest: Tensor) -> None:
        """Moves the averages one step, and the codebooks with them (appendix A.1)."""
        finite = ops.all(ops.isfinite(parts), axis=(1, 2), keepdims=True)
        sound, chosen = ops.where(finite, parts, 0.0), ops.where(finite, nearest, 0.0)
        rows = ops.maximum(ops.sum(ops.cast(finite, "float32")), 1.0)
        kept, new = self.decay, (1.0 - self.decay) / rows
        uses = kept * self.uses + new * ops.sum(chosen, axis=0)
        sums = kept * self.sums + new * ops.einsum("bgk,bgs->gks", chosen, sound)
        used = uses[..., None] > _SMALLEST_USE
        means = sums / ops.where(used, uses[..., None], 1.0)
        self.codebooks.assign(ops.where(used, means, self.codebooks))
        self.uses.assign(uses)
        self.sums.assign(sums)

    def _revive(self, parts: Tensor) -> None:
        """Moves codes that are hardly used to random parts of the batch, and counts them as used like the others."""
        idle = ops.convert_to_tensor(self.uses) < self.revive_below / self.codes
        rows = ops.shape(parts)[0]
        # each row once, as far as there are enough: codes in one place would share its rows
        order = ops.argsort(first_ones(keras.random.uniform((self.groups, rows), seed=self.noise)), axis=-1)
        places = ops.take(order, ops.arange(self.codes) % rows, axis=1)
        there = ops.take_along_axis(ops.transpose(parts, (1, 0, 2)), places[..., None], axis=1)
        moved = ops.logical_and(idle, ops.all(ops.isfinite(there), axis=-1))
        fresh = 1.0 / self.codes
        self.codebooks.assign(ops.where(moved[..., None], there, self.codebooks))
        self.uses.assign(ops.where(moved, fresh, self.uses))
        self.sums.assign(ops.where(moved[..., None], fresh * there, self.sums))

    def _perplexity(self) -> Tensor:
        shares = self.usage()
        entropies = -ops.sum(shares * ops.log(ops.maximum(shares, _SMALLEST_USE)), axis=-1)
        return ops.mean(ops.exp(entropies))


def _straight(chosen: Tensor, parts: Tensor) -> Tensor:
    """The chosen vectors, with the gradient of the parts; NaN where these are not finite."""
    return chosen + (parts - ops.stop_gradient(parts))
