"""Replaces former names of a recipe's keys by those of today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def in_file(node: Any, old: str, new: str) -> None:
    """Renames a dotted key in a nested dictionary, where it is there and its present name is not."""
    *path, last = old.split(".")
    for each in path:
        node = node.get(each) if isinstance(node, dict) else None
    target = new.rpartition(".")[2]
    if isinstance(node, dict) and last in node and target not in node:
        renamed = {target if key == last else key: value for key, value in node.items()}
        node.clear()
        node.update(renamed)


def in_overrides(overrides: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """The overrides with the present names of their keys, but for a key that is given under both names."""
    for old, new in renamed.items():
        keys = [each.partition("=")[0].lstrip("+~") for each in overrides]
        if new not in keys:
            overrides = [
                each.replace(old, new, 1) if key == old or key.startswith(f"{old}.") else each
                for key, each in zip(keys, overrides, strict=True)
            ]
    return list(overrides)
