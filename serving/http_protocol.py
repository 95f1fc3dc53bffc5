"""uvicorn's HTTP/1.1, with limits on what it would wait for, or keep, without end: the head of a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from asyncio.events import TimerHandle

_LARGEST_HEAD = 2**16
_UPGRADE = re.compile(rb"^upgrade(?=[ \t]*:)", re.IGNORECASE | re.MULTILINE)


class Connection:
    """What an application is told of the connection that a request came by, as `scope["connection"]`.

    Attributes:
        is_lost: whether the caller has gone away.
        is_in_body: whether some of the body of the newest request is still to come.
    """

    is_lost = False
    is_in_body = False


class HttpProtocol(HttpToolsProtocol):
    """One connection. The next request's head must come within so many seconds, and in so many bytes.

    Args:
        *arguments: uvicorn's.
        patience: seconds from a connection, or the first byte of a further request, to the end of the head.
        **options: uvicorn's.
    """

    def __init__(self, *arguments: Any, patience: float = 30.0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._patience, self._head_bytes = patience, 0
        self._timer: TimerHandle | None = None
        self._connection = Connection()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._head_is_here()
        self._connection.is_lost = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if not self._connection.is_in_body:
            # An offer of HTTP/2 (curl --http2, Java's client) may be passed over, but the parser would take the body
            # for the other protocol's: it sees a header of no meaning and of the same length instead.
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _UPGRADE.sub(b"x-offer", head) + end + rest
        super().data_received(data)
        if self._timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response(f"The request's head has more than {_LARGEST_HEAD} bytes.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Its head has come."""
        self._head_is_here()
        self._connection.is_in_body = True
        self.scope["connection"] = self._connection  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Its body has come, if it has one."""
        self._connection.is_in_body = False
        super().on_message_complete()

    def _await_head(self) -> None:
        if self._timer is None:
            self._head_bytes = 0
            self._timer = self.loop.call_later(self._patience, self._give_up)

    def _head_is_here(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        self.transport.close()
