"""That a command which was interrupted ends, whatever holds it up."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import threading
from typing import Any, NoReturn

_PATIENCE = 5.0  # seconds to tidy up in
_INTERRUPTED = 130


def end_soon_after_an_interrupt() -> None:
    """Ends the process a few seconds after SIGINT if it has not ended by itself.

    Where an interrupt arrives decides what it breaks off: an import, a callback or a destructor may swallow it, and a
    thread of a library may be waited for. What is left then is what a kill leaves, which the next command tidies up.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) in (
        signal.SIG_IGN,
        None,
    ):
        return

    def interrupted(number: int, frame: Any) -> None:
        timer = threading.Timer(_PATIENCE, _end)
        timer.daemon = True
        timer.start()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupted)


def leave(status: int) -> NoReturn:
    """Ends the process, whose work is done; an interrupt that comes now ends it at once, and needs no traceback."""
    quick = "tensorflow" in sys.modules
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, such as `head`; Python would flush again, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        quick = False  # what could not be written costs the status, which is Python's to say
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if quick:
        _leave_at_once(status)
    sys.exit(status)


def _leave_at_once(status: int) -> NoReturn:
    """As `sys.exit`, without taking every module to pieces: of TensorFlow that takes up to three seconds.

    Threads end, what is registered for the exit is done, and open files are written, in the order of Python's own exit.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # no other way ends pools of threads
    atexit._run_exitfuncs()
    for kind in (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom):
        for file in gc.get_objects():
            if type(file) is kind and not file.closed:
                with contextlib.suppress(OSError, ValueError):
                    file.flush()
    os._exit(status)


def _end() -> None:
    print("interrupted; what it held on to was let go", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(_INTERRUPTED)
