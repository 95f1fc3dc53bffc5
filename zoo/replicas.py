"""What the copies of a model that train side by side tell each other, within one step.

Under a strategy of `tf.distribute` each replica sees its share of a batch. What a sum of the rows' own losses needs is
reduced with the gradients; what looks at the batch as a whole comes here. Without a strategy nothing happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    Tensor = Any


def replicas() -> int:
    """How many replicas the present step runs on; 1 outside of steps."""
    context = import_tensorflow().distribute.get_replica_context()
    return 1 if context is None else int(context.num_replicas_in_sync)


def replica() -> Any:
    """Which of the replicas this is, from 0."""
    context = import_tensorflow().distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def on_several_workers() -> bool:
    """Whether the present step runs on several machines."""
    distribute = import_tensorflow().distribute
    return isinstance(distribute.get_strategy(), distribute.MultiWorkerMirroredStrategy)


def whole_batch(x: Tensor) -> Tensor:
    """The rows of all replicas, in the order of the batch: [rows, ...] -> [rows of all, ...].

    Replicas must have equally many. Gradients come back to the rows' own replica, summed over what all replicas made of
    them.
    """
    count = replicas()
    if count == 1:
        return x
    tf = import_tensorflow()
    context = tf.distribute.get_replica_context()
    # a sum of rows that are each other replica's zeros: TensorFlow 2.21 gathers in no graph of several workers
    own = tf.reshape(context.replica_id_in_sync_group, (1, 1))
    spread = tf.scatter_nd(own, x[None], tf.concat([[count], tf.shape(x)], axis=0))
    whole = tf.reshape(context.all_reduce("SUM", spread), tf.concat([[-1], tf.shape(x)[1:]], axis=0))
    whole.set_shape((None, *x.shape[1:]))
    return whole


def whole_mean(mean: Tensor) -> Tensor:
    """The mean over the whole batch, of each replica's mean over its share of it; differentiable."""
    if replicas() == 1:
        return mean
    return import_tensorflow().distribute.get_replica_context().all_reduce("SUM", mean) / replicas()


def own_rows(x: Tensor) -> Tensor:
    """A replica's own rows of those of the whole batch: [rows of all, ...] -> [rows, ...]."""
    if replicas() == 1:
        return x
    count = import_tensorflow().shape(x)[0] // replicas()
    return x[replica() * count : (replica() + 1) * count]


def first_ones(x: Tensor) -> Tensor:
    """The first replica's value, on all of them: for draws that all must share."""
    return x if replicas() == 1 else whole_batch(x[None])[0]
