"""The one reading of cells of text: what training learns from and what a served encoder does are these operations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zoo.quiet import import_tensorflow
from zoo.rows._cells import MISSING, hash_table

if TYPE_CHECKING:
    from collections.abc import Sequence

# Unicode's white space, the no-break spaces among it; RE2's \s knows ASCII's only
_BLANKS = r"[\t-\r\x{1C}-\x{20}\x{85}\p{Z}]+"
_NUMBER = r"[-+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?|inf|infinity)"
_NULL = "nan|na|n/a|#n/a|<na>|nat|null|none"  # as pandas and SQL write a missing cell


def trimmed(texts: Any) -> Any:
    """Strings without white space at their ends."""
    return import_tensorflow().strings.regex_replace(texts, f"^{_BLANKS}|{_BLANKS}$", "")


def normalised(texts: Any) -> Any:
    """Strings in lower case, without white space at their ends, one blank for any other."""
    tf = import_tensorflow()
    return tf.strings.strip(tf.strings.regex_replace(tf.strings.lower(texts, encoding="utf-8"), _BLANKS, " "))


def normalised_texts(texts: Sequence[str]) -> list[str]:
    """The same of Python's strings."""
    return [text.decode() for text in normalised(import_tensorflow().constant(list(texts), "string")).numpy()]


@dataclass(frozen=True)
class CellTexts:
    """Cells of one column [n], read.

    Attributes:
        cells: strings [n], a tensor.
        rules: how they are read.
    """

    cells: Any
    rules: ReadingRules

    @cached_property
    def text(self) -> Any:
        """What is looked up in a vocabulary: the cell, normalised or as it is."""
        return normalised(self.cells) if self.rules.normalise else self.cells

    @cached_property
    def is_missing(self) -> Any:
        """Whether the cell is empty or what stands for an empty one."""
        key = self.text if self.rules.normalise else trimmed(self.cells)
        return self.rules.missing_table.lookup(key) == 1

    @cached_property
    def is_null(self) -> Any:
        """Whether the cell is a word that programs write for a missing one; a category may be called so."""
        return import_tensorflow().strings.regex_full_match(self._plain, _NULL)

    @cached_property
    def is_number(self) -> Any:
        """Whether the cell is a number."""
        return import_tensorflow().strings.regex_full_match(self._plain, _NUMBER)

    @cached_property
    def number(self) -> Any:
        """The number in the cell, float64; 0 where there is none."""
        tf = import_tensorflow()
        return tf.strings.to_number(tf.where(self.is_number, self._plain, "0"), tf.float64)

    def stands_for_missing(self, numbers: Any) -> Any:
        """Whether numbers [n] are among those that stand for a missing cell, however these are written."""
        tf = import_tensorflow()
        return tf.reduce_any(numbers[:, None] == tf.constant(self.rules.missing_numbers, tf.float64), axis=1)

    @cached_property
    def _plain(self) -> Any:
        return self.text if self.rules.normalise else normalised(self.cells)


@dataclass(frozen=True)
class ReadingRules:
    """How the cells of a table are read.

    Attributes:
        normalise: whether cells are stripped and lower-cased, and white space in them becomes one blank.
        missing: strings that stand for a missing cell, beside "" and white space.
    """

    normalise: bool = True
    missing: tuple[str, ...] = ()

    @cached_property
    def missing_table(self) -> Any:
        """Looks up whether a string, normalised or trimmed, stands for a missing cell."""
        tf = import_tensorflow()
        with tf.init_scope():
            given = tf.constant(["", MISSING, *self.missing])
            keys = normalised(given) if self.normalise else trimmed(given)
            texts = dict.fromkeys(key.decode() for key in keys.numpy())
        return hash_table(list(texts), [1] * len(texts), default=0)

    @cached_property
    def missing_numbers(self) -> tuple[float, ...]:
        """Those of the strings that are numbers."""
        found = []
        for text in self.missing:
            try:
                found.append(float(text))
            except ValueError:
                continue
        return tuple(number for number in found if number == number)  # noqa: PLR0124  NaN

    @property
    def tables(self) -> list[Any]:
        """The look-up table that reading has made, which an exported model must keep."""
        return [self.missing_table] if "missing_table" in self.__dict__ else []
