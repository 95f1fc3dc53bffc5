"""`python -m serving.reading_process CONNECTION FILE`: reads the bodies that another process's `Reader` sends.

One body after another, each within its budget. Both arguments are file descriptors: of what is said, and of the file in
memory through which bodies and arrays go (`serving.blocks`). What is said:

- there: `(method, size, is_compressed, largest)`; back: `(None, answer)`, or an error `(is_too_large, code, message)`.
  The answer to `examples` is all there is to say; after the answer to `predict` comes the second question.
- there: `dtypes`, back: what the arrays are, and the sizes of their blocks.
- there, at any time: None. Nobody wants the rest any more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from serving.blocks import Blocks
from serving.bodies import Bodies
from serving.budget import Budget, Trimmer
from serving.errors import ServingError, TooLargeError, unforeseen
from serving.packed_arrays import packed

_log = logging.getLogger("serving")
_POLITE = 5  # small requests go first


class ReadingProcess:
    """The other end of a `Reader`.

    Args:
        connection: what leads there.
        blocks: the file in memory.
    """

    def __init__(self, connection: Connection, blocks: Blocks) -> None:
        self._connection, self._blocks, self._trimmer = connection, blocks, Trimmer()

    def run(self) -> None:
        """Reads bodies until the other end is gone."""
        with contextlib.suppress(EOFError, ConnectionError):
            self._connection.send("ready")
            while True:
                asked = self._connection.recv()
                if asked is not None:
                    self._answer(*asked)
                    self._trimmer.trim()

    def _answer(self, method: str, size: int, is_compressed: bool, largest: int) -> None:
        try:
            # whatever is sent meanwhile says that nobody waits any more
            with Budget(self._connection.poll, largest):
                self._read(method, size, is_compressed, Bodies(largest))
        except ServingError as error:
            self._connection.send((type(error) is TooLargeError, error.code, error.message))
        except MemoryError:
            self._connection.send((False, "RESOURCE_EXHAUSTED", "There is no memory left for this request"))
        except (EOFError, ConnectionError):
            raise
        except Exception as error:
            _log.error("a request failed in a way that nobody foresaw: %s", unforeseen(error))
            self._connection.send((False, "INTERNAL", f"{type(error).__name__}: {error}"))

    def _read(self, method: str, size: int, is_compressed: bool, bodies: Bodies) -> None:
        (body,) = self._blocks.take([size])
        if method == "examples":
            signature, examples = bodies.examples(body, is_compressed=is_compressed)
            self._tell(signature, {"": np.asarray([*examples, None], dtype=object)[:-1]})
            return
        read = bodies.predict(body, is_compressed=is_compressed)
        del body
        self._connection.send((None, (read.signature, read.is_row)))
        dtypes = self._connection.recv()
        if dtypes is not None:
            self._tell("", read.arrays(dtypes))

    def _tell(self, signature: str, arrays: dict[str, Any]) -> None:
        described, blocks = packed(arrays)
        self._connection.send((None, (signature, described, self._blocks.put(blocks))))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the other process decides
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    os.nice(_POLITE)
    ReadingProcess(Connection(int(sys.argv[1])), Blocks(int(sys.argv[2]))).run()
