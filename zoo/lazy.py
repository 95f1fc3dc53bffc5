"""Packages of parts that find their own modules: a new part is a new file, and no list is kept."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def module_name(class_name: str) -> str:
    """The file a public class lives in: `DenseAutoencoder` -> `dense_autoencoder`, `VAE` -> `vae`."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", class_name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", spaced).lower()


def public_names(folders: Iterable[str | Path]) -> list[str]:
    """Public classes of a package of parts, read from its files without importing them."""
    names = []
    for folder in folders:
        for path in sorted(Path(folder).glob("[!_]*.py")):
            classes = re.findall(r"^class ([A-Za-z0-9]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            names += [name for name in classes if module_name(name) == path.stem]
    return names


def attach(package: str, folders: Iterable[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Makes `package.ClassName` import `package.class_name` on first use.

    Args:
        package: the package's `__name__`.
        folders: the package's `__path__`.

    Returns:
        The package's `__getattr__` and `__dir__` (PEP 562).
    """

    def find(name: str) -> Any:
        if name.startswith("_") or name not in public_names(folders):
            raise AttributeError(f"{package} has no part {name!r}; {suggestion(name, public_names(folders))}")
        return getattr(importlib.import_module(f"{package}.{module_name(name)}"), name)

    return find, lambda: public_names(folders)
