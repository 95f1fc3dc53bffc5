"""What the server's flags and the files that they name say, read and checked before TensorFlow is imported."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from serving import metrics
from serving.batching_parameters import BatchingParameters, read_batching_parameters
from serving.model_config import StoreConfig, read_model_config
from serving.protos import message, read_text
from serving.remote_store import RemoteStore
from serving.rotation import Secrets, read_secrets
from serving.store_cache import default_folder
from serving.versions import ModelConfig
from serving.web import bound

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        flags: see `serving.flags`.
        listener: REST's socket, bound already: a port that is taken is an error at once.
        read_models: which models are to be served, and how; None where that is as before.
        models: what `read_models` said first.
        batching: None for requests that run one by one.
        read_secrets: what the files of certificates and tokens say now.
        secrets: what they said first.
        prometheus_path: of the metrics page; "" for none.
        store: folder of the store; None without one.
        remote: what the folder is a copy of, for a store at a URL.
    """

    flags: argparse.Namespace
    listener: socket.socket
    read_models: Callable[[], list[ModelConfig] | None]
    models: list[ModelConfig]
    batching: BatchingParameters | None
    read_secrets: Callable[[], Secrets]
    secrets: Secrets
    prometheus_path: str
    store: Path | None
    remote: RemoteStore | None


def read_settings(flags: argparse.Namespace) -> Settings:
    """Reads the files and takes the ports.

    Raises:
        ValueError: a configuration file, or a store, that cannot be read.
        ServingError: one whose models cannot be served.
        OSError: a port that is taken, or a file that cannot be read.
    """
    store, remote = _store(flags)
    read_models = _reader(flags, store)
    models = read_models() or []
    batching = read_batching_parameters(flags.batching_parameters_file) if flags.enable_batching else None
    read = partial(read_secrets, flags.ssl_config_file, flags.bearer_token_file, flags.reload_token_file)
    secrets = read()
    path = _prometheus_path(flags.monitoring_config_file)
    listener = bound("REST", flags.host, flags.rest_api_port, is_shared=flags.worker is not None)
    if flags.port and flags.worker is None:
        bound("gRPC", flags.host, flags.port).close()
    return Settings(flags, listener, read_models, models, batching, read, secrets, path, store, remote)


def _store(flags: argparse.Namespace) -> tuple[Path | None, RemoteStore | None]:
    """The folder of the store, and what it is a copy of."""
    if not isinstance(flags.store, str):
        return flags.store, None
    remote = RemoteStore(flags.store, flags.store_cache or default_folder(flags.store))
    remote.first_look()
    return remote.folder, remote


def _reader(flags: argparse.Namespace, store: Path | None) -> Callable[[], list[ModelConfig] | None]:
    if store is not None:
        return StoreConfig(store).changed
    if flags.model_config_file:
        return partial(read_model_config, flags.model_config_file)
    return lambda: [ModelConfig(flags.model_name, flags.model_base_path.absolute())]


def _prometheus_path(file: str) -> str:
    if not file:
        return ""
    prometheus = read_text(file, message("MonitoringConfig")).prometheus_config
    return (prometheus.path or metrics.PATH) if prometheus.enable else ""
