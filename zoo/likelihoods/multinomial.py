"""The multinomial likelihood of sparse rows over a vocabulary that may be huge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError
from zoo.likelihoods._log_normaliser import log_normaliser
from zoo.parts import Likelihood, flat, gathered

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, NonNegativeInt, PositiveInt, Seed

_SMALLEST_SHARE = 1e-6  # of the drawn columns' sum that the draws of the item itself may leave
_RARE = 1.0  # added to every column's count, so that the empirical proposal can draw all of them


class Multinomial(Likelihood):
    """log p(x|z) = sum over a row's items i of value_i * log softmax(W h + b)_i, h being the decoder's features.

    The multinomial coefficient, which no weight has a part in, is left out. Exact by default and always at evaluation:
    the softmax's normaliser is summed over the columns in chunks, so that nothing of size [batch, columns] is made.

    With `samples`, training estimates it from columns drawn from a proposal Q instead: sampled softmax. The normaliser
    of an item is exp(its logit) plus the sum over the draws j that are not the item of exp(l_j) / (samples Q(j)), whose
    mean is the exact one; a batch shares its draws. The gradient touches the drawn and the present columns only.

    Args:
        samples: columns drawn for a batch in training; 0 is exact.
        proposal: `log_uniform`, Q(j) = log((j + 2) / (j + 1)) / log(columns + 1), for columns in order of falling
            frequency; or `empirical`, in proportion to how often a column occurs in the training rows.
        chunk: columns at a time when the normaliser is exact.
        seed: seed of the draws; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Reference:
        Liang et al. 2018, "Variational autoencoders for collaborative filtering", eq. 2 (multinomial); Bengio and
        Senécal 2008, "Adaptive importance sampling to accelerate training of a neural probabilistic language model";
        Jean et al. 2015, "On using very large target vocabulary", eq. 7 (the correction).
    """

    takes_sparse = True

    def __init__(
        self,
        samples: NonNegativeInt = 0,
        proposal: Literal["log_uniform", "empirical"] = "log_uniform",
        chunk: PositiveInt = 8192,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if samples < 0 or chunk < 1:
            raise ValueError(f"samples must not be negative and chunk at least 1: {samples}, {chunk}")
        self.samples, self.proposal, self.chunk, self.seed = samples, proposal, chunk, seed
        self.draws = keras.random.SeedGenerator(seed)

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, ...] and sparse rows [batch, columns]."""
        width = int(np.prod([int(size or 0) for size in features_shape[1:]]))
        self.columns = int(target_shape[-1] or 0)
        self.kernel = self.add_weight(
            shape=(self.columns, width),
            initializer="glorot_uniform",
            name="kernel_table",
            dtype="float32",
            autocast=False,
        )
        self.bias = self.add_weight(
            shape=(self.columns,), initializer="zeros", name="bias_table", dtype="float32", autocast=False
        )
        if self.samples and self.proposal == "empirical":
            uniform = np.arange(1, self.columns + 1, dtype=np.float64) / self.columns
            # float64: of a million columns the rare ones are steps that float32 rounds away
            self.cumulative = self.add_weight(
                shape=(self.columns,), trainable=False, name="cumulative", dtype="float64", autocast=False
            )
            self.cumulative.assign(uniform)

    def adapt(self, batches: Batches) -> None:
        """Counts how often each column occurs, for the empirical proposal.

        Raises:
            InputError: rows with negative values, which are no counts.
        """
        counts = np.full(self.columns, _RARE)
        for block, weights in batches():
            if block.data.min(initial=0) < 0:
                raise InputError(
                    f"a multinomial likelihood takes counts, and the rows hold {block.data.min():g}: give counts of at "
                    "least 0, or set model.likelihood to one for dense rows of real numbers, such as Normal"
                )
            counts += (block.T @ weights.astype(np.float64)).ravel()
        if not self.samples or self.proposal != "empirical":
            return
        shares = np.cumsum(counts / counts.sum())
        self.cumulative.assign(shares / shares[-1])

    def mean(self, features: Tensor) -> Tensor:
        """Probability of every column, dense [batch, columns]: the one place that makes as much."""
        logits = ops.matmul(self._float(features), ops.transpose(self.kernel)) + self.bias
        return ops.softmax(logits, axis=-1)

    def call(self, features: Tensor, target: Tensor, training: bool = False) -> Tensor:
        """Log p(x|z) [batch] in nats, for features [batch, ...] and sparse rows; estimated when training samples."""
        features = self._float(features)
        logits = self._logits_of(features, ops.maximum(target["indices"], 0))  # [batch, items]
        if training and self.samples:
            each = logits - self._sampled_normaliser(features, logits, target["indices"])
        else:
            each = logits - self.log_normaliser(features)[:, None]
        present = target["indices"] >= 0
        return ops.sum(ops.where(present, target["values"] * each, 0.0), axis=-1)

    def log_normaliser(self, features: Tensor) -> Tensor:
        """The exact log sum_j exp((W h + b)_j): [batch, features] -> [batch]."""
        features = self._float(features)
        if self.columns <= self.chunk:
            return ops.logsumexp(ops.matmul(features, ops.transpose(self.kernel)) + self.bias, axis=-1)
        return log_normaliser(features, self.kernel, self.bias, self.chunk)

    def _sampled_normaliser(self, features: Tensor, logits: Tensor, indices: Tensor) -> Tensor:
        """An estimate of the log normaliser for every item [batch, items]: the item itself, and the drawn columns."""
        drawn = self._drawn()
        # each drawn column stands for 1 / (samples * Q) columns; its logit is corrected by the logarithm of that
        corrected = ops.matmul(features, ops.transpose(gathered(self.kernel, drawn)))
        corrected = corrected + gathered(self.bias, drawn) - self._log_expected(drawn)
        total = ops.logsumexp(corrected, axis=-1)[:, None]
        # draws of the item itself are taken out, since the item is put in, and counts as the one column that it is
        count = _occurrences(drawn, indices)
        share = count * ops.exp(ops.minimum(logits - self._log_expected(ops.maximum(indices, 0)) - total, 0.0))
        without = total + ops.log(ops.maximum(1.0 - share, _SMALLEST_SHARE))
        return ops.logaddexp(without, logits)

    def _drawn(self) -> Tensor:
        """[samples] columns from the proposal, with replacement."""
        uniform = keras.random.uniform((self.samples,), dtype="float64", seed=self.draws)  # as `cumulative`
        if self.proposal == "empirical":
            found = ops.searchsorted(self.cumulative, uniform)
        else:  # the inverse of the distribution function log(j + 2) / log(columns + 1)
            found = ops.cast(ops.exp(uniform * float(np.log(self.columns + 1))), "int32") - 1
        return ops.clip(ops.cast(found, "int32"), 0, self.columns - 1)

    def _log_expected(self, columns: Tensor) -> Tensor:
        """Log of how often columns are expected among the drawn."""
        if self.proposal == "empirical":
            before = gathered(self.cumulative, ops.maximum(columns - 1, 0)) * ops.cast(columns > 0, "float64")
            shares = gathered(self.cumulative, columns) - before
        else:
            places = ops.cast(columns, "float32")
            shares = ops.log1p(1 / (places + 1)) / float(np.log(self.columns + 1))
        return ops.cast(ops.log(shares), "float32") + float(np.log(self.samples))

    def _logits_of(self, features: Tensor, indices: Tensor) -> Tensor:
        """(W h + b) at some columns of each row [batch, items]."""
        rows = gathered(self.kernel, indices)
        return ops.einsum("bf,bif->bi", features, rows) + gathered(self.bias, indices)

    @staticmethod
    def _float(features: Tensor) -> Tensor:
        return ops.cast(flat(features), "float32")


def _occurrences(drawn: Tensor, indices: Tensor) -> Tensor:
    """How often each index [batch, items] is among the drawn columns [samples]."""
    ordered, wanted = ops.sort(drawn), ops.reshape(indices, (-1,))
    found = ops.searchsorted(ordered, wanted, side="right") - ops.searchsorted(ordered, wanted, side="left")
    return ops.cast(ops.reshape(found, ops.shape(indices)), "float32")
