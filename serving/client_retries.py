"""When a request that failed is sent again, and what its failure is called."""

from __future__ import annotations

import email.utils
import logging
import random
import time
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from serving.errors import HTTP_STATUS, ServingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from serving.client_target import Target

_log = logging.getLogger("serving.client")
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0
_QUIET = 60.0  # seconds between warnings: every chunk may have to wait
_SHORTEST = 0.001  # seconds: a time limit of 0 would be none
_AGAIN = {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}
# what this package's server says of a body over its limits, and gRPC of a message
_TOO_LARGE = ("--rest_api_max_body_bytes", "send fewer", "larger than max", "larger_than_max")
# what a connection ends with that no later try would make, as OpenSSL, BoringSSL and gRPC write it
_NO_TRUST = (
    "CERTIFICATE_VERIFY_FAILED",
    "Hostname Verification Check failed",
    "ALERT_UNKNOWN_CA",
    "CERTIFICATE_REQUIRED",
)
_NO_TLS = ("WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL")
_OWN_DOING = ("Locally cancelled", "Channel closed")  # what a cancelled call says that its own process cancelled
_CODES = {408: "UNAVAILABLE", 413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 502: "UNAVAILABLE"} | {
    status: code for code, status in reversed(HTTP_STATUS.items()) if status not in {400, 429}
}


class CallError(ServingError):
    """A call that failed.

    Args:
        code: see `ServingError`.
        message: see `ServingError`.
        retry_after: seconds that the server asks to wait; infinity if it asks not to be asked again.
        is_too_large: whether fewer rows would do.
        is_reset: whether a connection that had been idle was closed.

    Attributes:
        retry_after: as above.
        is_too_large: as above.
        is_reset: as above.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after: float = 0.0,
        is_too_large: bool = False,
        is_reset: bool = False,
    ) -> None:
        super().__init__(code, message)
        self.retry_after, self.is_too_large, self.is_reset = retry_after, is_too_large, is_reset


class Tries:
    """The tries of one request.

    Args:
        target: whose time limit and address count.
        until: when the whole call must have ended, on the monotonic clock; None for no limit but the request's own.
    """

    def __init__(self, target: Target, until: float | None) -> None:
        self._target, self._started = target, time.monotonic()
        self._until = min(self._started + target.timeout, until if until is not None else float("inf"))
        self._count, self._last = 0, CallError("UNAVAILABLE", "")

    def left(self) -> float:
        """Seconds that the next try may take."""
        return max(_SHORTEST, self._until - time.monotonic())

    def wait(self, error: CallError) -> float:
        """Seconds to wait before the next try; raises an error if there is to be none."""
        self._count += 1
        if error.code == "DEADLINE_EXCEEDED" and self._last.message:
            raise self._given_up(self._last)  # there was no time left to hear the same again
        if error.code not in _AGAIN or error.is_too_large:
            raise error
        self._last = error
        if error.is_reset and self._count == 1:
            return 0.0  # servers close what has been idle for long: nothing to speak of
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._count - 1, 10))
        wait *= random.uniform(0.5, 1)  # noqa: S311  spreads the clients of a server that comes back
        wait = max(wait, error.retry_after)
        left = self._until - time.monotonic()
        if wait >= left:
            raise self._given_up(error)
        if time.monotonic() >= self._target.quiet_until:
            self._target.quiet_until = time.monotonic() + _QUIET
            _log.warning("%s: %s; trying again for %.0f s", self._target.address, error.message, left)
        return wait

    def _given_up(self, error: CallError) -> ServingError:
        target = self._target
        tries = f"{self._count} attempts in {time.monotonic() - self._started:.1f} s"
        if error.code == "RESOURCE_EXHAUSTED":
            asked = (
                f"the server asks to wait {error.retry_after:.0f} s; " if 0 < error.retry_after < float("inf") else ""
            )
            hint = f"{asked}a longer timeout, or concurrency below {target.concurrency}, may help"
        else:
            kind = "REST" if target.is_rest else "gRPC"
            hint = (
                f"is {target.address} the server's port for {kind}? gRPC is written HOST:PORT, with certificate= where "
                "the server has TLS, REST http://HOST:PORT or https://HOST:PORT"
            )
        return ServingError(error.code, f"{error.message} ({tries}; {hint})")


def error_of_status(response: httpx.Response, content: bytes, address: str) -> CallError:
    """What an HTTP answer that is no success means."""
    status = response.status_code
    if response.is_redirect:
        where = response.headers.get("location", "another address")
        return CallError("FAILED_PRECONDITION", f"{address} redirects to {where}: use that address")
    try:
        message = str(orjson.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        text = " ".join(content[:300].decode("utf-8", "replace").split())
        message = f"{address} answers {status}: {text or response.reason_phrase}"
    is_too_large = status == 413 or (status == 429 and _is_too_large(message))
    code = _CODES.get(status, "INVALID_ARGUMENT" if status < 500 else "UNAVAILABLE")
    retry_after = _seconds(response.headers.get("retry-after", ""))
    return CallError(code, message, retry_after=retry_after, is_too_large=is_too_large)


def error_of_http(error: httpx.HTTPError, address: str, left: float) -> CallError:
    """What it means that there is no HTTP answer."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return _never_connected(words, address) or CallError("UNAVAILABLE", f"cannot connect to {address}: {words}")
    if isinstance(error, httpx.TimeoutException):
        return no_answer(address, left)
    is_reset = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
    return CallError("UNAVAILABLE", f"the connection to {address} broke: {words}", is_reset=is_reset)


def error_of_grpc(error: Any, address: str, left: float, is_connected: Callable[[], bool]) -> CallError:
    """What a gRPC status means."""
    code, details = error.code().name, error.details() or ""
    if code == "DEADLINE_EXCEEDED" and details == "Deadline Exceeded":  # the client's own clock
        if not is_connected():
            return CallError("UNAVAILABLE", f"cannot connect to {address} within {left:.3g} s")
        return no_answer(address, left)
    if (never := _never_connected(details, address)) is not None:
        return never
    if code == "CANCELLED" and not any(words in details for words in _OWN_DOING):
        # a server that stops cancels what it has not answered; asking again for codes changes nothing there
        return CallError("UNAVAILABLE", f"{address} gave the request up: {details or code}")
    pushback = dict(error.trailing_metadata() or ()).get("grpc-retry-pushback-ms")
    retry_after = 0.0
    if pushback is not None:
        retry_after = int(pushback) / 1000 if pushback.isdigit() else float("inf")
    is_too_large = code == "RESOURCE_EXHAUSTED" and _is_too_large(details)
    return CallError(code, details, retry_after=retry_after, is_too_large=is_too_large)


def no_answer(address: str, seconds: float) -> CallError:
    """The error for a server that was reached and did not answer in time."""
    return CallError("DEADLINE_EXCEEDED", f"{address} gave no answer within {seconds:.3g} s")


def _never_connected(words: str, address: str) -> CallError | None:
    """The error of a connection that both sides will never agree on; None for any other."""
    if any(each in words for each in _NO_TRUST):
        return CallError("FAILED_PRECONDITION", f"{address}: {words} (certificate= takes the server's)")
    if any(each in words for each in _NO_TLS):
        return CallError("FAILED_PRECONDITION", f"{address}: {words} (is there a server without TLS, or another port?)")
    return None


def _is_too_large(message: str) -> bool:
    return any(words in message for words in _TOO_LARGE)


def _seconds(retry_after: str) -> float:
    """A Retry-After header: seconds, or a date."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
