"""The REST front: TensorFlow Serving's paths, statuses and bodies as an ASGI application."""

from __future__ import annotations

import logging
import re
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from google.protobuf import json_format
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving import inference, json_answers
from serving.access_log import AccessLog
from serving.bodies import Bodies
from serving.budget import Claim, is_in_slow_lane
from serving.errors import HTTP_STATUS, ServingError, invalid, unforeseen
from serving.http_request import HttpRequest
from serving.process_metrics import process_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from serving.core import Core
    from serving.json_codec import PredictBody
    from serving.reader import FarBody, Reader
    from serving.shared_metrics import SharedMetrics

    Response = tuple[int, Mapping[str, str], bytes]  # status, headers, body

_log = logging.getLogger("serving")
_HEALTH = ("/healthz", "/readyz")
_SHOWN = 200  # characters of a path in the log
_API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_OF_MODEL = r"(?:(?:/versions/(?P<version>[0-9]+))|(?:/labels/(?P<label>[^/:]+)))?"
_POST = re.compile(rf"/v1/models/(?P<model>[^/:]+){_OF_MODEL}:(?P<method>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_OF_MODEL}(?:/(?P<method>metadata))?", re.IGNORECASE)
_MOST_DIGITS = 19  # of a version, an int64
_JSON = {"Content-Type": "application/json"}
_BY_STATUS = {
    401: {"WWW-Authenticate": 'Bearer realm="serving"'},  # RFC 9110, 11.6.1
    429: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}
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
        largest_body: bytes a request's body may have, inflated.
        timeout: seconds it may take to come in, and then to be answered.
        access_log: where requests are written down; None for nowhere.
        shared: the metrics of other processes that serve with this one; None for none.
        worker: this one's number among them; "" for none.
    """

    def __init__(
        self,
        core: Core,
        *,
        cors: bool = False,
        prometheus_path: str = "",
        prometheus_is_open: bool = False,
        largest_body: int = 2**24,
        timeout: float = 30,
        access_log: AccessLog | None = None,
        shared: SharedMetrics | None = None,
        worker: str = "",
    ) -> None:
        self._shared, self._worker = shared, worker
        self._access_log = access_log or AccessLog()
        self._core, self._cors = core, cors
        self._prometheus_path, self._prometheus_is_open = prometheus_path, prometheus_is_open
        self._largest_body, self._timeout = largest_body, timeout

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        with Claim(self._core.memory) as claim:
            request = HttpRequest(scope, receive, claim, self._largest_body)
            number = self._access_log.id_of(request.header("x-request-id"))
            try:
                status, headers, body = await self._answer(request)
            except ConnectionError:
                status, headers, body = HTTP_STATUS["CANCELLED"], {}, b""
            size = claim.size
        if self._access_log.is_on:
            self._access_log.write(
                id=number,
                protocol="REST",
                peer=str((scope.get("client") or ("",))[0]),
                method=request.method,
                path=request.path[:_SHOWN],
                status=status,
                bytes_in=size,
                bytes_out=len(body),
                milliseconds=round(1000 * (time.perf_counter() - started), 3),
            )
        if request.is_gone():
            return
        written = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        if number:
            written.append((b"x-request-id", number.encode()))
        written.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": written})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, request: HttpRequest) -> Response:
        path, query = request.path, request.query
        if self._prometheus_path and path == self._prometheus_path:
            return self._page(request)
        if path in _HEALTH and request.method in {"GET", "HEAD"}:
            return self._health(ready=path == _HEALTH[1])
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
            body, status = json_answers.write_error(error.message) if error.message else b"", error.http_status
            headers = headers | _BY_STATUS.get(status, {})
        except ConnectionError:
            raise
        except Exception as error:
            # whatever a request holds, it must get an answer, and no traceback
            _log.error("%s %s: %s", request.method, path[:_SHOWN], unforeseen(error))
            body, status = json_answers.write_error(f"{type(error).__name__}: {error}"), HTTP_STATUS["INTERNAL"]
        return status, {**headers, **_JSON} if headers else _JSON, body

    def _health(self, *, ready: bool) -> Response:
        """Whether the process lives, or whether some model can answer; needs no token and tells no name."""
        if ready and not self._core.is_ready():
            status, headers, body = _plain(HTTP_STATUS["UNAVAILABLE"], "no model can answer\n")
            return status, {**headers, **_BY_STATUS[status]}, body
        return _plain(200, "ready\n" if ready else "alive\n")

    def _page(self, request: HttpRequest) -> Response:
        """The metrics."""
        if not self._prometheus_is_open:
            try:
                self._core.require_token(request.header("authorization"))
            except ServingError as error:
                status = error.http_status
                _, headers, body = _plain(status, f"{error.message}, or the flag --allow_metrics_without_token")
                return status, {**headers, **_BY_STATUS.get(status, {})}, body
        if request.query:
            words = f"Unexpected path: {request.path}?{request.query}. Should be {self._prometheus_path}"
            return _plain(400, words)
        self._core.gauge()
        metrics = self._core.metrics if self._shared is None else self._shared.together()
        return _plain(200, metrics.text() + "\n".join(process_lines(self._worker)) + "\n")

    async def _dispatch(self, request: HttpRequest, path: str) -> bytes:
        if request.method == "POST":
            found = _POST.fullmatch(path)
            if found is None or found["method"] not in {"predict", "classify", "regress"}:
                await request.body(self._timeout)
                raise _malformed(request.method, path)
            body = await request.body(self._timeout)
            return await self._timed(found["method"], _target(found), body, request)
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

    async def _timed(
        self, method: str, target: tuple[str, int | None, str], body: bytes, request: HttpRequest
    ) -> bytes:
        def answer() -> bytes:
            with self._bodies(request) as bodies:
                if method == "predict":
                    return self._predict(target, bodies.predict(body, is_compressed=request.is_compressed))
                signature, examples = bodies.examples(body, is_compressed=request.is_compressed)
            return self._with_examples(target, method, signature, examples)

        return await self._core.measured(
            target[0],
            method,
            "REST",
            lambda: self._core.in_thread(answer, self._timeout, size=len(body), is_gone=request.is_gone),
        )

    def _bodies(self, request: HttpRequest) -> AbstractContextManager[Bodies | Reader]:
        """What reads a body: what is not quick, another process."""
        if is_in_slow_lane():
            return self._core.readers.taken()
        return nullcontext(Bodies(self._largest_body, request.grow))

    def _predict(self, target: tuple[str, int | None, str], read: PredictBody | FarBody) -> bytes:
        name, version, label = target
        with self._core.manager.servable(name, version, label) as servable:
            wanted = read.signature or inference.DEFAULT_SIGNATURE
            signature = servable.signatures.get(wanted)
            if signature is None:
                raise invalid(f'Serving signature name: "{wanted}" not found in signature def')
            types = servable.input_types[wanted]
            if not types:
                raise invalid(f"Failed to get input map for signature: {wanted}")
            arrays = read.arrays({alias: self._core.type_name(dtype) for alias, dtype in types.items()})
            outputs = self._core.run(servable, signature, arrays, servable.output_names[wanted])
        return json_answers.write_predictions(outputs, row=read.is_row)

    def _with_examples(
        self, target: tuple[str, int | None, str], method: str, signature: str, examples: list[bytes]
    ) -> bytes:
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


def _target(found: re.Match[str]) -> tuple[str, int | None, str]:
    """Model, version and label of a path."""
    model, label, digits = unquote(found["model"] or ""), unquote(found["label"] or ""), found["version"]
    if digits is None:
        return model, None, label
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS or int(digits) >= 2**63:  # Python refuses to read thousands of digits
        raise invalid("")  # TensorFlow Serving answers with an empty body
    return model, int(digits), label


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


def _plain(status: int, text: str) -> Response:
    return status, {"Content-Type": "text/plain"}, text.encode()


def _malformed(method: str, path: str) -> ServingError:
    return invalid(f"Malformed request: {method} {path}")
