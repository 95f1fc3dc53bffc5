"""A request over HTTP: its head, and its body as it comes, within limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from serving.inflating import too_large

if TYPE_CHECKING:
    from serving.budget import Claim


class HttpRequest:
    """What ASGI tells of a request.

    Args:
        scope: see the ASGI specification.
        receive: see the ASGI specification.
        claim: what it holds of the memory for bodies.
        largest: bytes that its body may have, inflated.

    Attributes:
        method: such as `POST`.
        path: as it came, without the query.
        query: what follows the question mark.
    """

    def __init__(self, scope: Any, receive: Any, claim: Claim, largest: int) -> None:
        self._headers = dict(reversed(scope["headers"]))  # of several, the first one
        self._receive, self._more = receive, True
        self._connection = scope.get("connection")
        self._claim, self._claimed_inflated, self._largest = claim, 0, largest
        self.method: str = scope["method"]
        self.path: str = (scope.get("raw_path") or scope["path"].encode()).decode("utf-8", "replace")
        self.query: str = scope.get("query_string", b"").decode("utf-8", "replace")

    def header(self, name: str) -> str:
        """The first header of a name in lower case; "" if there is none."""
        value = self._headers.get(name.encode())
        return "" if value is None else value.decode("latin-1")

    @property
    def is_compressed(self) -> bool:
        """Whether the body is gzip."""
        return "gzip" in self.header("content-encoding")

    def is_gone(self) -> bool:
        """Whether the caller has gone away."""
        return self._connection is not None and self._connection.is_lost

    async def body(self, timeout: float) -> bytes:
        """The whole body, as it came.

        Raises:
            ServingError: it is too large, or too much is under way.
            TimeoutError: it takes longer than so many seconds.
            ConnectionError: the caller went away.
        """
        announced = self.header("content-length")
        if announced.isdigit() and int(announced) > self._largest:
            raise too_large(announced, self._largest)
        if self._connection is not None and not self._connection.is_in_body:
            return await self._collected()  # all of it is here: it takes no time, and needs no clock
        async with asyncio.timeout(timeout):
            return await self._collected()

    async def _collected(self) -> bytes:
        parts, size = [], 0
        while part := await self._part():
            size += len(part)
            if size > self._largest:
                raise too_large(f"more than {self._largest}", self._largest)
            self._claim.grow(len(part))
            parts.append(part)
        return b"".join(parts)

    def grow(self, inflated: int) -> None:
        """There are so many bytes of its body now, inflated; it may be inflated again in the other lane.

        Raises:
            ServingError: too much is under way.
        """
        if inflated > self._claimed_inflated:
            self._claim.grow(inflated - self._claimed_inflated)
            self._claimed_inflated = inflated

    async def _part(self) -> bytes:
        """The next part of the body; b"" after the last."""
        while self._more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            self._more = message.get("more_body", False)
            if body := message.get("body", b""):
                return bytes(body)
        return b""
