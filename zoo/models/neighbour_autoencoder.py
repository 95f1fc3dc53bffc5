"""The autoencoder that tells anomalies by their neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from keras import ops

from zoo.errors import InputError
from zoo.models.dense_autoencoder import DenseAutoencoder
from zoo.parts import flat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Batches, Bottleneck, Corruption, Likelihood, Objective, Preprocessing, Tensor
    from zoo.types import (
        Activation,
        Floats,
        Fraction,
        LayerArguments,
        NonNegativeFloat,
        PositiveFloat,
        PositiveInt,
        Probability,
        Rows,
    )

_NEVER = 1e30  # added to the squared distance of a place in the bank that holds no row


class NeighbourAutoencoder(DenseAutoencoder):
    """A dense autoencoder whose score is how far the nearest training rows are, in what it saw and what it missed.

    Rows [batch, width] become codes [batch, latent_dim], as those of `DenseAutoencoder`. The score compares, instead of
    the reconstruction error alone, (t, residual_weight * (t - reconstruction)) of the preprocessed row t with those of
    the training rows that the model keeps: the mean Euclidean distance to the `nearest` of them. A row is odd if it
    lies far from all known ones, or is reconstructed otherwise than its neighbours are.

    The kept rows are a weight of the model, filled once training is over, and travel with it. Who holds the model
    holds these rows. A training row that is kept is its own nearest neighbour.

    Args:
        latent_dim: width of the code.
        hidden: widths of the encoder's layers; the decoder mirrors them.
        activation: a Keras activation's name.
        skip: a linear map beside each MLP, see `zoo.networks.MLP`.
        scale: standard deviation of the likelihood, in the units of the preprocessed row.
        dropout: share of each layer's outputs that training drops.
        bottleneck: another one than the linear; its latent_dim counts.
        likelihood: another one than the normal of that scale.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, applied in order. Distances are meant for columns that count alike.
        terms: further terms of the loss by name.
        false_alarm_rate: see `zoo.models.Autoencoder`.
        nearest: neighbours whose mean distance is the score.
        residual_weight: how much the residual counts beside the row; 0 compares rows alone.
        kept: training rows to keep at most, evenly spaced among them.
        **kwargs: Keras model arguments (name, dtype).

    Reference:
        Angiulli and Pizzuti 2002, "Fast outlier detection in high dimensional spaces" (the mean of distances).
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        hidden: list[PositiveInt],
        activation: Activation = "relu",
        skip: bool = False,
        scale: PositiveFloat = 1.0,
        dropout: Fraction = 0.0,
        bottleneck: Bottleneck | None = None,
        likelihood: Likelihood | None = None,
        corruption: Corruption | None = None,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        false_alarm_rate: Probability | None = None,
        nearest: PositiveInt = 2,
        residual_weight: NonNegativeFloat = 2.0,
        kept: PositiveInt = 10_000,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        parts: dict[str, Any] = {"bottleneck": bottleneck, "likelihood": likelihood, "corruption": corruption}
        super().__init__(
            latent_dim,
            hidden,
            activation,
            skip,
            scale,
            dropout,
            preprocess=preprocess,
            terms=terms,
            false_alarm_rate=false_alarm_rate,
            **parts,
            **kwargs,
        )
        if nearest > kept:
            raise ValueError(f"nearest={nearest} neighbours are more than the kept={kept} rows")
        self.nearest, self.residual_weight, self.kept = nearest, residual_weight, kept

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes all weights for rows [batch, width]."""
        made = self.built
        super().build(input_shape)
        if made:
            return
        width = 2 * int(np.prod(self.row_shape))
        self.bank = self.add_weight(shape=(self.kept, width), initializer="zeros", trainable=False, name="bank")
        self.empty = self.add_weight(shape=(self.kept,), initializer="ones", trainable=False, name="empty")

    def adapt(self, batches: Batches) -> None:
        """See `zoo.models.Autoencoder`.

        Raises:
            InputError: fewer rows to keep than neighbours are asked for, as `remember` would find after the training.
        """
        self._every(batches)
        super().adapt(batches)

    def remember(self, batches: Batches) -> None:
        """Fills the bank with training rows; see `zoo.models.Autoencoder`."""
        super().remember(batches)
        every = self._every(batches)
        rows, seen = [], 0
        for block, _ in batches():
            chosen = np.asarray(block, np.float32)[-seen % every :: every]
            seen += len(block)
            rows.append(ops.convert_to_numpy(self._places(ops.convert_to_tensor(chosen))))
        known: Floats = np.concatenate(rows)
        missing = self.kept - len(known)
        self.bank.assign(np.pad(known, ((0, missing), (0, 0))))
        self.empty.assign(np.arange(self.kept) >= len(known))

    def _every(self, batches: Batches) -> int:
        """Of how many training rows one is kept."""
        count = sum(len(weights) for _, weights in batches())
        every = self._spacing(count)
        known = -(-count // every)
        if known < self.nearest:
            more = "" if every == 1 else ", or a larger model.kept"
            raise InputError(
                f"model.nearest={self.nearest}: a score is the mean distance to so many kept rows, and {known:,} of "
                f"{count:,} training rows are kept; set model.nearest={max(known, 1)} or less{more}"
            )
        return every

    def _spacing(self, count: int) -> int:
        return max(-(-count // self.kept), 1)

    def kept_rows(self, count: int) -> Rows:
        """See `zoo.models.Autoencoder`.

        Raises:
            InputError: fewer than `score_kept` takes: each has `nearest` neighbours besides itself.
        """
        places = np.arange(0, count, self._spacing(count))
        if len(places) <= self.nearest:
            raise InputError(
                f"model.nearest={self.nearest}: of {len(places):,} kept training rows none has so many others beside "
                f"it; give more rows, or set model.nearest={max(len(places) - 1, 1)} or less"
            )
        return places

    def score(self, x: Tensor) -> Tensor:
        """How far raw rows lie from the nearest kept ones: [batch, width] -> [batch], in deviations if standardised."""
        return ops.mean(self._distances(x, self.nearest), axis=-1)

    def score_kept(self, x: Tensor) -> Tensor:
        """`score` of rows that are kept, each by the nearest of the others; it takes `nearest` others.

        A kept row would find itself at distance 0, so that what all such rows score says nothing of new ones.
        """
        # itself is the nearest; sorted by exact distances, since those that found the neighbours are rounded
        found = ops.sort(self._distances(x, min(self.nearest + 1, self.kept)), axis=-1)
        return ops.mean(found[:, 1:], axis=-1)

    def _distances(self, x: Tensor, count: int) -> Tensor:
        """To the nearest kept rows: [batch, width] -> [batch, count], the nearest first but for rounding."""
        places, bank = self._places(x), ops.convert_to_tensor(self.bank)
        # squared distances but for the row's own square, which is the same for all that it is compared with
        squares = ops.sum(ops.square(bank), axis=-1) + _NEVER * ops.convert_to_tensor(self.empty)
        _, nearest = ops.top_k(2 * ops.matmul(places, ops.transpose(bank)) - squares, count)

        def distance(neighbour: Tensor) -> Tensor:
            return ops.sqrt(ops.sum(ops.square(ops.take(bank, neighbour, axis=0) - places), axis=-1))

        # exact, where the product of matrices would leave a rounding error of the size of near neighbours' distances;
        # one neighbour at a time, since the places of hundreds for each row would not fit into memory
        return ops.transpose(ops.map(distance, ops.transpose(nearest)))

    def _places(self, x: Tensor) -> Tensor:
        """Preprocessed rows beside their weighted residuals: [batch, width] -> [batch, 2 * width] float32."""
        target = self.prepare(x)
        seen = self.likelihood.mean(self.decoder(self.bottleneck.encode(flat(self.encoder(target)))))
        residual = flat(target - ops.cast(seen, "float32"))
        return ops.concatenate([flat(target), self.residual_weight * residual], axis=-1)
