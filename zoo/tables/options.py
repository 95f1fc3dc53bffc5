"""How a file of text is to be read, where its user knows better than the file says."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.tables.long_form import LongForm

# A shell and Hydra take these characters for their own, so they have names as well.
_MARKS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " ", "point": ".", "dot": "."}
_NAMES = {";": "semicolon", "\t": "tab", "|": "pipe", " ": "space", ",": "comma"}


@dataclass(frozen=True)
class Options:
    """What the user says about a file of text; None where the file is to say it.

    Attributes:
        delimiter: the character between cells, or its name: comma, semicolon, tab, pipe, space.
        decimal: the character before a number's fraction, "." or ",", or its name: point, comma.
        encoding: of the text, such as latin-1 or utf-16.
        header: whether the first row names the columns.
        token_spaces: whether keys of word vectors may hold spaces.
        lines: whether each line of a text file is a basket.
        form: the columns of a table in long form, with a row for each item of a basket.
        separator: the character between what the columns of text `listed` list.
        listed: see there.
        prefix: what stands before an option's name where the user says it, such as "data.".

    Raises:
        InputError: no single character, a decimal mark that parts cells, or an encoding that Python does not know.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    token_spaces: bool = False
    lines: bool = False
    prefix: str = "data."
    form: LongForm | None = None
    separator: str | None = None
    listed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("delimiter", "decimal", "separator"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, _MARKS.get(given.lower(), given))
        self._check()

    def _check(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise InputError(
                f"{self.prefix}delimiter={self.delimiter!r}: must be a single character, or comma, semicolon, tab, "
                "pipe or space"
            )
        if self.separator is not None and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise InputError(
                f"{self.prefix}separator={self.separator!r}: must be a single character, and no quote or end of line"
            )
        if self.decimal not in {None, ".", ","}:
            raise InputError(f"{self.prefix}decimal={self.decimal!r}: must be '.' or ',' (point or comma)")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise InputError(
                    f"{self.prefix}encoding={self.encoding}: no such encoding; usual ones: utf-8, latin-1, cp1252, "
                    "utf-16"
                ) from None

    def given(self) -> Mapping[str, str | bool]:
        """What the user said, for provenance."""
        names = ("delimiter", "decimal", "encoding", "header")
        said = {name: value for name in names if (value := getattr(self, name)) is not None}
        said |= {name: True for name in ("token_spaces", "lines") if getattr(self, name)}
        if self.form is not None:
            said["long form"] = ", ".join(self.form.columns)
        return said if self.separator is None else said | {"separator": self.separator}

    def saying(self, **values: str) -> str:
        """How to say options, such as `data.delimiter=semicolon data.decimal=comma`."""
        return " ".join(f"{self.prefix}{name}={_NAMES.get(value, value)}" for name, value in values.items())
