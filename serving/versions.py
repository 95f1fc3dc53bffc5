"""Which versions of a model there are, which of them are wanted, and where each one stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_VERSION = re.compile(r"[0-9]+")
_LARGEST_VERSION = 2**63 - 1
MODEL_NAME = re.compile(r"[^./][^/:]*")  # a request's path cannot name anything else


@dataclass(frozen=True)
class ModelConfig:
    """What is served of one model.

    Attributes:
        name: the name in requests.
        base_path: folder of its versions.
        latest: how many of the newest versions; 0 for all of them.
        specific: these versions instead.
        labels: label -> version; one that is not loaded yet gets its label once it is.
    """

    name: str
    base_path: Path
    latest: int = 1
    specific: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def wanted(self, versions: Sequence[int]) -> list[int]:
        """Those of the versions on disk that are to be served, newest first."""
        newest_first = sorted(versions, reverse=True)
        if self.specific:
            return [version for version in newest_first if version in self.specific]
        return newest_first[: self.latest] if self.latest else newest_first

    def under(self, base_path: Path) -> ModelConfig:
        """The same with another folder."""
        return replace(self, base_path=base_path)


@dataclass(frozen=True)
class VersionStatus:
    """Where a version stands.

    Attributes:
        version: its number.
        state: START, LOADING, AVAILABLE, UNLOADING or END.
        code: OK, or the canonical code of what went wrong.
        message: what went wrong.
    """

    version: int
    state: str
    code: str = "OK"
    message: str = ""


def version_of(folder: str) -> int | None:
    """The version that a folder of this name holds; None if it holds none."""
    return int(folder) if _VERSION.fullmatch(folder) and int(folder) <= _LARGEST_VERSION else None


def versions_in(base_path: Path) -> dict[int, Path]:
    """The versions that lie whole under a base path. One without its graph is still being copied.

    Raises:
        OSError: the folder cannot be read.
    """
    found: dict[int, Path] = {}
    for folder in sorted(base_path.iterdir()):
        version = version_of(folder.name)
        if version is not None and (folder / "saved_model.pb").is_file():
            found[version] = folder
    return found


def models_in(store: Path) -> list[ModelConfig]:
    """Every model in a folder of them.

    Raises:
        OSError: the folder cannot be read.
    """
    folders = sorted(store.iterdir())
    return [
        ModelConfig(folder.name, folder) for folder in folders if MODEL_NAME.fullmatch(folder.name) and folder.is_dir()
    ]


def changed(folder: Path) -> float:
    """When a version's files were last changed; 0 if that cannot be told."""
    try:
        return max(path.stat().st_mtime for path in (folder, folder / "saved_model.pb"))
    except OSError:
        return 0.0
