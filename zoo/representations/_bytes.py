"""How many bytes a model's code takes."""

from __future__ import annotations

from typing import Any

_FLOAT = 4  # bytes of a float32


def bytes_of(model: Any) -> int:
    """Of a row's code where it is stored: one for each part that is chosen from a codebook, or float32 numbers."""
    groups = getattr(getattr(model, "bottleneck", None), "groups", None)
    return int(groups) if groups is not None else _FLOAT * int(model.latent_dim)
