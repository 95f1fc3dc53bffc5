"""Few directions for each field, in which the cosines of whole records stay what they are in all columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_array

    from zoo.networks._copy_directions import Spread
    from zoo.types import Doubles, Floats

_TINY = 1e-9  # a squared length below which a field says nothing
_SAME, _NOWHERE = 1 - 1e-5, -1e9  # a cosine from which on rows are the same, and a logit below all
_BESIDE = 2_048  # rows that each of a batch is compared with


@dataclass(frozen=True)
class Steps:
    """How the directions are found: steps of Adam, the learning rate falling as a cosine does.

    Attributes:
        count: how many.
        batch: rows a step.
        learning_rate: of the first.
        temperature: of the softmax, in units of the cosine.
        share: of rows that a copy stands for.
    """

    count: int = 300
    batch: int = 512
    learning_rate: float = 5e-3
    temperature: float = 0.05
    share: float = 0.5


def keep_cosines(
    fields: Sequence[Spread], evidence: Doubles, starts: Sequence[Floats], steps: Steps, seed: int = 0
) -> list[Floats]:
    """Directions [axes, width] of each field, in its leading singular directions.

    A record's code is its fields' codes, each of length sqrt(evidence), or 0 where a field says nothing. For a record
    i, or half of the time a copy of it with errors, and other records j, the softmax over j of cosine / temperature of
    the codes is brought near that of the cosines of i and j in all columns (cross-entropy): who is near stays near, and
    who is not stays away, which is what neighbours by cosine are asked for. A record is not compared with itself:
    true duplicates among the training rows would have to be told from it, and be pushed away.

    Args:
        fields: what each field's rows and copies are.
        evidence: [fields] nats.
        starts: [axes, width] of each field: where to begin.
        steps: how long.
        seed: of the batches.

    Reference:
        Hinton and Roweis 2002, "Stochastic neighbor embedding", eq. 2 (softmax of similarities on both sides); Fang
        et al. 2021, "SEED: self-supervised distillation" (from a wide code to a narrow one, across views).
    """
    tf = import_tensorflow()
    scales = np.sqrt(evidence).astype(np.float32)
    wide = _whole([field.rows for field in fields], scales)
    own, copies = ([getattr(field, side) for field in fields] for side in ("codes", "copied"))
    sizes = [codes.shape[1] for codes in own]
    own_rows, copied = (np.hstack([_unit(codes) for codes in side]) for side in (own, copies))
    found = [tf.Variable(start / _size(codes @ start)) for codes, start in zip(own, starts, strict=True)]
    rate = tf.keras.optimizers.schedules.CosineDecay(steps.learning_rate, max(steps.count, 1))
    optimizer = tf.keras.optimizers.Adam(rate)

    def code(rows: Any) -> Any:
        parts = []
        for part, directions, scale in zip(tf.split(rows, sizes, axis=1), found, scales, strict=True):
            parts.append(_to_length(part @ directions, scale))
        return _to_length(tf.concat(parts, axis=1), 1.0)

    def step(rows: Any, beside: Any, cosines: Any) -> None:
        with tf.GradientTape() as tape:
            logits = tf.matmul(code(rows), code(beside), transpose_b=True) / steps.temperature
            is_same = cosines > _SAME
            logits, cosines = (tf.where(is_same, _NOWHERE, each) for each in (logits, cosines / steps.temperature))
            shares = tf.nn.softmax(cosines)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=shares, logits=logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, found), found, strict=True))

    in_graph = tf.function(step, autograph=False)
    random, count = np.random.default_rng(seed), len(own_rows)
    for _ in range(steps.count):
        rows = random.integers(count, size=steps.batch)
        beside = random.permutation(count)[:_BESIDE]
        asked = np.where((random.random(steps.batch) < steps.share)[:, None], copied[rows], own_rows[rows])
        cosines = (wide[rows] @ wide[beside].T).toarray()
        in_graph(tf.constant(asked), tf.constant(own_rows[beside]), tf.constant(cosines))
    return [each.numpy() for each in found]


def _whole(rows: Sequence[csr_array], scales: Floats) -> csr_array:
    """Rows [n, all columns] of length 1, their fields weighted."""
    from scipy.sparse import csr_array, hstack
    from sklearn.preprocessing import normalize

    joined = hstack([each * scale for each, scale in zip(rows, scales, strict=True)], format="csr")
    return csr_array(normalize(joined).astype(np.float32))


def _unit(codes: Floats) -> Floats:
    lengths = np.linalg.norm(codes, axis=1, keepdims=True)
    unit: Floats = np.divide(codes, lengths, out=np.zeros_like(codes), where=lengths**2 > _TINY).astype(np.float32)
    return unit


def _size(codes: Floats) -> np.float32:
    return np.float32(np.sqrt(np.square(codes).sum(axis=1).mean()) + _TINY)


def _to_length(rows: Any, length: Any) -> Any:
    tf = import_tensorflow()
    squares = tf.reduce_sum(tf.square(rows), axis=-1, keepdims=True)
    return tf.where(squares > _TINY, rows * tf.math.rsqrt(tf.maximum(squares, _TINY)), 0.0) * length
