"""The one error that a request can end with, and what it is called by HTTP and by gRPC."""

from __future__ import annotations

import traceback

# canonical code -> HTTP status, as TensorFlow Serving maps them (model_servers/http_server.cc)
HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INTERNAL": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class ServingError(Exception):
    """A request that cannot be answered.

    Args:
        code: name of a canonical gRPC status code, such as `INVALID_ARGUMENT`.
        message: what is wrong, for the caller.

    Attributes:
        code: as above.
        message: as above.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    @property
    def http_status(self) -> int:
        """What the code is called by HTTP."""
        return HTTP_STATUS[self.code]


class TooLargeError(ServingError):
    """A request that would be too large whenever it came: fewer rows may do.

    Args:
        message: see `ServingError`.
    """

    def __init__(self, message: str) -> None:
        super().__init__("RESOURCE_EXHAUSTED", message)

    @property
    def http_status(self) -> int:
        """413; a request that may be sent again as it is gets 429."""
        return 413


def invalid(message: str) -> ServingError:
    """The error for what a caller got wrong."""
    return ServingError("INVALID_ARGUMENT", message)


def unforeseen(error: BaseException) -> str:
    """One line for the log on an error that nobody foresaw: what it is, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__}: {error} ({place})"
