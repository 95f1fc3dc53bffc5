"""Batches for Keras: rows are gathered from the one table as they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from zoo.types import Floats, Rows, Splits


class Feed:
    """The training rows of a table as a tf.data pipeline, shuffled anew each epoch.

    What epoch e sees is a function of (seed, e) alone, so a resumed run sees what an uninterrupted one would. Rows that
    all count alike are shuffled; rows with weights are drawn with replacement, each in proportion to its weight, and
    so are the validation rows, once, so that training and validation estimate the same loss.

    Args:
        splits: the table.
        batch_size: rows a batch; a last, smaller batch is left out (the next epoch shuffles anew).
        seed: seed of the order.
    """

    def __init__(self, splits: Splits, batch_size: int, seed: int) -> None:
        self.splits, self.batch_size, self.seed = splits, batch_size, seed
        self.steps = len(splits.train) // batch_size
        self._validation = splits.validation
        if splits.weights is not None:
            self._validation = self._drawn(np.random.default_rng(seed), splits.validation)
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffles or draws for an epoch (from 0); call it before the epoch's iterator is made."""
        random = np.random.default_rng([self.seed, epoch])
        rows = self.splits.train
        self._order = random.permutation(rows) if self.splits.weights is None else self._drawn(random, rows)

    def training(self) -> Any:
        """A dataset of [batch_size, width] float32; one pass is one epoch."""
        return self._dataset(
            self.steps, lambda step: self._order[step * self.batch_size : (step + 1) * self.batch_size]
        )

    def validation(self) -> Any:
        """A dataset of [<= batch_size, width] float32 over the validation rows, in order."""
        rows, size = self._validation, self.batch_size
        return self._dataset(-(-len(rows) // size), lambda step: rows[step * size : (step + 1) * size])

    def _drawn(self, random: np.random.Generator, rows: Rows) -> Rows:
        assert self.splits.weights is not None  # noqa: S101  the callers have looked
        weights = self.splits.weights[rows].astype(np.float64)
        return random.choice(rows, size=len(rows), p=weights / weights.sum())

    def _dataset(self, steps: int, rows_of: Any) -> Any:
        tf = import_tensorflow()

        def gather(step: np.int64) -> Floats:
            rows: Rows = rows_of(int(step))
            return np.asarray(self.splits.features[rows], dtype=np.float32)

        def batch(step: Any) -> Any:
            x = tf.numpy_function(gather, [step], tf.float32, stateful=False)
            x.set_shape((None, self.splits.width))
            return x

        return tf.data.Dataset.range(steps).map(batch).prefetch(tf.data.AUTOTUNE)
