"""Dates as people write them: 30-Aug-22, August 30, 2022 and 30.8.22; in Python and in the graph, by the same steps."""

from __future__ import annotations

import re
from typing import Any

from zoo.quiet import import_tensorflow

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_NAMES)})[a-z]*\.?"
_WEEKDAY, _DAY, _YEAR, _TIME = r"^(?:[a-z]+,? )?", r"(\d{1,2})(?:st|nd|rd|th)?", r"(\d{4}|\d{2})", r"(?:[t ].*)?$"
# "y" and "z" stand before years until these have four digits
_STEPS = (
    (rf"{_WEEKDAY}{_DAY}[-/. ]+{_MONTH}[-/., ]+{_YEAR}{_TIME}", r"y\3-\2-\1"),
    (rf"{_WEEKDAY}{_MONTH}[-/. ]*{_DAY},?[-/. ]+{_YEAR}{_TIME}", r"y\3-\1-\2"),
    *((rf"^(y\d+)-{name}-", rf"\1-{number}-") for number, name in enumerate(_NAMES, 1)),
    (rf"^(\d{{1,2}})([-/.])(\d{{1,2}})[-/.](\d{{2}}){_TIME}", r"\1\2\3\2z\4"),
    (r"[yz](69|[7-9]\d)(-|$)", r"19\1\2"),  # as POSIX has it: the years from 1969 to 2068
    (r"[yz](\d\d)(-|$)", r"20\1\2"),
    (r"^y(\d{4}-)", r"\1"),
)
_COMPILED = tuple((re.compile(pattern, re.ASCII), written) for pattern, written in _STEPS)


def in_numbers(text: str) -> str:
    """A date with the name of its month, or a year of two digits, in numbers; any other text in lower case."""
    text = " ".join(text.lower().split())
    for pattern, written in _COMPILED:
        text = pattern.sub(written, text)
    return text


def texts_in_numbers(texts: Any) -> Any:
    """The same of strings [n], normalised, in the graph."""
    tf = import_tensorflow()
    for pattern, written in _STEPS:
        texts = tf.strings.regex_replace(texts, pattern, written)
    return texts
