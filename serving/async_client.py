"""The client for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from typing import TYPE_CHECKING, Any, Self

import grpc
import httpx
import numpy as np
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.client_call import UNKNOWN, Call, TooManyRows
from serving.client_retries import CallError, Tries, error_of_grpc, error_of_http, error_of_status, no_answer
from serving.client_target import CHANNEL, HEADERS, Target
from serving.errors import ServingError
from serving.in_order import in_order_async

if TYPE_CHECKING:
    from serving.client_signature import Described


_GRACE = 0.2  # seconds in which httpx can say itself what took too long


class AsyncEmbeddingClient(Target):
    """Like `EmbeddingClient`, for asyncio: `await client.encode(rows)`. See there for the arguments.

    Args:
        address: `host:port` for gRPC, a URL for REST.
        model: the model's name.
        **options: see `EmbeddingClient`.
    """

    def __init__(self, address: str, model: str, **options: Any) -> None:
        super().__init__(address, model, **options)
        if self.is_rest:
            limits = httpx.Limits(max_connections=None)
            self._http = httpx.AsyncClient(headers=HEADERS | self.headers, verify=self._verify, limits=limits)
        else:
            self._channel = (
                grpc.aio.insecure_channel(address, CHANNEL)
                if self._certificate is None
                else grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(self._certificate), CHANNEL)
            )
            self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    async def encode(self, rows: Any) -> Any:
        """See `EmbeddingClient.encode`."""
        until, is_fresh = self.until(), self._known is None
        described = self._known or await self._learn(until)
        changes = 0
        while True:
            try:
                call = Call(self, described, rows)
                if call.is_pinned and not is_fresh:
                    described, is_fresh = await self._learn(until), True
                    call = Call(self, described, rows)
                await self._tell_unknown(call, until)
                return await self._answered(call, until)
            except TooManyRows:
                continue
            except (ServingError, ValueError) as error:
                if not self.may_be_stale(error, changes):
                    raise
                newer = await self._learn(until)
                if newer == described:
                    raise
                described, is_fresh, changes = newer, True, changes + 1

    async def close(self) -> None:
        """Ends the connection."""
        await (self._http.aclose() if self.is_rest else self._channel.close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _learn(self, until: float | None) -> Described:
        self._known = self.read(await self._tried(None, "", until))
        return self._known

    async def _tell_unknown(self, call: Call, until: float | None) -> None:
        first = call.first_rows()
        if not first:
            return
        try:
            response = await self._tried(call.request(first, UNKNOWN), call.url, until)
        except CallError as error:
            if error.is_too_large:
                return  # a note is not worth many requests
            raise
        for remark in call.remarks(first, response):
            warnings.warn(remark, UserWarning, stacklevel=3)

    async def _answered(self, call: Call, until: float | None) -> Any:
        async def asked(arrays: Any) -> Any:
            try:
                return call.values(await self._tried(call.request(arrays), call.url, until))
            except CallError as error:
                return np.concatenate([await asked(half) for half in call.halves(arrays, error)])

        whole = call.whole()
        async with contextlib.aclosing(in_order_async(asked, call.chunks(), self.concurrency)) as parts:
            async for part in parts:
                whole.add(part)
        return whole.values()

    async def _tried(self, request: Any, url: str, until: float | None) -> Any:
        """The answer to a request, or to one for the model's metadata if it is None."""
        tries = Tries(self, until)
        while True:
            try:
                send = self._over_http if self.is_rest else self._over_grpc
                return await send(request, url, tries.left())
            except CallError as error:
                await asyncio.sleep(tries.wait(error))

    async def _over_http(self, content: bytes | None, url: str, left: float) -> bytes:
        method, where = ("GET", f"{self.url()}/metadata") if content is None else ("POST", url)
        try:
            async with asyncio.timeout(left + _GRACE):
                response = await self._http.request(method, where, content=content, timeout=left)
        except TimeoutError:
            raise no_answer(self.address, left) from None
        except httpx.HTTPError as error:
            raise error_of_http(error, self.address, left) from None
        if not response.is_success:
            raise error_of_status(response, response.content, self.address)
        return response.content

    async def _over_grpc(self, request: Any, _: str, left: float) -> Any:
        call = self._stub.GetModelMetadata if request is None else self._stub.Predict
        try:
            sent = self.metadata_request() if request is None else request
            return await call(sent, timeout=left, metadata=tuple(self.headers.items()))
        except grpc.RpcError as error:
            raise error_of_grpc(error, self.address, left, self._is_connected) from None

    def _is_connected(self) -> bool:
        return bool(self._channel.get_state() == grpc.ChannelConnectivity.READY)
