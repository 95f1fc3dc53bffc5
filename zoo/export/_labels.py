"""The rules of labels: which version each names when one of them moves, and which versions servers keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STABLE, CANARY = "stable", "canary"


def relabelled(labels: Mapping[str, int], label: str, version: int) -> dict[str, int]:
    """The labels once one of them has moved.

    A `canary` that is older than the new `stable`, or was what `stable` was, follows: who asks for it must still be
    answered.
    """
    moved = {**labels, label: version}
    if label == STABLE and CANARY in labels and labels[CANARY] <= max(version, labels.get(STABLE, 0)):
        moved[CANARY] = version
    return moved


def kept_versions(present: Sequence[int], labels: Mapping[str, int]) -> int:
    """How many of the newest versions a server keeps loaded.

    All from the oldest that has a label, and one more: the next version can then load, and its label move, before any
    that has a label is unloaded; and the champion's predecessor stays at hand.
    """
    oldest = min(labels.values(), default=present[-1] if present else 0)
    return sum(version >= oldest for version in present) + 1
