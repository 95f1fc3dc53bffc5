"""Words for messages."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def count(number: int, noun: str) -> str:
    """Such as `1 row` or `1,234 rows`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def some(names: Sequence[str], most: int = 5) -> str:
    """Names the first few, in quotes."""
    return ", ".join(repr(name) for name in names[:most]) + (", .." if len(names) > most else "")


def named(names: Sequence[str], most: int = 5) -> str:
    """Names the first few as they are."""
    return ", ".join(map(printable, names[:most])) + (", .." if len(names) > most else "")


def printable(name: str) -> str:
    r"""A name as text that UTF-8 can hold: bytes that are not UTF-8 are written as such, `caf\xe9.png`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def listed(names: Iterable[str]) -> str:
    """All names, in quotes."""
    return ", ".join(f"'{name}'" for name in names)


def short_name(path: str, parts: int = 1) -> str:
    """What a file, a folder or a URL is called without the way to it: its last parts, such as `name/version`."""
    whole = PurePath(urlsplit(path).path if "://" in path else path).parts
    return "/".join(part for part in whole[-parts:] if part != "/") or path


def without_password(text: str) -> str:
    """A URL, or a text with URLs in it, as it may be shown."""
    return re.sub(r"(\w://[^\s/:@]*):[^\s/@]*@", r"\1:***@", text)
