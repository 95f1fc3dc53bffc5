"""What the server's flags and the files that they name say, read and checked before TensorFlow is imported."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import metrics
from serving.batching_parameters import BatchingParameters, read_batching_parameters
from serving.model_config import StoreConfig, read_model_config
from serving.protos import message, read_text
from serving.versions import ModelConfig
from serving.web import bound

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Callable


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        flags: see `serving.flags`.
        listener: REST's socket, bound already: a port that is taken is an error at once.
        read_models: which models are to be served, and how; None where that is as before.
        models: what `read_models` said first.
        batching: None for requests that run one by one.
        tls: SSLConfig; None for none.
        prometheus_path: of the metrics page; "" for none.
        token: that requests must carry; "" for none.
        reload_token: that requests to reload must carry; "" for none.
    """

    flags: argparse.Namespace
    listener: socket.socket
    read_models: Callable[[], list[ModelConfig] | None]
    models: list[ModelConfig]
    batching: BatchingParameters | None
    tls: Any
    prometheus_path: str
    token: str
    reload_token: str


def read_settings(flags: argparse.Namespace) -> Settings:
    """Reads the files and takes the ports.

    Raises:
        ValueError: a configuration file that cannot be read.
        ServingError: one whose models cannot be served.
        OSError: a port that is taken, or a file that cannot be read.
    """
    read_models = _reader(flags)
    models = read_models() or []
    batching = read_batching_parameters(flags.batching_parameters_file) if flags.enable_batching else None
    tls = _tls(flags.ssl_config_file) if flags.ssl_config_file else None
    token, reload_token = _token(flags.bearer_token_file), _token(flags.reload_token_file)
    path = _prometheus_path(flags.monitoring_config_file)
    listener = bound("REST", flags.host, flags.rest_api_port)
    if flags.port:
        bound("gRPC", flags.host, flags.port).close()
    return Settings(flags, listener, read_models, models, batching, tls, path, token, reload_token)


def _reader(flags: argparse.Namespace) -> Callable[[], list[ModelConfig] | None]:
    if flags.store is not None:
        return StoreConfig(flags.store).changed
    if flags.model_config_file:
        return partial(read_model_config, flags.model_config_file)
    return lambda: [ModelConfig(flags.model_name, flags.model_base_path.absolute())]


def _token(file: str) -> str:
    token = Path(file).read_text(encoding="utf-8").strip() if file else ""
    if file and not token:
        raise ValueError(f"{file}: there is no token in it")
    return token


def _prometheus_path(file: str) -> str:
    if not file:
        return ""
    prometheus = read_text(file, message("MonitoringConfig")).prometheus_config
    return (prometheus.path or metrics.PATH) if prometheus.enable else ""


def _tls(file: str) -> Any:
    tls = read_text(file, message("SSLConfig"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key", Path(folder) / "certificate"
        key.write_text(tls.server_key, encoding="utf-8")
        certificate.write_text(tls.server_cert, encoding="utf-8")
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            words = "server_key and server_cert must be the PEM texts of a key and its certificate"
            raise ValueError(f"{file}: {words} ({error.reason or error})") from None
    return tls
