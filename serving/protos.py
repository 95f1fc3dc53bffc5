"""Messages of TensorFlow Serving's configuration files that tensorflow-serving-api does not come with.

Fields and numbers as in its config/*.proto and session_bundle_config.proto at 9d981c5; what this server does not read
is left out, and a file that sets it is an error rather than a setting ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

_PACKAGE = "zoo.serving"
_TYPES = {"bool": 8, "string": 9, "int64": 3, "message": 11}
# message -> field -> (number, type, message type, repeated)
_MESSAGES: dict[str, dict[str, tuple[int, str, str, bool]]] = {
    "PrometheusConfig": {"enable": (1, "bool", "", False), "path": (2, "string", "", False)},
    "MonitoringConfig": {"prometheus_config": (1, "message", "PrometheusConfig", False)},
    "SSLConfig": {
        "server_key": (1, "string", "", False),
        "server_cert": (2, "string", "", False),
        "custom_ca": (3, "string", "", False),
        "client_verify": (4, "bool", "", False),
    },
    "Int64Value": {"value": (1, "int64", "", False)},
    "StringValue": {"value": (1, "string", "", False)},
    "BatchingParameters": {
        "max_batch_size": (1, "message", "Int64Value", False),
        "batch_timeout_micros": (2, "message", "Int64Value", False),
        "max_enqueued_batches": (3, "message", "Int64Value", False),
        "num_batch_threads": (4, "message", "Int64Value", False),
        "thread_pool_name": (5, "message", "StringValue", False),
        "allowed_batch_sizes": (6, "int64", "", True),
    },
}


def _file() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="zoo/serving/config.proto", package=_PACKAGE, syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, (number, kind, type_name, repeated) in fields.items():
            added = described.field.add(name=field, number=number, type=_TYPES[kind], label=3 if repeated else 1)
            if type_name:
                added.type_name = f".{_PACKAGE}.{type_name}"
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())


def message(name: str) -> Any:
    """An empty message, such as `MonitoringConfig`."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))()


def read_text(path: str, empty: Any) -> Any:
    """Reads a text proto into a message.

    Raises:
        ValueError: the file cannot be read; the message says where.
    """
    try:
        return text_format.Parse(Path(path).read_text(encoding="utf-8"), empty)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise ValueError(f"{path}: {error}") from None
