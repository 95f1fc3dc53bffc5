"""A store that goes away in the middle of things: it is waited for, which is shown, for ten minutes at the most."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from zoo.errors import ZooError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Given = TypeVar("Given")

LIMIT = 600.0  # seconds that a store may be away
PAUSE = 2.0  # seconds between two tries
_SHOWN_AFTER, _SHOWN_AGAIN = 4.0, 30.0  # seconds without an answer
_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_REMEDY = "start the server again, then give the same command again; a run is taken up where it was"


def is_away(error: BaseException) -> bool:
    """Whether an error says that the store cannot be asked at present, and not that it refuses what it was asked."""
    import requests
    from mlflow.exceptions import MlflowException

    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return False
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        return True
    if not isinstance(error, MlflowException):
        return False
    if error.error_code == "TEMPORARILY_UNAVAILABLE":  # the server is there, its database is not
        return True
    # MLflow's client has no class of its own for this: `mlflow.utils.rest_utils.http_request`
    text = str(error)
    unanswered = text.startswith("API request to ") and (
        " failed with exception " in text or " failed with timeout " in text
    )
    return unanswered and not any(other in text for other in ("SSLError", "ProxyError", "too many 500 error"))


def patiently(uri: str, call: Callable[[], Given]) -> Given:
    """What a call gives; while the store is away it is made again, and that is shown.

    Raises:
        ZooError: the store was away for ten minutes.
    """
    started = time.monotonic()
    with waiting_shown(lambda: waiting(uri)):
        while True:
            try:
                return call()
            except Exception as error:
                if not is_away(error):
                    raise
                if time.monotonic() - started > LIMIT:
                    raise ZooError(too_long(uri, error)) from error
            time.sleep(PAUSE)


def waiting(uri: str) -> str:
    """That a store is waited for, and what to do."""
    return (
        f"waiting for MLflow at {uri}, for up to {LIMIT / 60:.0f} minutes: start it again, or stop with Ctrl-C and "
        "give the same command later"
    )


def too_long(uri: str, error: BaseException | None, limit: float | None = None) -> str:
    """That a store was away for too long (seconds; None is ten minutes), why, and what to do."""
    why = f" ({one_line(error)[:200]})" if error else ""
    waited = f"{LIMIT / 60:.0f} minutes" if limit is None else f"{limit:g} s"
    has = "has not answered" if error else "has not taken all that was sent"
    return f"MLflow at {uri} {has} for {waited}{why}; {_REMEDY}"


def explained(uri: str, error: BaseException) -> str:
    """What a store answers, and what to do where it wants to know who asks."""
    text = str(error).splitlines()[0]
    if " error code 401 " not in text:
        return f"MLflow at {uri}: {text}"
    return (
        f"MLflow at {uri} does not let you in: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
        f"MLFLOW_TRACKING_TOKEN ({text})"
    )


@contextlib.contextmanager
def waiting_shown(what: Callable[[], str]) -> Iterator[None]:
    """Says a line if the block takes longer than a few seconds, again and again."""
    done = threading.Event()

    def show() -> None:
        seconds = _SHOWN_AFTER
        while not done.wait(seconds):
            say(what())
            seconds = _SHOWN_AGAIN

    threading.Thread(target=show, daemon=True).start()
    try:
        yield
    finally:
        done.set()


@contextlib.contextmanager
def few_retries() -> Iterator[None]:
    """Lets MLflow's client give up soon, unless the user has said otherwise: `patiently` is what waits.

    By itself it tries seven times, silently, with pauses that grow to two minutes, which a server that is back waits
    out; and after four minutes it is an error.
    """
    if _RETRIES in os.environ:
        yield
        return
    os.environ[_RETRIES] = "1"
    try:
        yield
    finally:
        os.environ.pop(_RETRIES, None)


class Patient:
    """An MLflow client that waits for its store.

    Args:
        client: the client.
        uri: of its store.

    Attributes:
        impatient: the client itself.
        uri: of its store.
    """

    def __init__(self, client: Any, uri: str) -> None:
        self.impatient, self.uri = client, uri

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.impatient, name)
        if not callable(value):
            return value
        return lambda *arguments, **named: patiently(self.uri, lambda: value(*arguments, **named))


def say(text: str) -> None:
    """A line for a person."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
