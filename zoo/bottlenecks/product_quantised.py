"""The bottleneck whose code is a few bytes: rotation, codebooks, and the way back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import keras
import numpy as np
from keras import ops

from zoo.parts import Bottleneck
from zoo.product_codes import CODES, ProductCodes, additions

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import Floats, LayerArguments, NonNegativeInt, PositiveFloat, PositiveInt, Seed

_FITTED = 65_536  # rows at most that closed forms are fitted to
_AT_ONCE = 4_096  # of them at a time


class ProductQuantised(Bottleneck):
    """A row's parts are each replaced by the nearest vector of a codebook; the numbers of these are the code's bytes.

        y = E h in `groups` parts, each -> the number of the nearest of 256 vectors: `tokens` [batch, groups] uint8
        code = the sum of what the numbers stand for [batch, width], a row again

    It starts where optimised product quantisation ends (`zoo.product_codes`, fitted in closed form and by k-means
    before the first step), a number standing for its vector turned back, D c. Training may then move E, D and the
    codebooks by gradient, towards whatever the loss asks for. The choice passes gradients on as the softmax of the
    negative squared distances would: forwards the nearest vector, backwards the mean of all by their shares.

    Once training is over, each number is given what it adds to the row besides (`zoo.product_codes.additions`, a ridge
    regression), so that it stands for a whole row: choices in one part tell of the other parts too. Rows are then
    encoded as before, and each choice is looked at again with the others as they are. That is most of what it has
    before product quantisation. It costs tables of groups x codes rows, 25 MB for 64 bytes of rows of 384.

    Unlike `VectorQuantised`, whose codes are learnt with an encoder and a decoder around them, it needs neither, and
    keeps the bytes as the code: `Encoder.encode` gives them.

    Args:
        groups: parts, which are the bytes of a code.
        codes: vectors in a codebook; 256 at most.
        softness: temperature of the softmax that gradients pass through, in shares of the mean squared distance of
            parts to their nearest vector.
        ridge: of what numbers add, in rows for each group: the less, the closer come the training rows, and the less
            does it hold for new ones.
        refinements: how often the choices of all parts are looked at again (iterated conditional modes).
        seed: of the rows that k-means starts at; None draws one from Keras' global seed.
        width: numbers of a row, as the encoder hands it on; None takes what it hands on.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: arguments out of range; (when built) more groups than features, or features of another width.

    Reference:
        Ge et al. 2013, "Optimized product quantization"; Babenko and Lempitsky 2014, "Additive quantization for extreme
        vector compression" (sums of rows); Besag 1986, "On the statistical analysis of dirty pictures" (looking again);
        Chen, Li and Sun 2020, "Differentiable product quantization", eq. 4 and 5 (gradients).
    """

    gives_bytes = True

    def __init__(
        self,
        groups: PositiveInt,
        codes: PositiveInt = 256,
        softness: PositiveFloat = 1.0,
        ridge: PositiveFloat = 1.0,
        refinements: NonNegativeInt = 4,
        seed: Seed | None = None,
        width: PositiveInt | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        if groups < 1 or not 1 <= codes <= CODES:
            raise ValueError(f"groups must be at least 1, and codes 1 to {CODES}: {groups, codes}")
        if min(softness, ridge) <= 0 or refinements < 0:
            raise ValueError(
                f"softness and ridge must be positive, refinements not negative: {softness, ridge, refinements}"
            )
        self.groups, self.codes, self.softness = groups, codes, softness
        self.ridge, self.refinements = ridge, refinements
        self.seed, self.width, self.latent_dim = seed, width, groups
        self._start = int(np.asarray(keras.random.SeedGenerator(seed).state)[0])
        self._solved = False

    @property
    def code_dim(self) -> int:
        """That of the rows, which bytes stand for."""
        return int(self.width or 0)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features], which are as many as the row has numbers."""
        width = int(input_shape[-1] or 0)
        self.width = self.width or width
        if width != self.width:
            raise ValueError(f"{width} features, and a code stands for rows of {self.width} numbers")
        if self.groups > width:
            raise ValueError(f"groups={self.groups}: more bytes than a row has numbers; {width} at most")
        self.size = -(-width // self.groups)
        turned = self.groups * self.size
        start = keras.initializers.RandomNormal(stddev=width**-0.5, seed=self._start)
        self.rotation = self.add_weight(shape=(width, turned), initializer=start, name="rotation")
        self.books = self.add_weight(shape=(self.groups, self.codes, self.size), initializer=start, name="codebooks")
        self.back = self.add_weight(shape=(turned, width), initializer=start, name="back")
        # what each number stands for, and its squared length; of any use once training is over
        self.tables = self.add_weight(
            shape=(self.groups, self.codes, width), initializer=start, trainable=False, name="tables"
        )
        self.squares = self.add_weight(
            shape=(self.groups, self.codes), initializer="zeros", trainable=False, name="squares"
        )
        # of a part to its nearest vector; the scale of the softmax
        self.spread = self.add_weight(shape=(), initializer="ones", trainable=False, name="spread")

    def solve(self, batches: Batches) -> None:
        """Starts at optimised product quantisation of the training rows' features."""
        rows = _some(batches, self._start)
        fitted = ProductCodes.fit(rows, self.groups, self.codes, seed=self._start)
        apart = np.square(fitted.decoded(fitted.numbers(rows)) - rows).sum(axis=1).mean() / self.groups
        self.rotation.assign(fitted.rotation)
        self.books.assign(fitted.books)
        self.back.assign(fitted.rotation.T)
        self.spread.assign(max(float(apart), 1e-9))
        self._solved = True

    def settle(self, batches: Batches) -> None:
        """Finds what each number stands for; of an untrained one, what its codebooks say."""
        parts = np.asarray(self.back).reshape(self.groups, self.size, -1)
        stands = np.matmul(np.asarray(self.books), parts)
        if self._solved:
            rows = _some(batches, self._start)
            starts = range(0, len(rows), _AT_ONCE)
            numbers = np.concatenate([np.asarray(self._nearest(rows[i : i + _AT_ONCE])) for i in starts])
            missing = rows - stands[np.arange(self.groups), numbers].sum(axis=1)
            stands = stands + additions(numbers, missing, self.codes, self.ridge * self.groups)
        self.tables.assign(stands)
        self.squares.assign(np.square(stands).sum(axis=-1))

    def encode(self, features: Tensor) -> Tensor:
        """What the bytes stand for: [batch, features] -> [batch, width]."""
        return self.look_up(self.tokens(features))

    def tokens(self, features: Tensor) -> Tensor:
        """The bytes: [batch, features] -> [batch, groups] uint8."""
        features = ops.cast(features, "float32")
        numbers = self._nearest(features)
        if self.refinements:
            numbers = self._refined(features, numbers)
        return ops.cast(numbers, "uint8")

    def look_up(self, tokens: Tensor) -> Tensor:
        """What bytes stand for: [batch, groups] -> [batch, width]."""
        numbers = ops.cast(tokens, "int32") + self.codes * ops.arange(self.groups, dtype="int32")
        return ops.sum(ops.take(ops.reshape(self.tables, (-1, self.width)), numbers, axis=0), axis=1)

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`; the rate is that of equally likely codes, and the cost 0."""
        del training
        distances = self._distances(self._parts(features))
        nearest = ops.one_hot(ops.argmin(distances, axis=-1), self.codes, dtype="float32")
        shares = ops.softmax(-distances / (self.softness * self.spread), axis=-1)
        code = ops.matmul(self._chosen(nearest + shares - ops.stop_gradient(shares)), self.back)
        everywhere = ops.zeros(ops.shape(code)[:1], dtype="float32")
        rate = everywhere + self.groups * math.log(self.codes)
        return {"code": code, "sample": code, "rate": rate, "cost": everywhere}

    def _parts(self, features: Tensor) -> Tensor:
        """[batch, features] -> [groups, batch, size]."""
        turned = ops.matmul(ops.cast(features, "float32"), self.rotation)
        return ops.transpose(ops.reshape(turned, (-1, self.groups, self.size)), (1, 0, 2))

    def _nearest(self, features: Tensor) -> Tensor:
        """Numbers of the nearest vectors: [batch, features] -> [batch, groups] int32."""
        return ops.cast(ops.argmin(self._distances(self._parts(features)), axis=-1), "int32")

    def _refined(self, features: Tensor, numbers: Tensor) -> Tensor:
        """Takes for each part in turn the number that is best with those of the other parts as they are."""
        tables, squares = ops.convert_to_tensor(self.tables), ops.convert_to_tensor(self.squares)

        def looked_at(step: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            chosen, left = state
            group = step % self.groups
            here = ops.cast(ops.equal(ops.arange(self.groups), group), "int32")
            table = ops.take(tables, group, axis=0)
            left = left + ops.take(table, ops.sum(chosen * here, axis=1), axis=0)
            costs = ops.take(squares, group, axis=0) - 2.0 * ops.matmul(left, ops.transpose(table))
            best = ops.cast(ops.argmin(costs, axis=-1), "int32")
            return chosen + here * (best[:, None] - chosen), left - ops.take(table, best, axis=0)

        start = (numbers, features - self.look_up(numbers))
        return ops.fori_loop(0, self.refinements * self.groups, looked_at, start)[0]

    def _distances(self, parts: Tensor) -> Tensor:
        """Squared distances of parts to the vectors of their codebooks: [batch, groups, codes]."""
        books = ops.convert_to_tensor(self.books)
        products = ops.matmul(parts, ops.transpose(books, (0, 2, 1)))
        found = (
            ops.sum(ops.square(parts), axis=-1, keepdims=True)
            - 2.0 * products
            + ops.sum(ops.square(books), axis=-1)[:, None]
        )
        return ops.transpose(found, (1, 0, 2))

    def _chosen(self, shares: Tensor) -> Tensor:
        """Vectors by their shares [batch, groups, codes] -> [batch, groups * size]."""
        parts = ops.matmul(ops.transpose(shares, (1, 0, 2)), ops.convert_to_tensor(self.books))
        return ops.reshape(ops.transpose(parts, (1, 0, 2)), (-1, self.groups * self.size))


def _some(batches: Batches, seed: int) -> Floats:
    """Rows [n, width] that stand for all: evenly many of each block."""
    count = sum(len(weights) for _, weights in batches())
    random, kept = np.random.default_rng(seed), min(1.0, _FITTED / max(count, 1))
    blocks = (np.asarray(block, np.float32).reshape(len(weights), -1) for block, weights in batches())
    return np.concatenate([block[random.random(len(block)) < kept] if kept < 1 else block for block in blocks])
