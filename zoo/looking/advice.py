"""What was seen in a file, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.looking.column import Column


@dataclass(frozen=True)
class Advice:
    """A recipe for a file.

    Attributes:
        recipe: the shipped recipe that it starts from.
        settings: what is different, nested as in a recipe.
        because: why this recipe, in a sentence.
        seen: what the file holds, in sentences.
        columns: its columns; empty where it has none.
        unsure: what may be otherwise, each with what to do then.
        remarks: dotted key of a setting -> what is to be known of it.
    """

    recipe: str
    settings: Mapping[str, Any]
    because: str
    seen: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    unsure: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)

    def beside(self, *, seen: tuple[str, ...] = (), unsure: tuple[str, ...] = ()) -> Advice:
        """The same, with more that was seen before, and more that is unsure after it."""
        return replace(self, seen=(*seen, *self.seen), unsure=(*self.unsure, *unsure))
