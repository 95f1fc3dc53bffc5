"""A line for each request, as text or as JSON, with an id that the caller may give and finds in the answer."""

from __future__ import annotations

import logging
import re
import uuid

import orjson

_log = logging.getLogger("serving.access")
_ID = re.compile(r"[!-~]{1,128}")  # what may stand in a header, and in a line of a log


class AccessLog:
    """Writes the lines.

    Args:
        form: `text` or `json`; "" for no lines.

    Attributes:
        is_on: whether there are lines.
    """

    def __init__(self, form: str = "") -> None:
        self._form, self.is_on = form, bool(form)

    def id_of(self, given: str) -> str:
        """A request's id: the caller's, if it is one, or a new one where there are lines; else ""."""
        if given and _ID.fullmatch(given):
            return given
        return uuid.uuid4().hex if self._form else ""

    def write(self, **fields: str | float) -> None:
        """A line of a request that was answered: id, protocol, peer, method, path, status, bytes, milliseconds."""
        if not self._form:
            return
        if self._form == "json":
            _log.info("%s", orjson.dumps(fields).decode())
            return
        texts = [_plain(each) for each in fields.values()]
        _log.info("%s", " ".join(f'"{text}"' if " " in text or not text else text for text in texts))


def _plain(value: str | float) -> str:
    """A value that begins no line of its own in a log."""
    return str(value).encode("unicode_escape").decode("ascii")
