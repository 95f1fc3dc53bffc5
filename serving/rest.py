"""The REST front: TensorFlow Serving's paths, statuses and bodies as an ASGI application."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from google.protobuf import json_format
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving import inference, json_answers, json_codec, json_examples
from serving.errors import HTTP_STATUS, ServingError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from serving.core import Core

_API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_OF_MODEL = r"(?:(?:/versions/(?P<version>[0-9]+))|(?:/labels/(?P<label>[^/:]+)))?"
_POST = re.compile(rf"/v1/models/(?P<model>[^/:]+){_OF_MODEL}:(?P<method>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_OF_MODEL}(?:/(?P<method>metadata))?", re.IGNORECASE)
_LARGEST_INFLATED = 100 * 2**20
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
        largest_body: bytes a request may have.
        timeout: seconds it may take.
    """

    def __init__(
        self,
        core: Core,
        *,
        cors: bool = False,
        prometheus_path: str = "",
        largest_body: int = 2**30,
        timeout: float = 30,
    ) -> None:
        self._core, self._cors, self._prometheus_path = core, cors, prometheus_path
        self._largest_body, self._timeout = largest_body, timeout

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        raw = request.scope.get("raw_path") or request.url.path.encode()
        path = raw.decode("utf-8", "replace")
        query = request.scope.get("query_string", b"").decode("utf-8", "replace")
        if self._prometheus_path and path == self._prometheus_path:
            if query:
                return _plain(400, f"Unexpected path: {path}?{query}. Should be {self._prometheus_path}")
            return _plain(200, self._core.metrics.text())
        if query or request.url.query:
            path = f"{path}?{query}"
        if not _API.fullmatch(path):
            return Response(_NOT_FOUND, 404, {"Content-Type": "text/html"})
        headers = dict(_CORS) if self._cors else {}
        if request.method == "OPTIONS":
            allowed = re.search("https?://", request.headers.get("origin", ""))
            return Response(b"", 200 if allowed else 400, headers)
        try:
            self._core.require_token(request.headers.get("authorization"))
            body = await self._dispatch(request, path)
            status = 200
        except ServingError as error:
            body, status = json_answers.write_error(error.message) if error.message else b"", HTTP_STATUS[error.code]
        return Response(body, status, headers | {"Content-Type": "application/json"})

    async def _dispatch(self, request: Request, path: str) -> bytes:
        malformed = invalid(f"Malformed request: {request.method} {path}")
        if request.method == "POST":
            found = _POST.fullmatch(path)
            if found is None or found["method"] not in {"predict", "classify", "regress"}:
                await self._body(request)
                raise malformed
            body = await self._body(request)
            return await self._timed(found["method"], _target(found), body)
        found = _GET.fullmatch(path) if request.method == "GET" else None
        if found is None:
            raise malformed
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

    async def _body(self, request: Request) -> bytes:
        """The whole body, inflated; corrupt gzip becomes an empty one, as in TensorFlow Serving."""
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._largest_body:
            raise self._too_large(announced)
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._largest_body:
                raise self._too_large(f"more than {self._largest_body}")
            parts.append(part)
        body = b"".join(parts)
        return _inflated(body) if "gzip" in request.headers.get("content-encoding", "") else body

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
    return Response(text.encode(), status, {"Content-Type": "text/plain"})
