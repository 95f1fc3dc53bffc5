"""Numbers as people write them: 1,234.50 and 1.234,50, $ 12 and 12 %; in Python and in the graph."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

from zoo.quiet import import_tensorflow

Mark = Literal["", "point", "comma"]  # before a fraction, of numbers that are more than digits, and "" for plain ones

_APOSTROPHES = "'\u2019"
_PARTS = r"[ \u00a0\u202f\u2009'\u2019{}]"  # between thousands
_AROUND = "[-+]?(?:\\d{{1,3}}(?:{}\\d{{3}})+|\\d+)(?:{}\\d+)?"
_WAYS = {
    "point": re.compile(_AROUND.format(_PARTS.format(","), r"\."), re.ASCII),
    "comma": re.compile(_AROUND.format(_PARTS.format("."), ","), re.ASCII),
}


def is_written(text: str, mark: Mark) -> bool:
    """Whether a text is a number whose thousands may be parted, with a unit of money or a per cent sign around it."""
    return _WAYS[mark].fullmatch("".join(each for each in text if not _is_sign(each)).strip()) is not None


def plain_number(text: str, mark: Mark) -> str:
    """The text without what parts thousands and without signs, a point before the fraction."""
    kept = "".join(each for each in text if not _is_sign(each) and each not in _APOSTROPHES and not _is_blank(each))
    return kept.replace(",", "") if mark == "point" else kept.replace(".", "").replace(",", ".")


def plain_numbers(texts: Any, mark: Mark) -> Any:
    """The same of strings [n], in the graph."""
    tf = import_tensorflow()
    kept = tf.strings.regex_replace(texts, r"[\p{Sc}\p{Z}%'\x{2019}]", "")
    if mark == "point":
        return tf.strings.regex_replace(kept, ",", "")
    return tf.strings.regex_replace(tf.strings.regex_replace(kept, r"\.", ""), ",", ".")


def _is_sign(character: str) -> bool:
    return character == "%" or unicodedata.category(character) == "Sc"


def _is_blank(character: str) -> bool:
    return unicodedata.category(character)[0] == "Z"
