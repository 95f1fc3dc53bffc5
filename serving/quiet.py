"""Imports TensorFlow, and what imports it, without the lines that it prints before any setting can stop it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def in_memory() -> IO[bytes]:
    """A file that nobody else sees, in memory where that can be: no folder for temporary files need be writable."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("held"), "w+b", buffering=0)
    return tempfile.TemporaryFile()


@contextlib.contextmanager
def importing_quietly(*, keras: bool = True) -> Iterator[None]:
    """Holds standard error back, C++'s too, and gives it out only if the block fails.

    Args:
        keras: let TensorFlow import Keras along, and with it scikit-learn and matplotlib. It takes as long as all the
            rest, and graphs of SavedModels need none of them; but `tensorflow.keras` is not there then, so only a
            process that does nothing but serve may leave it out.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for what TensorFlow prints later
    sys.stderr.flush()
    with contextlib.ExitStack() as stack:
        held, standard_error = stack.enter_context(in_memory()), os.dup(2)
        stack.callback(os.close, standard_error)
        stack.callback(os.dup2, standard_error, 2)
        os.dup2(held.fileno(), 2)
        if not keras:
            sys.modules["keras"] = None  # type: ignore[assignment]  # its import fails, which TensorFlow bears
        try:
            yield
        except BaseException:
            os.write(standard_error, os.pread(held.fileno(), 1 << 20, 0))
            raise
