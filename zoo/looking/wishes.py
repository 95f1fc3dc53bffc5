"""What a user says before a file is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wishes:
    """What is not to be found out; None leaves it to the file.

    Attributes:
        recipe: the recipe to write.
        label: the column of labels; "" for none.
        key: the column of keys; "" for none.
        labels: a file of labels beside an array.
    """

    recipe: str | None = None
    label: str | None = None
    key: str | None = None
    labels: str | None = None
