"""What an encoder can be asked for, and under which signature an exported one answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoo.rows.row_kind import RowKind

# Method -> signature and output of an exported encoder. What reads rows, and what reads something else.
READS_ROWS = {
    "encode": ("serving_default", "embedding"),
    "reconstruct": ("reconstruct", "reconstruction"),
    "score": ("score", "score"),
    "assign": ("assign", "probability"),
    "tokens": ("tokens", "tokens"),
    "query": ("query", "query"),
}
OTHERS = {"decode": ("decode", "reconstruction"), "sample": ("sample", "reconstruction")}
_OPTIONAL = {"assign", "rates", "score_fields", "score_kept", "tokens", "query"}
_BATCH = 8192
_NUMBERS = 2**24  # a block of rows holds no more numbers than this, going in or coming out: 64 MiB


@dataclass(frozen=True)
class Loaded:
    """An encoder's functions, and what they take and give.

    Attributes:
        functions: see `zoo.encoder.Encoder`.
        kind: what rows are.
        latent_dim: columns of a code.
        threshold: see `zoo.encoder.Encoder`.
        code_scale: see there.
        places: see there.
    """

    functions: Mapping[str, Callable[..., Any]]
    kind: RowKind
    latent_dim: int
    threshold: float
    code_scale: float | None
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def can(model: Any, method: str) -> bool:
    """Whether a model in memory has something to say for a method that may have nothing to say."""
    if method not in _OPTIONAL:
        return True
    from zoo.rows.choose import plain_kind

    zeros = plain_kind(model.row_shape, sparse=model.takes_sparse).zeros(1)
    return getattr(model, method)(zeros) is not None


def seeds_of(count: int, seed: int) -> Any:
    """Seeds [count] int32 for draws that depend on one seed."""
    return np.random.default_rng(seed).integers(2**31 - 1, size=count).astype(np.int32)


def constant(array: Any) -> Any:
    """An array as a tensor."""
    return import_tensorflow().constant(array)


def rows_at_a_time(width: int) -> int:
    """How many rows go through a function together, by the widest of what goes in and what comes out."""
    return max(1, min(_BATCH, _NUMBERS // max(width, 1)))
