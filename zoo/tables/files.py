"""Finding and opening the user's files, with messages that say what to do next."""

from __future__ import annotations

import difflib
import os
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_LISTED = 8
_BUCKETS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"}
_DATA = "../shared/data"  # where recipes look for the tables that they try themselves on, unless ZOO_DATA says where


def existing_file(name: str, option: str) -> Path:
    """The file that an option names.

    Args:
        name: what the user wrote; `~` is expanded, a relative path starts at the working directory.
        option: the option, such as `data.path`.

    Raises:
        InputError: no such file, a folder, or a file of 0 bytes.
    """
    path = Path(name).expanduser()
    require_utf8_name(path, option)
    if path.is_dir():
        raise InputError(f"{option}={name}: this is a folder, give one file; it {_listing(path)}")
    if not path.is_file():
        raise InputError(f"{option}={name}: no such file; {_demo(name, option) or _nearby(path)}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes); download or export it again")
    return path


def require_utf8_name(path: Path, option: str) -> None:
    """Raises InputError for a name that no report could be written about."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise InputError(f"{option}={shown}: the name is not UTF-8; rename it, or name a link to it") from None


def file_system(url: str, option: str = "") -> tuple[Any, str]:
    """Fsspec's file system of a URL or a path, and the path in it.

    Args:
        url: the URL.
        option: that it was given as, which an error names.

    Raises:
        InputError: a URL of no known protocol, or whose package is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(url)
    except (ValueError, ImportError) as error:
        is_missing = isinstance(error, ImportError) and url.startswith(("s3:", "s3a:"))
        hint = "; pip install 'encoder-zoo[s3]'" if is_missing else ""
        given = f"{option}={url}" if option else url
        raise InputError(f"{given}: cannot be opened ({one_line(error)}){hint}") from None
    return system, str(path)


def make_folder(system: Any, path: str) -> None:
    """Makes a folder of a file system; an object store has none, and its client would make the bucket instead."""
    protocols = {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)
    if not protocols & _BUCKETS:
        system.makedirs(path, exist_ok=True)


def ending(path: Path, known: Iterable[str]) -> str | None:
    """The longest of the known endings that the file's name has, or None."""
    name = path.name.lower()
    return max((end for end in known if name.endswith(end)), key=len, default=None)


@contextmanager
def readable(path: Path | str) -> Iterator[None]:
    """Turns what the operating system or a decompressor says about a file into an InputError."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error}); check that it may be read, then download or export it again"
        ) from error


def _demo(name: str, option: str) -> str:
    """What to do where the file is one that a recipe tries itself on; "" for any other."""
    folder = os.environ.get("ZOO_DATA", _DATA)
    if not folder or not name.startswith(f"{folder.rstrip('/')}/"):
        return ""
    return (
        f"this is the table that the recipe tries itself on, and it is not in the package: name the folder that holds "
        f"{name.removeprefix(folder).lstrip('/')} with ZOO_DATA=FOLDER (now {folder}), or a table of your own with "
        f"{option}=FILE"
    )


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either (relative paths start at {Path.cwd()})"
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(repr(str(path.parent / name)) for name in near)}?"
    return f"its folder {_listing(path.parent)}"


def _listing(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    if not names:
        return "holds no files"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"holds: {', '.join(names[:_LISTED])}{more}"
