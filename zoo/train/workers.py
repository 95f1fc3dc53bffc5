"""The replicas that a model is trained on: one, several devices of this machine, or several machines."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, ZooError, one_line
from zoo.quiet import import_tensorflow
from zoo.train.tf_config import task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_APART = 1_000_003  # between the seeds of two replicas' noise


class Workers:
    """A strategy of `tf.distribute`, or none, and this process' place in it.

    Args:
        strategy: None trains as ever, on one device.
        index: which of the workers this process is, from 0; 0 keeps what is kept.
        count: workers.

    Attributes:
        devices: replicas of this worker.
        replicas: those of all workers.
    """

    def __init__(self, strategy: Any = None, index: int = 0, count: int = 1) -> None:
        self.strategy, self.index, self.count = strategy, index, count
        self.replicas = 1 if strategy is None else int(strategy.num_replicas_in_sync)
        self.devices = self.replicas // count

    @staticmethod
    def of(strategy: str) -> Workers:
        """The workers of `train.strategy`; TensorFlow wants them before its first operation.

        Raises:
            InputError: a TF_CONFIG that does not say who they are.
            ZooError: a cluster that cannot be joined.
        """
        return _opened(strategy)

    @property
    def shard(self) -> tuple[int, int]:
        """(index, count), which a feed takes."""
        return self.index, self.count

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Within it, models are made with their weights on every replica."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def split(self, batch_size: int, *, asked: bool) -> int:
        """Rows a step that all replicas can share equally.

        Args:
            batch_size: rows a step.
            asked: whether that is the recipe's number, which is not changed.

        Raises:
            InputError: the recipe's number cannot be shared.
        """
        rest = batch_size % self.replicas
        if rest and asked:
            below = batch_size - rest or self.replicas
            raise InputError(
                f"train.batch_size={batch_size} is the batch of all {self.replicas} replicas together, which cannot "
                f"share it equally: set it to {below} or {batch_size - rest + self.replicas}"
            )
        return max(batch_size - rest, self.replicas)

    def require_rows(self, training: int, validation: int) -> None:
        """Raises InputError for fewer rows than replicas."""
        for name, rows in (("training", training), ("validation", validation)):
            if rows < self.replicas:
                raise InputError(f"{rows} {name} rows cannot be shared by {self.replicas} replicas: use fewer workers")

    def require_parts(self, model: Any) -> None:
        """Raises InputError for parts that would need more of a batch than a replica has."""
        if self.replicas == 1:
            return
        layers = {type(layer).__name__: why for layer in model._flatten_layers() if (why := _why_one_replica(layer))}
        wrong = [f"{name} ({why})" for name, why in layers.items()]
        if wrong:
            raise InputError(
                f"train.strategy: these cannot be trained on {self.replicas} replicas: {'; '.join(wrong)}. "
                f"Set train.strategy=none, or take another part"
            )

    def spread(self, dataset: Callable[[], Any]) -> Any:
        """A dataset of this worker's pieces of batches, for all of its replicas."""
        if self.strategy is None:
            return dataset()
        pieces = self.strategy.distribute_datasets_from_function(lambda _: dataset())
        # Keras takes pieces for steps. A step beyond the last fails, but decays weights and is counted all the same;
        # TensorFlow gives no other way to say how many there are
        pieces._cardinality //= self.devices
        return pieces

    def even_out(self, model: Any) -> None:
        """Gives every worker the first one's weights: another processor rounds what is learnt before training anew."""
        if self.count == 1:
            return
        tf = import_tensorflow()
        variables = [each.value for each in model.variables if tf.as_dtype(each.dtype).is_floating]

        @tf.function  # type: ignore[untyped-decorator]
        def shared() -> None:
            context = tf.distribute.get_replica_context()
            is_first = tf.equal(context.replica_id_in_sync_group, 0)
            for variable in variables:
                own = tf.where(is_first, variable, tf.zeros_like(variable))
                variable.assign(context.all_reduce("SUM", own))

        self.strategy.run(shared)

    def part_noise(self, model: Any) -> None:
        """Gives each replica noise of its own; the first keeps the one it has, which is what checkpoints hold."""
        if self.replicas == 1:
            return
        tf = import_tensorflow()
        states = [each.value for each in model.variables if each.name == "seed_generator_state"]

        @tf.function  # type: ignore[untyped-decorator]
        def shift() -> None:
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            for state in states:
                state.assign(state + tf.cast(number * tf.constant([_APART, 0]), state.dtype))

        self.strategy.run(shift)

    def share(self, state: Path) -> None:
        """Gives every worker the first one's file, if that has one; the others' is replaced."""
        if self.count == 1:
            return
        own = state.read_bytes() if self.index == 0 and state.exists() else b""
        told = self._from_first(own)
        if self.index:
            state.unlink(missing_ok=True)
            if told:
                state.write_bytes(told)

    def require_the_same(self, digest: str) -> None:
        """Raises InputError on a worker whose recipe or table is not the first worker's."""
        if self.count > 1 and (told := self._from_first(digest.encode()).decode()) != digest:
            raise InputError(
                f"worker {self.index} does not train what worker 0 trains (digests {digest} and {told}): give every "
                f"worker the same command, the same data and the same version of the zoo"
            )

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Says what became of the other workers where TensorFlow says what became of a connection."""
        tf = import_tensorflow()
        lost = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError)
        try:
            yield
        except (*lost, tf.errors.DeadlineExceededError, tf.errors.FailedPreconditionError) as error:
            if self.count == 1:
                raise
            raise ZooError(
                f"another worker has ended or cannot be reached ({type(error).__name__}). Start all workers again: "
                f"training is taken up after the last epoch that worker 0 has kept"
            ) from error

    def _from_first(self, data: bytes) -> bytes:
        """What the first worker hands over, on every worker."""
        size = int(self._summed(np.asarray([len(data) if self.index == 0 else 0], np.int32))[0])
        block = np.zeros(size, np.int32)
        if self.index == 0:
            block[:] = np.frombuffer(data, np.uint8)
        return self._summed(block).astype(np.uint8).tobytes() if size else b""

    def _summed(self, values: Any) -> Any:
        """The sum over workers of arrays of integers of one length."""
        tf = import_tensorflow()
        first = self.index * self.devices  # a worker's first replica speaks for it

        @tf.function  # type: ignore[untyped-decorator]
        def total(x: Any) -> Any:
            context = tf.distribute.get_replica_context()
            own = tf.cast(tf.equal(context.replica_id_in_sync_group, first), x.dtype)
            return context.all_reduce("SUM", x * own)

        with self.explained():
            found = self.strategy.run(total, args=(tf.constant(values),))
        return self.strategy.experimental_local_results(found)[0].numpy()


def _why_one_replica(layer: Any) -> str:
    """What the part, or the layer within a part, says of itself; "" if it can be trained on several."""
    from keras.layers import BatchNormalization

    from zoo.networks._whole_batch_normalization import WholeBatchNormalization

    if isinstance(layer, BatchNormalization) and not isinstance(layer, WholeBatchNormalization):
        return "" if layer.synchronized else "it takes means over a piece of the batch unless it is synchronized"
    return getattr(layer, "needs_one_replica", "")


@cache
def _opened(strategy: str) -> Workers:
    if strategy == "none":
        return Workers()
    tf = import_tensorflow()
    if strategy == "mirrored":
        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        devices = [f"{kind}:{number}" for number in range(len(tf.config.list_logical_devices(kind)))]
        return Workers(tf.distribute.MirroredStrategy(devices)) if len(devices) > 1 else Workers()
    own = task()
    if len(own.addresses) == 1:
        return Workers()
    try:
        return Workers(tf.distribute.MultiWorkerMirroredStrategy(), own.index, len(own.addresses))
    except (tf.errors.OpError, RuntimeError) as error:
        raise ZooError(
            f"worker {own.index} cannot join the others at {', '.join(own.addresses)}: {one_line(error)[:300]}"
        ) from error
