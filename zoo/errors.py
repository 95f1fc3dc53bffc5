"""Errors a user can cause, each with the exit status that the command line ends with."""

from __future__ import annotations

import difflib
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ZooError(Exception):
    """Something went wrong that the message explains; ends the command line with status 1."""

    exit_status = 1


class InputError(ZooError):
    """What the user handed in (data, option, folder) cannot be used; ends the command line with status 2."""

    exit_status = 2


class OptionsError(InputError):
    """A file of text that can be read with other options, which the message names.

    Attributes:
        options: by name, such as `{"delimiter": ";"}`.
    """

    def __init__(self, message: str, **options: str | bool) -> None:
        super().__init__(message)
        self.options = options


class StoppedError(ZooError):
    """The user has stopped a job that can go on; ends the command line with status 130, as shells do."""

    exit_status = 130


class RecipeError(InputError):
    """A recipe, or an override of it, is wrong; the message lists every fault found, one a line."""


def suggestion(name: str, allowed: Iterable[str], *, what: str = "allowed") -> str:
    """Says which names exist and which of them `name` was probably meant to be.

    Args:
        name: what the user wrote.
        allowed: the names that exist.
        what: how to call them in the message.

    Returns:
        A clause such as "did you mean 'epochs'? allowed: batch_size, epochs".
    """
    names = sorted(allowed)
    if not names:
        return f"{what}: none"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}{what}: {', '.join(names)}"


def as_utf8(text: str) -> str:
    """A text with escapes for what UTF-8 cannot hold, such as bytes of a file's name that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(error: BaseException) -> str:
    """An error's text without line breaks, for a message; of a copied folder's many errors, the first."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        _, target, why = error.args[0][0]
        others = len(error.args[0]) - 1
        return f"{target}: {' '.join(str(why).split())}" + (f" (and {others} more like it)" if others else "")
    return " ".join(str(error).split()) or type(error).__name__
