"""Is MLflow there? Said within seconds: its own client tries again for minutes, silently."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zoo.errors import ZooError, one_line
from zoo.tracking._patience import say

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 3.0  # seconds without an answer before a person is told
_LIMIT = 30.0  # seconds without an answer before the command gives up
_PAUSE = 2.0  # seconds between two questions to a server that answers that it is busy
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
_QUESTION = "/api/2.0/mlflow/experiments/search?max_results=1"
_found: set[str] = set()  # that have answered in this process


class _BusyError(Exception):
    """It is there, but not ready."""


def require_reachable(uri: str) -> None:
    """Raises ZooError if a server, or a database on one, does not answer; asks once in a process.

    A refused connection and an unknown host are said at once. Silence, and a server that says that it is not ready
    (status 500 and above), are waited for, which is said.

    Args:
        uri: of the tracking server or database; a file is not asked.
    """
    parts = urlsplit(uri)
    if uri in _found or not parts.hostname:
        return
    scheme = parts.scheme.partition("+")[0]
    ask = _ask_server if scheme in {"http", "https"} else _ask_port
    port = parts.port or _PORTS.get(scheme)
    if port is None:
        return
    _wait(uri, lambda: ask(uri, str(parts.hostname), int(port)))
    _found.add(uri)


def _wait(uri: str, ask: Callable[[], None]) -> None:
    started, said = time.monotonic(), False
    answer: dict[str, BaseException | None] = {}
    while True:
        answered = threading.Event()
        threading.Thread(target=_asked, args=(ask, answer, answered), daemon=True).start()
        while not answered.wait(0.05):
            said = _tell_once(uri, started, said, "has not answered")
            if time.monotonic() - started > _LIMIT:
                raise ZooError(f"MLflow at {uri} does not answer ({_LIMIT:.0f} s); {_remedy()}")
        error = answer.get("error")
        if error is None:
            return
        if not isinstance(error, _BusyError):
            raise ZooError(f"MLflow at {uri} cannot be reached: {one_line(error)}; {_remedy()}") from None
        said = _tell_once(uri, started - _PATIENCE, said, f"is not ready ({error})")
        if time.monotonic() - started > _LIMIT:
            raise ZooError(f"MLflow at {uri} is not ready ({error}) after {_LIMIT:.0f} s; {_remedy()}")
        time.sleep(_PAUSE)


def _asked(ask: Callable[[], None], answer: dict[str, BaseException | None], answered: threading.Event) -> None:
    try:
        ask()
        answer["error"] = None
    except Exception as error:
        answer["error"] = error
    answered.set()


def _tell_once(uri: str, started: float, said: bool, what: str) -> bool:
    if not said and time.monotonic() - started >= _PATIENCE:
        say(f"MLflow at {uri} {what}; waiting for up to {_LIMIT:.0f} s (Ctrl-C stops)")
        return True
    return said


def _ask_server(uri: str, host: str, port: int) -> None:
    import requests

    try:
        status = requests.get(uri.rstrip("/") + _QUESTION, timeout=2 * _LIMIT).status_code
    except (requests.exceptions.SSLError, requests.exceptions.ProxyError):
        return  # MLflow's own client has further settings for these
    except requests.exceptions.ConnectionError:
        _ask_port(uri, host, port)  # whose errors are shorter
        raise
    if status >= 500:
        raise _BusyError(f"it answers {status}")


def _ask_port(uri: str, host: str, port: int) -> None:
    del uri
    with socket.create_connection((host, port), timeout=2 * _LIMIT):
        pass


def _remedy() -> str:
    return (
        "start the server, or name another with MLFLOW_TRACKING_URI or tracking.uri; without either, runs go to "
        "mlruns/mlflow.db in the present folder"
    )
