"""What a run ran on: versions of packages and of the code."""

from __future__ import annotations

import functools
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

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
