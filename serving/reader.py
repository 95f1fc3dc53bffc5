"""Reads bodies in a process of its own.

Python runs one thread at a time, and what reads JSON holds the others up until it is done: a body of 16 MB for a third
of a second. Another process holds nobody up, can be told to stop, and gives its memory back.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Self

from serving.blocks import Blocks
from serving.budget import require_wanted
from serving.errors import ServingError, TooLargeError
from serving.packed_arrays import unpacked
from serving.quiet import in_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOOK = 0.05  # seconds between looks at whether somebody waits still
_PATIENCE = 10.0  # seconds for what was told to begin, or to stop
READING_PROCESS = (sys.executable, "-m", "serving.reading_process")


class Reader:
    """The process, which is started when there is something to read, and again when it has ended.

    One thread at a time has it: `with` ends what was begun.

    Args:
        largest: bytes that a body may have, inflated.
        program: what takes the numbers of two file descriptors.
    """

    def __init__(self, largest: int, program: Sequence[str] = READING_PROCESS) -> None:
        self._largest, self._program = largest, program
        self._file = in_memory()
        self._blocks = Blocks(self._file.fileno())
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Any = None
        self._is_due = self._is_open = False  # whether an answer is to come, or a second question

    def start(self) -> None:
        """Starts the process, if it does not run.

        Raises:
            OSError: it does not start.
        """
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours.detach())
        descriptors = theirs.fileno(), self._file.fileno()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603
                    [*self._program, *map(str, descriptors)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=descriptors,
                    env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                )
            if not self._connection.poll(_PATIENCE):
                raise TimeoutError(f"nothing came from it within {_PATIENCE:g} s")
            self._connection.recv()
        except (EOFError, OSError) as error:
            self.end()
            why = str(error) or "it ended at once"
            raise OSError(f"the process that reads large bodies does not start: {why}") from error

    def predict(self, body: bytes, *, is_compressed: bool) -> FarBody:
        """See `Bodies.predict`."""
        signature, is_row = self._sent("predict", body, is_compressed)
        self._is_open = True
        return FarBody(self, signature, is_row)

    def examples(self, body: bytes, *, is_compressed: bool) -> tuple[str, list[bytes]]:
        """See `Bodies.examples`."""
        signature, described, sizes = self._sent("examples", body, is_compressed)
        return signature, unpacked(described, self._blocks.take(sizes))[""].tolist()

    def arrays(self, dtypes: Mapping[str, str]) -> dict[str, Any]:
        """The arrays of the body that was read last; see `PredictBody.arrays`."""
        self._is_open = False
        _, described, sizes = self._told(dict(dtypes))
        return unpacked(described, self._blocks.take(sizes))

    def _sent(self, method: str, body: bytes, is_compressed: bool) -> Any:
        self.start()
        self._blocks.put([body])
        return self._told((method, len(body), is_compressed, self._largest))

    def _told(self, question: Any) -> Any:
        """Asks, and waits for the answer for as long as somebody wants it."""
        try:
            self._connection.send(question)
            self._is_due = True
            while not self._connection.poll(_LOOK):
                require_wanted()
            is_too_large, *answer = self._connection.recv()
            self._is_due = False
        except (EOFError, ConnectionError) as error:  # killed: for want of memory, most likely
            self.end()
            raise ServingError("RESOURCE_EXHAUSTED", "There is no memory left for this request") from error
        if is_too_large is None:
            return answer[0]
        code, message = answer
        raise TooLargeError(message) if is_too_large else ServingError(code, message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not (self._is_due or self._is_open):
            return
        try:
            self._connection.send(None)
            if self._is_due:
                if not self._connection.poll(_PATIENCE):
                    raise TimeoutError
                self._connection.recv()
            self._blocks.clear()
            self._is_due = self._is_open = False
        except (EOFError, OSError):
            self.end()

    def end(self) -> None:
        """Ends the process, if it runs."""
        if self._connection is None:
            return
        self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process, self._connection, self._is_due, self._is_open = None, None, False, False
        self._blocks.clear()


class FarBody:
    """The body of a :predict request that a `Reader` holds; see `PredictBody`.

    Args:
        reader: what holds it.
        signature: see `PredictBody`.
        is_row: see `PredictBody`.

    Attributes:
        signature: as above.
        is_row: as above.
    """

    def __init__(self, reader: Reader, signature: str, is_row: bool) -> None:
        self._reader, self.signature, self.is_row = reader, signature, is_row

    def arrays(self, dtypes: Mapping[str, str]) -> dict[str, Any]:
        """See `PredictBody.arrays`; to be called once at most."""
        return self._reader.arrays(dtypes)
