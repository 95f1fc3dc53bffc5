"""Imports TensorFlow without its chatter."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def _held() -> Any:
    """A file that nobody else sees, in memory where that can be: no folder for temporary files need be writable."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("held"), "w+b", buffering=0)
    return tempfile.TemporaryFile()


@contextlib.contextmanager
def _standard_error_held_back() -> Iterator[None]:
    """Holds back what anything, C++ included, writes to file descriptor 2; an exception lets it through."""
    sys.stderr.flush()
    with _held() as held:
        saved = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def keras_on_tensorflow() -> None:
    """Lets Keras start on TensorFlow, whatever the environment and keras.json say; without effect once it is there."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"


def import_tensorflow() -> Any:
    """Returns the `tensorflow` module; importing it takes seconds, and by default prints lines nobody asked for.

    The environment's TF_CPP_MIN_LOG_LEVEL is respected where it is set.
    """
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        words = "TensorFlow needs a folder for temporary files that can be written to; name one with TMPDIR"
        raise InputError(f"{error.strerror}: {words}") from None
    keras_on_tensorflow()  # which TensorFlow imports along
    # TensorFlow logs a few lines before it reads that variable, so the import itself is silenced as well.
    with _standard_error_held_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
    return tf
