"""What a run ran on: versions of packages and of the code."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGES = (
    "tensorflow",
    "keras",
    "tensorflow-probability",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "mlflow",
    "hydra-core",
    "gensim",
    "pyarrow",
)


@functools.cache
def facts() -> dict[str, str]:
    """Versions by package; `git` is the present folder's commit, with a plus sign if files differ from it."""
    versions = {"zoo": _version("encoder-zoo"), "python": platform.python_version(), "git": _commit()}
    return versions | {package: _version(package) for package in _PACKAGES}


def code_digest(config: Any) -> str:
    """A digest of the source files that a run is made by: the zoo's, and those of other packages that a recipe names.

    Args:
        config: the recipe's configuration, with a `_target_` for each part.
    """
    packages = {"zoo", *(target.partition(".")[0] for target in _targets(config))}
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(path for package in packages for path in _sources(package)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _targets(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        if "_target_" in config:
            yield str(config["_target_"])
        config = list(config.values())
    if isinstance(config, list):
        for each in config:
            yield from _targets(each)


def _sources(package: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from Path(folder).rglob("*.py")
    if spec.origin and spec.origin.endswith(".py"):
        yield Path(spec.origin)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return "unknown"
    return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
