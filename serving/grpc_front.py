"""The gRPC front: PredictionService and ModelService."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2,
    prediction_service_pb2,
)

from serving import inference
from serving.access_log import AccessLog
from serving.budget import LARGE, Claim, require_slow_lane
from serving.errors import ServingError, invalid
from serving.model_config import configs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from serving.core import Core

_LONGEST_MESSAGE = 1024
_RELOADS = "HandleReloadConfigRequest"
_READ_AT_ONCE = 2**16  # bytes of a message that are read without a thread
_SERVICES = {
    **prediction_service_pb2.DESCRIPTOR.services_by_name,
    **model_service_pb2.DESCRIPTOR.services_by_name,
}


def add_to_server(
    server: Any, core: Core, service: PredictionService | ModelService, access_log: AccessLog | None = None
) -> None:
    """Lets a gRPC server answer with a service.

    The stubs' own way would log a traceback for each request that is no message, and call the error UNKNOWN.
    """
    described, access_log = _SERVICES[type(service).__name__], access_log or AccessLog()
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            _handler(core, GetMessageClass(method.input_type), getattr(service, method.name), access_log),
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in described.methods
        if hasattr(service, method.name)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(described.full_name, handlers),))


class PredictionService:
    """Answers Predict, Classify, Regress and GetModelMetadata.

    Args:
        core: runs requests.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    async def Predict(self, request: Any, call: Call) -> Any:  # noqa: N802, D102  the service's names
        return await self._on_servable(request, call, "Predict", inference.predict)

    async def Classify(self, request: Any, call: Call) -> Any:  # noqa: N802, D102
        return await self._on_servable(request, call, "Classify", inference.classify)

    async def Regress(self, request: Any, call: Call) -> Any:  # noqa: N802, D102
        return await self._on_servable(request, call, "Regress", inference.regress)

    async def GetModelMetadata(self, request: Any, call: Call) -> Any:  # noqa: N802, D102
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        return await call.in_thread(lambda: self._metadata(request))

    async def _on_servable(self, request: Any, call: Call, method: str, what: Callable[[Any, Any, Any], Any]) -> Any:
        def work() -> Any:
            with self._core.manager.servable(*_named(request.model_spec)) as servable:
                return what(servable, request, self._core.run)

        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        name = request.model_spec.name
        return await self._core.measured(name, method, "GRPC", lambda: call.in_thread(work))

    def _metadata(self, request: Any) -> Any:
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._core.manager.servable(*_named(request.model_spec)) as servable:
            response.model_spec.name = servable.name
            response.model_spec.version.value = servable.version
            response.metadata["signature_def"].Pack(inference.metadata(servable))
        return response


class ModelService:
    """Answers GetModelStatus and HandleReloadConfigRequest.

    Args:
        core: knows the models.
        unavailable_labels: whether a reload may give labels to versions that are not loaded.
        follows: what says which models are served, where a reload may not; "" where it may.
    """

    def __init__(self, core: Core, *, unavailable_labels: bool = False, follows: str = "") -> None:
        self._core, self._unavailable_labels, self._follows = core, unavailable_labels, follows

    async def GetModelStatus(self, request: Any, _: Call) -> Any:  # noqa: N802, D102
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        name, version, _label = _target(request.model_spec)
        response = get_model_status_pb2.GetModelStatusResponse()
        for each in self._core.manager.statuses(name, version):
            entry = response.model_version_status.add(version=each.version)
            entry.state = get_model_status_pb2.ModelVersionStatus.State.Value(each.state)
            entry.status.error_code = grpc.StatusCode[each.code].value[0]
            entry.status.error_message = each.message
        return response

    async def HandleReloadConfigRequest(self, request: Any, call: Call) -> Any:  # noqa: N802, D102
        if self._follows:
            words = f"This server follows {self._follows}; change what that says instead"
            raise ServingError("FAILED_PRECONDITION", words)

        def work() -> Any:
            if request.config.WhichOneof("config") != "model_config_list":
                raise invalid(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                    "Only ModelConfigList is currently supported"
                )
            configs = configs_of(request.config, needs_platform=True)
            for config in configs:
                if not _is_folder(config.base_path):
                    raise invalid(f"{config.base_path}, the base path of model {config.name}, is not a folder")
            self._core.manager.configure(configs, labels_ahead=self._unavailable_labels)
            self._core.manager.scan()
            return model_management_pb2.ReloadConfigResponse()

        return await call.in_thread(work)  # loading takes as long as it takes


class Call:
    """One call of a method.

    Args:
        core: runs it.
        context: see gRPC.
        size: bytes of the message.
    """

    def __init__(self, core: Core, context: Any, size: int) -> None:
        self._core, self._context, self._size = core, context, size

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        """See `Core.in_thread`; for as long as the caller waits."""
        return await self._core.in_thread(
            work, self._context.time_remaining(), size=self._size, is_gone=self._context.cancelled
        )


def _handler(
    core: Core, kind: Any, method: Callable[[Any, Call], Any], access_log: AccessLog
) -> Callable[[bytes, Any], Any]:
    """What gRPC calls with a message's bytes; an error becomes the call's status."""

    def read(data: bytes) -> Any:
        require_slow_lane(len(data), LARGE)
        try:
            return kind.FromString(data)
        except DecodeError:
            raise invalid("The request is not a message of the type that its method takes") from None

    async def answered(data: bytes, given: Mapping[str, Any], context: Any) -> tuple[str, str, Any]:
        """Code, words and answer; raises nothing, since gRPC would keep what was raised, and with it the request."""
        try:
            authorization = given.get("authorization")
            if method.__name__ == _RELOADS:
                core.require_right_to_reload(authorization)
            else:
                core.require_token(authorization)
            with Claim(core.memory) as claim:
                claim.grow(len(data))
                call = Call(core, context, len(data))
                quick = len(data) <= _READ_AT_ONCE
                async with core.turn_of(len(data)):
                    request = read(data) if quick else await call.in_thread(lambda: read(data))
                    return "OK", "", await method(request, call)
        except ServingError as error:
            return error.code, error.message, None

    async def handle(data: bytes, context: Any) -> Any:
        started, code, size = time.perf_counter(), "CANCELLED", len(data)
        given = dict(context.invocation_metadata() or ())
        number = access_log.id_of(str(given.get("x-request-id", "")))
        if number:
            context.set_trailing_metadata((("x-request-id", number),))
        try:
            code, message, answer = await answered(data, given, context)
            if code == "OK":
                return answer
            del data
            if len(message.encode()) > _LONGEST_MESSAGE:
                message = message.encode()[:_LONGEST_MESSAGE].decode("utf-8", "ignore") + "...TRUNCATED"
            await context.abort(grpc.StatusCode[code], message)
        finally:
            access_log.write(
                id=number,
                protocol="gRPC",
                peer=context.peer(),
                method=method.__name__,
                path=kind.DESCRIPTOR.full_name,
                status=code,
                bytes_in=size,
                milliseconds=round(1000 * (time.perf_counter() - started), 3),
            )

    return handle


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _target(spec: Any) -> tuple[str, int | None, str]:
    """Model, version and label of a ModelSpec."""
    choice = spec.WhichOneof("version_choice")
    return spec.name, spec.version.value if choice == "version" else None, spec.version_label


def _named(spec: Any) -> tuple[str, int | None, str]:
    """The same, of a ModelSpec that must name a model."""
    if not spec.name:
        raise invalid("ModelSpec has no name specified.")
    return _target(spec)
