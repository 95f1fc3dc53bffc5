"""Folders that a run will write to, tried before anything is computed."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def require_writable(folder: Path, what: str, key: str) -> None:
    """Makes a folder if need be and writes a file into it.

    Args:
        folder: where something will be written.
        what: how to call it in the message.
        key: what the user can set to have another folder.

    Raises:
        InputError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{what} {folder} cannot be written to ({reason}); make it writable, or set {key}") from None
