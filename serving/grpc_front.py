"""The gRPC front: PredictionService and ModelService."""

from __future__ import annotations

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
from serving.errors import ServingError, invalid
from serving.model_config import configs_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serving.core import Core

_LONGEST_MESSAGE = 1024
_SERVICES = {
    **prediction_service_pb2.DESCRIPTOR.services_by_name,
    **model_service_pb2.DESCRIPTOR.services_by_name,
}


def add_to_server(server: Any, service: PredictionService | ModelService) -> None:
    """Lets a gRPC server answer with a service.

    The stubs' own way would log a traceback for each request that is no message, and call the error UNKNOWN.
    """
    described = _SERVICES[type(service).__name__]
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            getattr(service, method.name),
            request_deserializer=_reader(GetMessageClass(method.input_type)),
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in described.methods
        if hasattr(service, method.name)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(described.full_name, handlers),))


class PredictionService:
    """Answers Predict, Classify, Regress and GetModelMetadata; requests are None where they could not be read.

    Args:
        core: runs requests.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    async def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802, D102  the service's names
        return await self._on_servable(request, context, "Predict", inference.predict)

    async def Classify(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        return await self._on_servable(request, context, "Classify", inference.classify)

    async def Regress(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        return await self._on_servable(request, context, "Regress", inference.regress)

    async def GetModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        async def answer() -> Any:
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            if not request.metadata_field:
                raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
            for field in request.metadata_field:
                if field != "signature_def":
                    raise invalid(f"Metadata field {field} is not supported")
            return await self._core.in_thread(lambda: self._metadata(request), context.time_remaining())

        return await _answered(self._core, request, context, answer)

    async def _on_servable(self, request: Any, context: Any, method: str, what: Callable[[Any, Any, Any], Any]) -> Any:
        def work() -> Any:
            with self._core.manager.servable(*_target(request.model_spec)) as servable:
                return what(servable, request, self._core.run)

        async def answer() -> Any:
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            return await self._core.measured(
                request.model_spec.name, method, "GRPC", lambda: self._core.in_thread(work, context.time_remaining())
            )

        return await _answered(self._core, request, context, answer)

    def _metadata(self, request: Any) -> Any:
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._core.manager.servable(*_target(request.model_spec)) as servable:
            response.model_spec.name = servable.name
            response.model_spec.version.value = servable.version
            response.metadata["signature_def"].Pack(inference.metadata(servable))
        return response


class ModelService:
    """Answers GetModelStatus and HandleReloadConfigRequest.

    Args:
        core: knows the models.
        unavailable_labels: whether a reload may give labels to versions that are not loaded.
    """

    def __init__(self, core: Core, *, unavailable_labels: bool = False) -> None:
        self._core, self._unavailable_labels = core, unavailable_labels

    async def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        async def answer() -> Any:
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            name, version, _ = _target(request.model_spec)
            response = get_model_status_pb2.GetModelStatusResponse()
            for each in self._core.manager.statuses(name, version):
                entry = response.model_version_status.add(version=each.version)
                entry.state = get_model_status_pb2.ModelVersionStatus.State.Value(each.state)
                entry.status.error_code = grpc.StatusCode[each.code].value[0]
                entry.status.error_message = each.message
            return response

        return await _answered(self._core, request, context, answer)

    async def HandleReloadConfigRequest(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        def work() -> Any:
            if request.config.WhichOneof("config") != "model_config_list":
                raise invalid(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                    "Only ModelConfigList is currently supported"
                )
            configs = configs_of(request.config)
            for config in configs:
                if not _is_folder(config.base_path):
                    raise invalid(f"{config.base_path}, the base path of model {config.name}, is not a folder")
            self._core.manager.configure(configs, labels_ahead=self._unavailable_labels)
            self._core.manager.scan()
            return model_management_pb2.ReloadConfigResponse()

        # loading takes as long as it takes
        return await _answered(
            self._core, request, context, lambda: self._core.in_thread(work, context.time_remaining())
        )


async def _answered(core: Core, request: Any, context: Any, answer: Callable[[], Any]) -> Any:
    """Waits for an answer; an error becomes the call's status."""
    try:
        metadata = dict(context.invocation_metadata() or ())
        core.require_token(metadata.get("authorization"))
        if request is None:
            raise invalid("The request is not a message of the type that its method takes")
        return await answer()
    except ServingError as error:
        message = error.message
        if len(message.encode()) > _LONGEST_MESSAGE:
            message = message.encode()[:_LONGEST_MESSAGE].decode("utf-8", "ignore") + "...TRUNCATED"
        await context.abort(grpc.StatusCode[error.code], message)


def _reader(kind: Any) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        try:
            return kind.FromString(data)
        except DecodeError:
            return None

    return read


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _target(spec: Any) -> tuple[str, int | None, str]:
    """Model, version and label of a ModelSpec."""
    choice = spec.WhichOneof("version_choice")
    return spec.name, spec.version.value if choice == "version" else None, spec.version_label
