"""Batches for Keras: rows are gathered from the one table as they are needed."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.parts import COPY, NEIGHBOUR, ROW
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zoo.train.neighbours import Neighbours
    from zoo.types import Block, Rows, Splits

_AHEAD = 4  # batches that are made while others are trained on


class Feed:
    """The training rows of a table as a tf.data pipeline, shuffled anew each epoch.

    What epoch e sees is a function of (seed, e) alone, so a resumed run sees what an uninterrupted one would. Rows that
    all count alike are shuffled; rows with weights are drawn with replacement, each in proportion to its weight, and
    so are the validation rows, once, so that training and validation estimate the same loss.

    With a graph of neighbours, a batch holds `row` and `neighbour`: the ends of edges drawn in proportion to their
    weights. Each validation row is then its own neighbour.

    Rows of a table that is streamed come in the order that its stream gives an epoch, without weights.

    Args:
        splits: the table.
        batch_size: rows a batch; a last, smaller batch is left out (the next epoch shuffles anew).
        seed: seed of the order.
        neighbours: the graph over the training rows, if the model wants one.
        steps: batches an epoch; None for as many as the training rows fill.
        copies: a batch holds `row` and `copy`: each row, and the same row as someone else would write it, anew each
            epoch; of validation rows, the same ones each time.
        shard: (index, count) of the workers that share each batch: this one's rows of it are the index-th of so many
            equal pieces, so that together they see what one worker would. Of the validation rows, those that do not
            fill all pieces are left out.
        devices: replicas of this worker, each of which is given a piece of the worker's piece, in turn.
    """

    def __init__(
        self,
        splits: Splits,
        batch_size: int,
        seed: int,
        neighbours: Neighbours | None = None,
        steps: int | None = None,
        copies: bool = False,
        shard: tuple[int, int] = (0, 1),
        devices: int = 1,
    ) -> None:
        self._copies, self._epoch = copies, 0
        self._first_piece, self._pieces, self._devices = shard[0] * devices, shard[1] * devices, devices
        self.splits, self.batch_size, self.seed, self.neighbours = splits, batch_size, seed, neighbours
        self.steps = steps or splits.training_rows // batch_size
        self._reading, self._next_own = Lock(), 0  # the piece that the stream gives next
        self._batches: Iterator[Block] | None = None
        self._waiting: dict[int, Block] = {}  # pieces that were not asked for yet
        self.fault: InputError | None = None  # why the stream could not be read, which TensorFlow does not hand on
        self._validation = splits.validation
        if splits.weights is not None:
            self._validation = self._drawn(np.random.default_rng(seed), splits.validation, len(splits.validation))
        self._validation = self._validation[: len(self._validation) // self._pieces * self._pieces]
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffles or draws for an epoch (from 0); call it before the epoch's iterator is made."""
        self._epoch = epoch
        if self.splits.stream is not None:
            self._batches = None
            return
        random = np.random.default_rng([self.seed, epoch])
        rows, wanted = self.splits.train, self.steps * self.batch_size
        if self.neighbours is not None:
            shares = self.neighbours.weights / self.neighbours.weights.sum()
            drawn = random.choice(len(shares), size=wanted, p=shares)
            self._order, self._partners = self.neighbours.heads[drawn], self.neighbours.tails[drawn]
        elif self.splits.weights is not None:
            self._order = self._drawn(random, rows, wanted)
        else:
            passes = [random.permutation(rows) for _ in range(-(-wanted // len(rows)))]
            self._order = np.concatenate(passes)[:wanted]

    def training(self) -> Any:
        """A dataset of batches of `batch_size` rows, or of their pieces; one pass is one epoch."""
        if self.splits.stream is not None:
            return self._counted(self.steps, lambda step: self._gathered(step, self._streamed))
        partners = None if self.neighbours is None else self._slices(lambda: self._partners)
        return self._dataset(self.steps, self._slices(lambda: self._order), partners, lambda: self._epoch + 1)

    def validation(self) -> Any:
        """A dataset of batches of at most `batch_size` rows, or of their pieces, over the validation rows, in order."""
        own = self._slices(lambda: self._validation)
        return self._dataset(
            -(-len(self._validation) // self.batch_size), own, own if self.neighbours else None, lambda: 0
        )

    def _slices(self, rows: Callable[[], Rows]) -> Callable[[int], Rows]:
        """The rows of a piece of a step; looked up when they are needed, since each epoch has others."""

        def piece(number: int) -> Rows:
            step, place = divmod(number, self._pieces)
            batch = rows()[step * self.batch_size : (step + 1) * self.batch_size]
            size = len(batch) // self._pieces
            return batch[place * size : (place + 1) * size]

        return piece

    def _drawn(self, random: np.random.Generator, rows: Rows, count: int) -> Rows:
        assert self.splits.weights is not None  # noqa: S101  the callers have looked
        weights = self.splits.weights[rows].astype(np.float64)
        return random.choice(rows, size=count, p=weights / weights.sum())

    def _dataset(
        self,
        steps: int,
        rows_of: Callable[[int], Rows],
        partners_of: Callable[[int], Rows] | None,
        epoch: Callable[[], int],
    ) -> Any:
        def rewritten(step: int) -> Any:
            copies = self.splits.rewritten(rows_of(step), [self.seed, epoch(), step])
            assert copies is not None  # noqa: S101  the trainer has looked
            return copies.take(copies.test)

        def batch(step: Any) -> Any:
            rows = self._gathered(step, lambda number: self.splits.take(rows_of(number)))
            if self._copies:
                return {ROW: rows, COPY: self._gathered(step, rewritten)}
            return (
                rows
                if partners_of is None
                else {ROW: rows, NEIGHBOUR: self._gathered(step, lambda number: self.splits.take(partners_of(number)))}
            )

        return self._counted(steps, batch)

    def _counted(self, steps: int, batch: Callable[[Any], Any]) -> Any:
        """A batch, or this worker's pieces of it, for each number of a step; pieces are numbered over all workers."""
        tf = import_tensorflow()
        numbers = tf.data.Dataset.range(steps * self._devices)
        if self._pieces > 1:
            numbers = numbers.map(lambda n: n // self._devices * self._pieces + self._first_piece + n % self._devices)
        # What tunes a pipeline looks at it after 10, 20, 40, .. ms, and every so often its end waits for the next look:
        # an epoch then takes up to twice its time (TensorFlow 2.21). Here is nothing to tune.
        options = tf.data.Options()
        options.autotune.enabled = False
        return numbers.map(batch).prefetch(_AHEAD).with_options(options)

    def _streamed(self, number: int) -> Block:
        """A piece of a step, of this worker's own shard.

        TensorFlow asks for several at once, and in any order: those before it are kept for it. Asked for a second time,
        the epoch is read anew.
        """
        assert self.splits.stream is not None  # noqa: S101  the caller has looked
        step, place = divmod(number, self._pieces)
        own = step * self._devices + place - self._first_piece
        with self._reading:
            if self._batches is None or (own < self._next_own and own not in self._waiting):
                shard, shards = self._first_piece // self._devices, self._pieces // self._devices
                size = self.batch_size // self._pieces
                self._batches = self.splits.stream.epoch(self.seed, self._epoch, size, shard, shards)
                self._next_own, self._waiting = 0, {}
            try:
                while own not in self._waiting:
                    self._waiting[self._next_own] = next(self._batches)
                    self._next_own += 1
            except InputError as error:
                self.fault = error
                raise
            return self._waiting.pop(own)

    def _gathered(self, step: Any, block_of: Callable[[int], Any]) -> Any:
        """The model's input for the block of features of a step, inside tf.data."""
        tf = import_tensorflow()
        kind = self.splits.kind
        specs = kind.block_specs()
        tensors = tf.numpy_function(
            lambda number: kind.block_arrays(block_of(int(number))),
            [step],
            [spec.dtype for spec in specs],
            stateful=False,
        )
        for tensor, spec in zip(tensors, specs, strict=True):
            tensor.set_shape(spec.shape)
        return kind.model_input(tensors)
