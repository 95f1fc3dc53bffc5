"""Modules that are functions as well."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def make_callable(module: str, function: Callable[..., Any]) -> None:
    """Lets a module be called as a function of the same name.

    `python -m zoo.run` wants a module of this name and `zoo.run(...)` a function: it is both.

    Args:
        module: the module's `__name__`; it must have been imported.
        function: what a call does.
    """

    class CallableModule(types.ModuleType):
        __call__ = staticmethod(function)

    sys.modules[module].__class__ = CallableModule
