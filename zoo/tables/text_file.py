"""Small files of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.tables.files import readable

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path) -> str:
    """The text of a file, with the ends of its lines as they are; a byte order mark is left out.

    Raises:
        InputError: a file that cannot be read, or is not UTF-8; the line is named.
    """
    with readable(path):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        bad = content[error.start : error.start + 8]
        raise InputError(f"{path}, line {line}: {bad!r} is not UTF-8; save the file as UTF-8 text") from None
