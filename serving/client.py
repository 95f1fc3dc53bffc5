"""Calls an encoder behind TensorFlow Serving, or behind this package's server: the protocol is the same."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Self

import grpc
import httpx
import orjson
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.client_target import Target
from serving.errors import HTTP_STATUS, ServingError

_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_reconnect_backoff_ms", 2000),  # left alone, gRPC may wait minutes for a server that is back
]
_CODES = {429: "RESOURCE_EXHAUSTED", 502: "UNAVAILABLE"} | {
    status: code for code, status in reversed(HTTP_STATUS.items()) if status not in {400, 429}
}


class EmbeddingClient(Target):
    """Encodes rows on a server, in chunks, trying again while the server is unavailable.

        client = EmbeddingClient("localhost:8500", "vae_word2vec")     # gRPC
        client = EmbeddingClient("http://localhost:8501", "vae_word2vec")  # REST
        codes = client.encode(rows)

    See `AsyncEmbeddingClient` for its twin. Arguments are those of both:

    Args:
        address: `host:port` for gRPC, a URL for REST.
        model: the model's name.
        **options: `version`, `label`, `signature`, `output`, `timeout` in seconds (60), `chunk` in rows (1,024),
            `token`, `certificate` (a PEM file, or its bytes) and `verify` (REST).
    """

    def __init__(self, address: str, model: str, **options: Any) -> None:
        super().__init__(address, model, **options)
        if self._is_rest:
            self._http = httpx.Client(headers=self._headers, verify=self._verify)
        else:
            self._channel = (
                grpc.insecure_channel(address, _OPTIONS)
                if self._certificate is None
                else grpc.secure_channel(address, grpc.ssl_channel_credentials(self._certificate), _OPTIONS)
            )
            self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def encode(self, rows: Any) -> Any:
        """Codes of rows.

        Args:
            rows: an array [n, ...] for a model of one input, or a mapping of columns by input name.

        Returns:
            [n, latent_dim] float32, in the order of the rows; of the output that was asked for by name, its type.

        Raises:
            ServingError: what the server answered; DEADLINE_EXCEEDED or UNAVAILABLE once the timeout is over.
            ValueError: rows that are not the signature's inputs.
        """
        deadline = time.monotonic() + self.timeout
        if self._inputs is None:
            self._learn(self._tried(None, deadline))
        answers = [self._tried(self._request(chunk), deadline) for chunk in self._chunks(self._arrays(rows))]
        return self._together(answers)

    def close(self) -> None:
        """Ends the connection."""
        (self._http if self._is_rest else self._channel).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tried(self, request: Any, deadline: float) -> Any:
        attempt = 0
        while True:
            try:
                return self._sent(request, max(0.001, deadline - time.monotonic()))
            except ServingError as error:
                time.sleep(self._wait(attempt, deadline, error))
            attempt += 1

    def _sent(self, request: Any, timeout: float) -> Any:
        try:
            if self._is_rest:
                if request is None:
                    return _body(self._http.get(f"{self._url}/metadata", timeout=timeout))
                return _body(self._http.post(f"{self._url}:predict", content=request, timeout=timeout))
            call = self._stub.GetModelMetadata if request is None else self._stub.Predict
            metadata = tuple(self._headers.items())
            return call(self._metadata_request() if request is None else request, timeout=timeout, metadata=metadata)
        except (grpc.RpcError, httpx.HTTPError) as error:
            raise _error(error) from None


class AsyncEmbeddingClient(Target):
    """The same for asyncio: `await client.encode(rows)`. See `EmbeddingClient` for the arguments.

    Args:
        address: `host:port` for gRPC, a URL for REST.
        model: the model's name.
        **options: see `EmbeddingClient`.
    """

    def __init__(self, address: str, model: str, **options: Any) -> None:
        super().__init__(address, model, **options)
        if self._is_rest:
            self._http = httpx.AsyncClient(headers=self._headers, verify=self._verify)
        else:
            self._channel = (
                grpc.aio.insecure_channel(address, _OPTIONS)
                if self._certificate is None
                else grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(self._certificate), _OPTIONS)
            )
            self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    async def encode(self, rows: Any) -> Any:
        """See `EmbeddingClient.encode`."""
        deadline = time.monotonic() + self.timeout
        if self._inputs is None:
            self._learn(await self._tried(None, deadline))
        answers = [await self._tried(self._request(chunk), deadline) for chunk in self._chunks(self._arrays(rows))]
        return self._together(answers)

    async def close(self) -> None:
        """Ends the connection."""
        await (self._http.aclose() if self._is_rest else self._channel.close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _tried(self, request: Any, deadline: float) -> Any:
        attempt = 0
        while True:
            try:
                return await self._sent(request, max(0.001, deadline - time.monotonic()))
            except ServingError as error:
                await asyncio.sleep(self._wait(attempt, deadline, error))
            attempt += 1

    async def _sent(self, request: Any, timeout: float) -> Any:
        try:
            if self._is_rest:
                if request is None:
                    return _body(await self._http.get(f"{self._url}/metadata", timeout=timeout))
                return _body(await self._http.post(f"{self._url}:predict", content=request, timeout=timeout))
            call = self._stub.GetModelMetadata if request is None else self._stub.Predict
            metadata = tuple(self._headers.items())
            sent = self._metadata_request() if request is None else request
            return await call(sent, timeout=timeout, metadata=metadata)
        except (grpc.RpcError, httpx.HTTPError) as error:
            raise _error(error) from None


def _body(response: httpx.Response) -> bytes:
    """The body of an answer; an error's becomes a ServingError."""
    if response.is_success:
        return response.content
    try:
        message = orjson.loads(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        message = response.text[:300] or response.reason_phrase
    raise ServingError(_CODES.get(response.status_code, "INVALID_ARGUMENT"), str(message))


def _error(error: Exception) -> ServingError:
    if isinstance(error, grpc.RpcError):
        return ServingError(error.code().name, error.details() or "")
    kind = "DEADLINE_EXCEEDED" if isinstance(error, httpx.TimeoutException) else "UNAVAILABLE"
    return ServingError(kind, f"{type(error).__name__}: {error}")
