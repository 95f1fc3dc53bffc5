"""One spelling for texts that people write in many ways: in Python and in the graph, by one table of characters."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import hash_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

# What people and programs write for what is not known. Marks alone, such as "-" and "?", say nothing either.
MISSING_WORDS = (
    *("n/a", "na", "nan", "nat", "none", "null", "unknown", "not known", "not available"),
    *("#n/a", "#n/a n/a", "#null!", "#ref!", "#value!", "#name?", "#div/0!", "#num!"),  # as spreadsheets write it
)

_END = 0x30000  # no character from here on has another spelling
# Marks that a letter may be written without: accents, vowel points of Hebrew and Arabic, variation selectors. Marks of
# other scripts are letters or parts of them.
_MARKS = (
    *((0x300, 0x370), (0x591, 0x5C8), (0x610, 0x61B), (0x640, 0x641), (0x64B, 0x660), (0x670, 0x671)),
    *((0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE00, 0xFE10), (0xFE20, 0xFE30)),
)
_LATIN = {"æ": "ae", "œ": "oe", "þ": "th", "ø": "o", "ɔ": "o", "ŧ": "t", "ħ": "h", "ŋ": "n"}
_LATIN |= dict(zip("\u0131ɨđðɖɗłəɛĸƙɓ", "iiddddleekkb", strict=True))
_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201b\u2032"
_PARTS_OF_NAMES = "+#"  # C++ and C# are not C, and A+ is not A
_BLANK, _AS_IT_IS = " ", -1


def plain(text: str) -> str:
    """A text in lower case: letters, digits, + and #, and single blanks.

    Compatibility forms become what they stand for (NFKD), accents are dropped, Latin letters that do not come apart are
    written with plain ones (ø as o), and punctuation becomes blanks, but for apostrophes, which are dropped. Letters of
    other scripts stay what they are: Cyrillic "а" is not "a". The spelling of a character does not depend on its
    neighbours.

    Reference:
        Unicode Standard Annex 15, "Unicode normalization forms".
    """
    return " ".join(text.translate(_spellings()).split())


def plain_characters(texts: Any, most: int | None = None) -> Any:
    """The characters of the same spelling, blanks not yet joined; runs in the graph.

    Args:
        texts: strings [n], UTF-8; bytes that are not become blanks.
        most: characters of a text to read at most.

    Returns:
        Code points, a `tf.RaggedTensor` [n, characters] int32.
    """
    tf = import_tensorflow()
    if most is not None:
        texts = tf.strings.substr(texts, 0, 4 * most)  # bytes: as many as these characters can have
    read = tf.strings.unicode_decode(texts, "UTF-8", errors="replace", replacement_char=ord(_BLANK))
    read = read if most is None else read[:, :most]
    table = _table()
    which = tf.gather(tf.constant(table.which), tf.minimum(read.flat_values, _END))
    rows = tf.RaggedTensor.from_row_lengths(tf.constant(table.characters), tf.constant(table.lengths), validate=False)
    spelt = tf.gather(rows, tf.cast(which, tf.int32))
    kept = tf.gather(read.flat_values, spelt.value_rowids())
    return read.with_flat_values(
        spelt.with_flat_values(tf.where(spelt.flat_values == _AS_IT_IS, kept, spelt.flat_values))
    ).merge_dims(1, 2)


def plain_texts(texts: Any, most: int | None = None) -> Any:
    """`plain` of strings [n]; runs in the graph. See `plain_characters`."""
    return joined(plain_characters(texts, most))


def joined(characters: Any) -> Any:
    """Plain texts [n] of their characters [n, characters]; runs in the graph. See `plain_characters`."""
    tf = import_tensorflow()
    spelt = tf.strings.unicode_encode(characters, "UTF-8")
    return tf.strings.strip(tf.strings.regex_replace(spelt, " +", " "))


def missing_keys(words: Iterable[str] = MISSING_WORDS) -> frozenset[str]:
    """The plain spellings, "" among them, of a cell that says that nothing is known; see `MissingCells` for numbers."""
    return frozenset({"", *(plain(word) for word in words if _number(word) is None)})


@dataclass(frozen=True)
class MissingCells:
    """Which cells say that nothing is known, in Python.

    Attributes:
        words: what stands for such a cell. Those that are numbers are compared as numbers: "-1" is -1.0, and not 1.
    """

    words: tuple[str, ...] = MISSING_WORDS

    def __contains__(self, text: str) -> bool:
        """Whether a cell, as it is written, says nothing."""
        return plain(text) in self._keys or (bool(self._numbers) and _number(text) in self._numbers)

    @cached_property
    def _keys(self) -> frozenset[str]:
        return missing_keys(self.words)

    @cached_property
    def _numbers(self) -> frozenset[float | None]:
        return frozenset({_number(word) for word in self.words} - {None})


def _number(text: str) -> float | None:
    """What a text is as a number; None for anything else, NaN and infinities included."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def missing_table(words: Iterable[str] = MISSING_WORDS) -> Any:
    """Looks up in the graph whether plain texts are `missing_keys`: 1 or 0. An exported model must keep it."""
    keys = sorted(missing_keys(words))
    return hash_table(keys, [1] * len(keys), default=0)


@dataclass(frozen=True)
class _Table:
    """Which spelling each character below `_END` has, and one more for all above; and the spellings' characters."""

    which: npt.NDArray[np.uint16]
    characters: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int64]


@cache
def _table() -> _Table:
    which: npt.NDArray[np.uint16] = np.zeros(_END + 1, dtype=np.uint16)
    different: dict[str | int, int] = {_AS_IT_IS: 0}
    for character, spelling in _spellings().items():
        which[character] = different.setdefault(spelling, len(different))
    characters = [[_AS_IT_IS] if isinstance(each, int) else [*map(ord, each)] for each in different]
    return _Table(
        which,
        np.asarray([code for each in characters for code in each], dtype=np.int32),
        np.asarray([len(each) for each in characters], dtype=np.int64),
    )


@cache
def _spellings() -> dict[int, str]:
    """Character -> how it is spelt, for those that are not spelt as they are."""
    found = {code: _spelling(chr(code)) for code in range(_END)}
    return {code: spelling for code, spelling in found.items() if spelling != chr(code)}


def _spelling(character: str) -> str:
    if character in _APOSTROPHES:
        return ""
    forms = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_LATIN.get(form, form) if (kind := _kind(form)) == "" else kind.strip("-") for form in forms)


def _kind(form: str) -> str:
    """Of a character: a blank if it parts words, "-" if it is dropped, else nothing."""
    category = unicodedata.category(form)
    if form in _APOSTROPHES or category == "Cf" or any(low <= ord(form) < high for low, high in _MARKS):
        return "-"
    if form in _PARTS_OF_NAMES:
        return ""
    return _BLANK if category[0] in "PZ" or category in {"Cc", "Cs", "Sc", "Sk", "Sm"} or form == "\ufffd" else ""
