"""Whether what a job reads lies where it writes."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING, Any

from zoo.tables.files import file_system

if TYPE_CHECKING:
    from collections.abc import Callable


def input_in_output(source: str, system: Any, output: str) -> str:
    """A file of the input that is an output, or lies under it, links resolved; "" if there is none.

    Args:
        source: an absolute path, a folder, a glob or a URL; folders stand for all files in them.
        system: fsspec's file system of the output.
        output: a path in it.
    """
    given, path = file_system(source, "input")
    given = getattr(given, "fs", given) if given.protocol in {"simplecache", "filecache", "blockcache"} else given
    if given != system:
        return ""
    found = given.glob(path) if glob.has_magic(path) and not given.exists(path) else [path]
    real: Callable[[str], str] = os.path.realpath if _is_here(given) else str
    home = real(output).rstrip("/")
    files = (file for each in found for file in given.find(real(each)) or [each])
    return next((file for file in files if f"{real(file)}/".startswith(f"{home}/")), "")


def _is_here(system: Any) -> bool:
    return "file" in ((system.protocol,) if isinstance(system.protocol, str) else system.protocol)
