"""What belongs together."""

from __future__ import annotations

from typing import Any

from zoo.rows._cells import text_of


def group_texts(column: Any, keys: list[str]) -> list[str]:
    """What each row [rows] belongs to, as text; a row that belongs to nothing stands for itself, by its key."""
    texts = [text_of(cell).strip() for cell in column.to_pylist()]
    return [text or key for text, key in zip(texts, keys, strict=True)]
