"""Calls an encoder behind TensorFlow Serving, or behind this package's server: the protocol is the same."""

from __future__ import annotations

import contextlib
import socket
import time
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
from serving.in_order import in_order

if TYPE_CHECKING:
    import threading

    from serving.client_signature import Described

_LOOK = 0.2  # seconds to see whether anybody listens


class EmbeddingClient(Target):
    """Encodes rows on a server, in chunks, trying again while the server is unavailable or has too much to do.

        client = EmbeddingClient("localhost:8500", "vae_word2vec")     # gRPC
        client = EmbeddingClient("http://localhost:8501", "vae_word2vec")  # REST
        codes = client.encode(rows)

    Several threads may share one. See `AsyncEmbeddingClient` for its twin. Arguments are those of both:

    Args:
        address: `host:port` for gRPC, a URL for REST.
        model: the model's name.
        **options: `version`, `label`, `signature`, `output`, `timeout` in seconds of a request, its tries included
            (60), `deadline` of a call (none), `chunk` in rows (1,024), `concurrency` in requests (4), `token`,
            `certificate` (a PEM file, or its bytes) and `verify` (REST).
    """

    def __init__(self, address: str, model: str, **options: Any) -> None:
        super().__init__(address, model, **options)
        if self.is_rest:
            limits = httpx.Limits(max_connections=None)
            self._http = httpx.Client(headers=HEADERS | self.headers, verify=self._verify, limits=limits)
        else:
            self._channel = (
                grpc.insecure_channel(address, CHANNEL)
                if self._certificate is None
                else grpc.secure_channel(address, grpc.ssl_channel_credentials(self._certificate), CHANNEL)
            )
            self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def encode(self, rows: Any) -> Any:
        """Codes of rows, all of one version of the model.

        Args:
            rows: an array [n, ...] for a model of one input; columns by input name for one of several: a DataFrame, an
                Arrow table, a mapping of columns or a list of mappings; lists of items, or a SciPy sparse array, where
                the model takes those.

        Returns:
            [n, latent_dim] float32, in the order of the rows; of the output that was asked for by name, its type.

        Raises:
            ServingError: what the server answered; UNAVAILABLE where it could not be reached and RESOURCE_EXHAUSTED
                where it had too much to do until the timeout was over; DEADLINE_EXCEEDED where it did not answer.
            ValueError: rows that are not the signature's inputs.
        """
        until, is_fresh = self.until(), self._known is None
        described = self._known or self._learn(until)
        changes = 0
        while True:
            try:
                call = Call(self, described, rows)
                if call.is_pinned and not is_fresh:
                    described, is_fresh = self._learn(until), True
                    call = Call(self, described, rows)
                self._tell_unknown(call, until)
                return self._answered(call, until)
            except TooManyRows:
                continue
            except (ServingError, ValueError) as error:
                if not self.may_be_stale(error, changes):
                    raise
                newer = self._learn(until)
                if newer == described:
                    raise
                described, is_fresh, changes = newer, True, changes + 1

    def close(self) -> None:
        """Ends the connection."""
        (self._http if self.is_rest else self._channel).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _learn(self, until: float | None) -> Described:
        self._known = self.read(self._tried(None, "", until))
        return self._known

    def _tell_unknown(self, call: Call, until: float | None) -> None:
        first = call.first_rows()
        if not first:
            return
        try:
            response = self._tried(call.request(first, UNKNOWN), call.url, until)
        except CallError as error:
            if error.is_too_large:
                return  # a note is not worth many requests
            raise
        for remark in call.remarks(first, response):
            warnings.warn(remark, UserWarning, stacklevel=3)

    def _answered(self, call: Call, until: float | None) -> Any:
        def asked(arrays: Any, stopped: threading.Event | None = None) -> Any:
            try:
                return call.values(self._tried(call.request(arrays), call.url, until, stopped))
            except CallError as error:
                return np.concatenate([asked(half, stopped) for half in call.halves(arrays, error)])

        whole = call.whole()
        if not call.is_pinned:  # one request, in this thread
            for arrays in call.chunks():
                whole.add(asked(arrays))
            return whole.values()
        with contextlib.closing(in_order(asked, call.chunks(), self.concurrency)) as parts:
            for part in parts:
                whole.add(part)
        return whole.values()

    def _tried(self, request: Any, url: str, until: float | None, stopped: threading.Event | None = None) -> Any:
        """The answer to a request, or to one for the model's metadata if it is None."""
        tries = Tries(self, until)
        while True:
            try:
                send = self._over_http if self.is_rest else self._over_grpc
                return send(request, url, tries.left())
            except CallError as error:
                seconds = tries.wait(error)
                if stopped is None:
                    time.sleep(seconds)
                elif stopped.wait(seconds):
                    raise

    def _over_http(self, content: bytes | None, url: str, left: float) -> bytes:
        until = time.monotonic() + left
        method, where = ("GET", f"{self.url()}/metadata") if content is None else ("POST", url)
        parts = []
        try:
            with self._http.stream(method, where, content=content, timeout=left) as response:
                for part in response.iter_bytes():
                    parts.append(part)
                    if time.monotonic() > until:
                        raise no_answer(self.address, left)
        except httpx.HTTPError as error:
            raise error_of_http(error, self.address, left) from None
        if not response.is_success:
            raise error_of_status(response, b"".join(parts), self.address)
        return b"".join(parts)

    def _over_grpc(self, request: Any, _: str, left: float) -> Any:
        call = self._stub.GetModelMetadata if request is None else self._stub.Predict
        try:
            sent = self.metadata_request() if request is None else request
            return call(sent, timeout=left, metadata=tuple(self.headers.items()))
        except grpc.RpcError as error:
            raise error_of_grpc(error, self.address, left, self._is_connected) from None

    def _is_connected(self) -> bool:
        """Whether there is somebody at the address; gRPC's own answer would cost a thread that watches the channel."""
        host, _, port = self.address.rpartition(":")
        if not port.isdigit():
            return True  # a name that only gRPC can resolve
        try:
            socket.create_connection((host.strip("[]"), int(port)), _LOOK).close()
        except OSError:
            return False
        return True
