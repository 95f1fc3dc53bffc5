"""The REST front: TensorFlow Serving's paths, statuses and bodies as an ASGI application."""

from __future__ import annotations

import asyncio
import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from google.protobuf import json_format
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving import inference, json_answers, json_codec, json_examples
from serving.errors import HTTP_STATUS, ServingError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serving.core import Core

    Response = tuple[int, Mapping[str, str], bytes]  # status, headers, body

_API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_OF_MODEL = r"(?:(?:/versions/(?P<version>[0-9]+))|(?:/labels/(?P<label>[^/:]+)))?"
_POST = re.compile(rf"/v1/models/(?P<model>[^/:]+){_OF_MODEL}:(?P<method>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_OF_MODEL}(?:/(?P<method>metadata))?", re.IGNORECASE)
_LARGEST_INFLATED = 100 * 2**20
_JSON = {"Content-Type": "application/json"}
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_NOT_FOUND = b"<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"


class RestFront:
    """An ASGI application.

    Args:
        core: answers requests.
        cors: whether answers carry CORS headers.
        prometheus_path: path of the metrics page; "" for none.
        prometheus_is_open: whether the page needs no token where everything else does.
        largest_body: bytes a request may have.
        timeout: seconds it may take to come in, and then to be answered.
    """

    def __init__(
        self,
        core: Core,
        *,
        cors: bool = False,
        prometheus_path: str = "",
        prometheus_is_open: bool = False,
        largest_body: int = 2**30,
        timeout: float = 30,
    ) -> None:
        self._core, self._cors = core, cors
        self._prometheus_path, self._prometheus_is_open = prometheus_path, prometheus_is_open
        self._largest_body, self._timeout = largest_body, timeout

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        request = _Request(scope, receive)
        try:
            status, headers, body = await self._answer(request)
        except ConnectionError:
            return
        written = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        written.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": written})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, request: _Request) -> Response:
        path, query = request.path, request.query
        if self._prometheus_path and path == self._prometheus_path:
            return self._page(request)
        if query:
            path = f"{path}?{query}"
        if not _API.fullmatch(path):
            return 404, {"Content-Type": "text/html"}, _NOT_FOUND
        headers = _CORS if self._cors else {}
        if request.method == "OPTIONS":
            allowed = re.search("https?://", request.header("origin"))
            return 200 if allowed else 400, headers, b""
        try:
            self._core.require_token(request.header("authorization"))
            body = await self._dispatch(request, path)
            status = 200
        except TimeoutError:
            # the rest of the body may still come: nothing else can be said on this connection
            headers = headers | {"Connection": "close"}
            words = f"The request's body took longer than {self._timeout:g} s"
            body, status = json_answers.write_error(words), HTTP_STATUS["DEADLINE_EXCEEDED"]
        except ServingError as error:
            body, status = json_answers.write_error(error.message) if error.message else b"", HTTP_STATUS[error.code]
        return status, headers | _JSON, body

    def _page(self, request: _Request) -> Response:
        """The metrics."""
        if not self._prometheus_is_open:
            try:
                self._core.require_token(request.header("authorization"))
            except ServingError as error:
                return _plain(HTTP_STATUS[error.code], f"{error.message}, or the flag --allow_metrics_without_token")
        if request.query:
            words = f"Unexpected path: {request.path}?{request.query}. Should be {self._prometheus_path}"
            return _plain(400, words)
        return _plain(200, self._core.metrics.text())

    async def _dispatch(self, request: _Request, path: str) -> bytes:
        if request.method == "POST":
            found = _POST.fullmatch(path)
            if found is None or found["method"] not in {"predict", "classify", "regress"}:
                await self._body(request)
                raise _malformed(request.method, path)
            body = await self._body(request)
            return await self._timed(found["method"], _target(found), body)
        found = _GET.fullmatch(path) if request.method == "GET" else None
        if found is None:
            raise _malformed(request.method, path)
        model, version, _ = target = _target(found)
        if found["method"] == "metadata":
            if not model:
                raise invalid("Missing model name in request.")
            return await self._core.in_thread(lambda: self._metadata(target), self._timeout)
        if not model:
            raise invalid("Missing model name in request.")
        return _status(self._core.manager.statuses(model, version))

    async def _timed(self, method: str, target: tuple[str, int | None, str], body: bytes) -> bytes:
        answer: Callable[[], bytes] = {
            "predict": lambda: self._predict(target, body),
            "classify": lambda: self._with_examples(target, body, "classify"),
            "regress": lambda: self._with_examples(target, body, "regress"),
        }[method]
        return await self._core.measured(target[0], method, "REST", lambda: self._core.in_thread(answer, self._timeout))

    def _predict(self, target: tuple[str, int | None, str], body: bytes) -> bytes:
        read = json_codec.read_predict(body)
        name, version, label = target
        with self._core.manager.servable(name, version, label) as servable:
            wanted = read.signature or inference.DEFAULT_SIGNATURE
            signature = servable.signatures.get(wanted)
            if signature is None:
                raise invalid(f'Serving signature name: "{wanted}" not found in signature def')
            if not signature.inputs:
                raise invalid(f"Failed to get input map for signature: {wanted}")
            arrays = read.arrays({alias: self._core.type_name(info.dtype) for alias, info in signature.inputs.items()})
            outputs = self._core.run(servable, signature, arrays, sorted(signature.outputs))
        return json_answers.write_predictions(outputs, row=read.is_row)

    def _with_examples(self, target: tuple[str, int | None, str], body: bytes, method: str) -> bytes:
        signature, examples = json_examples.read_examples(body, method)
        classifies = method == "classify"
        request = classification_pb2.ClassificationRequest() if classifies else regression_pb2.RegressionRequest()
        request.model_spec.signature_name = signature
        for example in examples:
            request.input.example_list.examples.add().ParseFromString(example)
        with self._core.manager.servable(*target) as servable:
            if classifies:
                answer = inference.classify(servable, request, self._core.run)
                rows = [[[each.label, each.score] for each in row.classes] for row in answer.result.classifications]
                return json_answers.write_results(rows)
            answer = inference.regress(servable, request, self._core.run)
            return json_answers.write_results([each.value for each in answer.result.regressions])

    def _metadata(self, target: tuple[str, int | None, str]) -> bytes:
        with self._core.manager.servable(*target) as servable:
            signatures = json_format.MessageToDict(
                inference.metadata(servable),
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
            spec = {"name": servable.name, "signature_name": "", "version": str(servable.version)}
            return json_answers.write_document({"model_spec": spec, "metadata": {"signature_def": signatures}})

    async def _body(self, request: _Request) -> bytes:
        """The whole body, inflated; corrupt gzip becomes an empty one, as in TensorFlow Serving."""
        announced = request.header("content-length")
        if announced.isdigit() and int(announced) > self._largest_body:
            raise self._too_large(announced)
        parts, size = [], 0
        async with asyncio.timeout(self._timeout):
            while part := await request.part():
                size += len(part)
                if size > self._largest_body:
                    raise self._too_large(f"more than {self._largest_body}")
                parts.append(part)
        body = b"".join(parts)
        return _inflated(body) if "gzip" in request.header("content-encoding") else body

    def _too_large(self, size: str) -> ServingError:
        words = (
            f"The request's body has {size} bytes; this server takes {self._largest_body} (--rest_api_max_body_bytes)"
        )
        return ServingError("RESOURCE_EXHAUSTED", words)


def _target(found: re.Match[str]) -> tuple[str, int | None, str]:
    """Model, version and label of a path."""
    version = found["version"]
    if version is not None and int(version) >= 2**63:
        raise invalid("")  # TensorFlow Serving answers with an empty body
    return unquote(found["model"] or ""), None if version is None else int(version), unquote(found["label"] or "")


def _status(statuses: list[Any]) -> bytes:
    entries = [
        {
            "version": str(each.version),
            "state": each.state,
            "status": {"error_code": each.code, "error_message": each.message},
        }
        for each in statuses
    ]
    return json_answers.write_document({"model_version_status": entries})


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, _LARGEST_INFLATED)
    except zlib.error:
        return b""
    return inflated if inflater.eof else b""


def _plain(status: int, text: str) -> Response:
    return status, {"Content-Type": "text/plain"}, text.encode()


def _malformed(method: str, path: str) -> ServingError:
    return invalid(f"Malformed request: {method} {path}")


class _Request:
    """What ASGI tells of a request."""

    def __init__(self, scope: Any, receive: Any) -> None:
        self._headers, self._receive, self._more = scope["headers"], receive, True
        self.method: str = scope["method"]
        self.path: str = (scope.get("raw_path") or scope["path"].encode()).decode("utf-8", "replace")
        self.query: str = scope.get("query_string", b"").decode("utf-8", "replace")

    def header(self, name: str) -> str:
        """The first header of a name in lower case; "" if there is none."""
        key = name.encode()
        return next((value.decode("latin-1") for each, value in self._headers if each == key), "")

    async def part(self) -> bytes:
        """The next part of the body; b"" after the last.

        Raises:
            ConnectionError: the caller went away.
        """
        while self._more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            self._more = message.get("more_body", False)
            if body := message.get("body", b""):
                return bytes(body)
        return b""
