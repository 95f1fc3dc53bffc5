"""The training loop's settings and the one function that runs it."""

from __future__ import annotations

import time
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from zoo.encoder import Encoder
from zoo.errors import InputError
from zoo.types import Trained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zoo.train.workers import Workers
    from zoo.types import Listener, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Probability, Splits

_PRIOR_ROWS = 20_000  # that a prior is fitted to


class Trainer:
    """Keras `fit` over a table, stopped early, with the best weights kept.

    Args:
        epochs: passes over the training rows at the most.
        batch_size: rows a step; with fewer training rows than that, a quarter of them, which is noted.
        steps_per_epoch: batches an epoch; None goes once through the training rows. More than those hold draws rows
            again, which small tables and graphs of neighbours need.
        learning_rate: of Adam, at the start.
        schedule: `plateau` lowers the learning rate when the validation loss stands still; `cosine` lowers it to 0
            over all epochs (Loshchilov and Hutter 2017, SGDR, eq. 5, without restarts).
        warmup_epochs: epochs over which the learning rate of the cosine schedule first rises from 0, linearly; parts
            of an epoch count.
        weight_decay: of AdamW (Loshchilov and Hutter 2019): each step takes away this share of each kernel, times the
            learning rate; 0 is plain Adam. Biases and scales are left alone.
        patience: epochs without a better validation loss before training stops; 0 never stops early.
        plateau_patience: epochs without a better validation loss before the learning rate is lowered.
        plateau_factor: what it is multiplied by then.
        keep: `best` keeps the weights of the epoch with the best validation loss; `last` those of the last epoch, for
            losses that validation cannot see whole, such as the agreement of two corruptions of a row; training then
            never stops early.
        folds: cross-validate as well, on so many folds, if at least 2; every gate must hold over them too.
        seeds: train so many models, the first with the recipe's seed, the next with the one after it, and so on. Rows
            and seeds are resampled together, gates are held against the mean, and of the models the one that is
            released is the one with the median validation loss. Two seeds say next to nothing of a third; take 5.
        clip_norm: the gradient's norm is clipped to this; 0 does not clip.
        steps_per_execution: steps that TensorFlow runs before Python looks; None picks a number that keeps Python's
            share small and the progress bar moving. With several replicas it looks after each.
        jit_compile: compile with XLA, on one replica. Off: on CPUs it made every model of the zoo slower.
        precision: what the networks compute in while they train: `float32`, `bfloat16` (with float32 weights, sums and
            logs), or `auto`, which is bfloat16 where the GPU or the processor has instructions for it. Judged and
            exported is float32 always. Wide networks and convolutions gain; small ones have nothing to gain.
        strategy: `mirrored` trains on all GPUs of this machine, `multi_worker` on several machines, which TF_CONFIG in
            the environment names; replicas share each batch equally, so that a step is what it is on one.
    """

    def __init__(
        self,
        epochs: PositiveInt,
        batch_size: PositiveInt = 512,
        steps_per_epoch: PositiveInt | None = None,
        learning_rate: PositiveFloat = 1e-3,
        schedule: Literal["plateau", "cosine"] = "plateau",
        warmup_epochs: NonNegativeFloat = 0.0,
        weight_decay: NonNegativeFloat = 0.0,
        patience: NonNegativeInt = 10,
        plateau_patience: PositiveInt = 3,
        plateau_factor: Probability = 0.5,
        keep: Literal["best", "last"] = "best",
        folds: NonNegativeInt = 0,
        seeds: PositiveInt = 1,
        clip_norm: NonNegativeFloat = 0.0,
        steps_per_execution: PositiveInt | None = None,
        jit_compile: bool = False,
        precision: Literal["float32", "bfloat16", "auto"] = "float32",
        strategy: Literal["none", "mirrored", "multi_worker"] = "none",
    ) -> None:
        if folds == 1:
            raise ValueError("folds must be 0 or at least 2")
        if warmup_epochs and schedule != "cosine":
            raise ValueError("warmup_epochs goes with schedule=cosine")
        if jit_compile and strategy != "none":
            raise ValueError("jit_compile goes with strategy=none: XLA compiles no step that replicas share")
        if (steps_per_execution or 1) > 1 and strategy != "none":
            raise ValueError(f"steps_per_execution must be 1 or left out with strategy={strategy}")
        self.epochs, self.batch_size, self.learning_rate, self.schedule = epochs, batch_size, learning_rate, schedule
        self.patience, self.plateau_patience, self.plateau_factor = patience, plateau_patience, plateau_factor
        self.steps_per_epoch = steps_per_epoch
        self.warmup_epochs, self.weight_decay, self.keep, self.folds = warmup_epochs, weight_decay, keep, folds
        self.seeds = seeds
        self.clip_norm, self.steps_per_execution, self.jit_compile = clip_norm, steps_per_execution, jit_compile
        self.precision, self.strategy = precision, strategy

    def fit(self, model: Any, splits: Splits, *, seed: int, state: Path, listeners: Sequence[Listener] = ()) -> Trained:
        """Trains a model in place.

        Args:
            model: a `zoo.models.Autoencoder`.
            splits: the table; only its training and validation rows are touched.
            seed: seed of the order of the rows.
            state: file that keeps the state of training; if it exists, training goes on from it.
            listeners: hear how training goes.

        Returns:
            The model with the weights of its best epoch, its untrained twin and the history.

        Raises:
            InputError: no row to train on, or none for validation.
        """
        from zoo.train.callbacks import FiniteLoss
        from zoo.train.checkpoint import Checkpoint
        from zoo.train.copies import can_be_rewritten, wants_copies, with_copies
        from zoo.train.feed import Feed
        from zoo.train.precision import chosen, twin
        from zoo.train.workers import Workers

        started = time.perf_counter()
        if not len(splits.train):
            raise InputError("there is no row to train on: lower data.validation or data.test")
        if not len(splits.validation):
            raise InputError("there is no row for validation: raise data.validation")
        workers = Workers.of(self.strategy)
        workers.require_rows(splits.training_rows, len(splits.validation))
        workers.require_parts(model)
        batch_size, shrunk = self._rows_a_step(splits.training_rows, workers)
        copies, graph = wants_copies(model, splits), self._graph(model, splits, seed)
        feed = Feed(
            splits, batch_size, seed, graph, self.steps_per_epoch, copies, shard=workers.shard, devices=workers.devices
        )
        model.build((None, *splits.shape))
        model.adapt(splits.training_batches)
        untrained = twin(model)
        model.solve(splits.training_batches)
        if model.solves_from_copies and can_be_rewritten(splits):
            model.solve_from_copies(lambda: with_copies(splits, seed))
        computing = chosen(self.precision)
        policy = None if computing == "float32" else f"mixed_{computing}"
        with workers.scope():
            trainee = model if policy is None and workers.strategy is None else twin(model, policy)
            self._compile(trainee, feed.steps, self._at_once(feed.steps, workers))
        kept = self._kept(model.settled_epoch)
        finite = FiniteLoss(kept[0][0])
        workers.share(state)
        checkpoint = Checkpoint(state, kept)
        first = checkpoint.read(trainee)
        with workers.explained():
            self._run(trainee, feed, workers, first, finite, kept, checkpoint, listeners)
        if trainee is not model:
            model.set_weights(trainee.get_weights())
        for each in (model, untrained):
            each.remember(splits.training_batches)
        return Trained(
            model=model,
            untrained=untrained,
            history=tuple(checkpoint.history),
            best_epoch=self._kept_epoch(checkpoint.history, model.settled_epoch),
            seconds=time.perf_counter() - started,
            resumed_epoch=first,
            notes=tuple(filter(None, (shrunk, checkpoint.note, _broken(finite.broken_epoch)))),
            precision=computing,
        )

    def _rows_a_step(self, rows: int, workers: Workers) -> tuple[int, str]:
        """The size of a batch, and a note where so many training rows do not fill the one that was asked for."""
        if rows >= self.batch_size:
            return workers.split(self.batch_size, asked=True), ""
        smaller = workers.split(max(rows // 4, 1), asked=False)
        return smaller, (
            f"{rows:,} training rows do not fill a batch of {self.batch_size:,}: trained with "
            f"train.batch_size={smaller}"
        )

    def _at_once(self, steps: int, workers: Workers) -> int:
        """Steps of so many in an epoch that TensorFlow runs before Python looks.

        A loop over steps of several replicas asks for a placeholder that nobody feeds (TensorFlow 2.21, Keras 3.15).
        """
        return 1 if workers.replicas > 1 else self.steps_per_execution or min(32, max(1, steps // 8))

    def _compile(self, model: Any, steps: int, at_once: int) -> None:
        optimizer = self._optimizer(steps)
        # decay is for kernels; a table of embeddings would be touched whole at every step
        spared = [each for each in model.trainable_variables if len(each.shape) < 2 or "table" in each.path]
        optimizer.exclude_from_weight_decay(var_list=spared)
        model.compile(
            optimizer=optimizer,
            steps_per_execution=at_once,
            jit_compile=self.jit_compile,
        )
        model.optimizer.build(model.trainable_variables)

    def _run(
        self,
        model: Any,
        feed: Any,
        workers: Workers,
        first: int,
        finite: Any,
        kept: list[tuple[Any, list[str]]],
        checkpoint: Any,
        listeners: Sequence[Listener],
    ) -> None:
        from zoo.train.callbacks import Announce, EpochStart, TrainBegin

        try:
            model.fit(
                workers.spread(feed.training),
                validation_data=workers.spread(feed.validation),
                epochs=self.epochs,
                initial_epoch=self.epochs if checkpoint.finished else first,
                shuffle=False,
                verbose=0,
                callbacks=[
                    EpochStart(feed.start_epoch, model.start_epoch, partial(_fit_prior, model, feed.splits, workers)),
                    *(callback for callback, _ in kept),
                    finite,
                    checkpoint,
                    # after the checkpoint's weights and noise are put back
                    TrainBegin(partial(workers.even_out, model), partial(workers.part_noise, model)),
                    Announce(listeners, self.epochs, first, feed.steps),
                ],
            )
        except Exception as error:
            if feed.fault is not None:
                raise feed.fault from error
            raise
        finally:
            for listener in listeners:
                listener.train_ends()

    @staticmethod
    def _graph(model: Any, splits: Splits, seed: int) -> Any:
        if not model.neighbours:
            return None
        from zoo.train.neighbours import Neighbours

        return Neighbours.among(splits, splits.train, model.neighbours, seed)

    def _optimizer(self, steps: int) -> Any:
        import keras

        from zoo.train.lazy_adam import LazyAdam

        rate: Any = self.learning_rate
        if self.schedule == "cosine":
            warmup = round(self.warmup_epochs * steps)
            rate = keras.optimizers.schedules.CosineDecay(
                0.0 if warmup else self.learning_rate,
                decay_steps=max(steps * self.epochs - warmup, 1),
                warmup_target=self.learning_rate if warmup else None,
                warmup_steps=warmup,
            )
        return LazyAdam(rate, clipnorm=self.clip_norm or None, weight_decay=self.weight_decay or None)

    def _kept_epoch(self, history: list[dict[str, float]], settled: int) -> int:
        if self.keep == "last":
            return max((epoch for epoch, logs in enumerate(history) if isfinite(logs["loss"])), default=-1)
        return _best_epoch(history, settled)

    def _kept(self, settled: int) -> list[tuple[Any, list[str]]]:
        """The callbacks with a memory, each with the attributes that a resumed run must have again."""
        from keras.callbacks import EarlyStopping

        from zoo.train.callbacks import Plateau

        early = EarlyStopping(
            monitor="val_loss",
            mode="min",
            patience=self.epochs if self.keep == "last" else self.patience or self.epochs,
            restore_best_weights=self.keep == "best",
            start_from_epoch=settled,
        )
        kept: list[tuple[Any, list[str]]] = [(early, ["wait", "best", "best_epoch", "best_weights"])]
        if self.schedule == "plateau":
            plateau = Plateau(
                settled, monitor="val_loss", mode="min", patience=self.plateau_patience, factor=self.plateau_factor
            )
            kept.append((plateau, ["wait", "best", "cooldown_counter"]))
        return kept


def _fit_prior(model: Any, splits: Splits, workers: Workers, epoch: int) -> None:
    """Lets a prior that wants it look at the codes of the training rows, once."""
    if epoch and epoch == model.bottleneck.fit_epoch:
        encoder = Encoder.from_model("in training", model, kind=splits.kind.plain())
        model.bottleneck.adapt_prior(encoder.encode(splits.take(splits.train[:_PRIOR_ROWS])))
        workers.even_out(model)


def _best_epoch(history: list[dict[str, float]], settled: int) -> int:
    """The epoch whose weights are kept; before the loss has settled that is the last good one, -1 if there is none."""
    good = [epoch for epoch, logs in enumerate(history) if isfinite(logs["loss"]) and isfinite(logs["val_loss"])]
    comparable = [epoch for epoch in good if epoch >= settled]
    return min(comparable, key=lambda epoch: history[epoch]["val_loss"], default=good[-1] if good else -1)


def _broken(epoch: int | None) -> str:
    if epoch is None:
        return ""
    return (
        f"the loss became non-finite in epoch {epoch + 1}; training stopped, and good weights were put "
        f"back. Lower train.learning_rate, or set train.clip_norm=1"
    )
