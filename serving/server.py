"""Puts the server together: models, both fronts, signals."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving import inference
from serving.access_log import AccessLog
from serving.batching import Batcher
from serving.core import Core
from serving.end import End
from serving.errors import ServingError
from serving.grpc_front import ModelService, PredictionService, add_to_server
from serving.http_protocol import HttpProtocol
from serving.loading import Loader
from serving.manager import Manager
from serving.metrics import Metrics
from serving.rest import RestFront
from serving.rotation import Secrets, follow
from serving.servable import Servable
from serving.shared_metrics import SharedMetrics
from serving.tls import Tls
from serving.web import web_server
from serving.workers import end_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from serving.settings import Settings

_log = logging.getLogger("serving")
_GRACE = 1.5  # seconds after draining in which connections are closed and versions freed
_HEALTH_NAMES = (
    "",
    "PredictionService",
    "ModelService",
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
)

_DESCRIBED = (*_HEALTH_NAMES[3:], health.SERVICE_NAME)


class Server:
    """The whole server.

    Args:
        settings: see there.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._flags, flags = settings, settings.flags, settings.flags
        self._metrics = Metrics()
        run: Any = _run if settings.batching is None else Batcher(_run, settings.batching).run
        warm_up = partial(_warm_up, self._metrics) if flags.enable_model_warmup else _cold
        options = {
            "intra_op_parallelism_threads": flags.tensorflow_intra_op_parallelism,
            "inter_op_parallelism_threads": flags.tensorflow_inter_op_parallelism,
        }
        load = partial(
            Servable,
            tags=flags.saved_model_tags.split(","),
            options=options,
            declared_shapes_only=flags.require_declared_shapes,
        )
        retry_interval = flags.load_retry_interval_micros / 1e6
        loader = Loader(load, warm_up, self._metrics, flags.max_num_load_retries, retry_interval)
        self._manager = Manager(loader, settings.store, settings.remote)
        self._manager.configure(settings.models)
        self._core = Core(
            self._manager,
            self._metrics,
            run,
            threads=flags.rest_api_num_threads,
            queue=flags.max_queued_requests,
            tokens=settings.secrets.tokens,
            reload_tokens=settings.secrets.reload_tokens,
            memory=flags.max_bytes_in_flight,
            largest=flags.rest_api_max_body_bytes,
        )
        self._tls = None if settings.secrets.tls is None else Tls(settings.secrets.tls)
        self._access_log = AccessLog("" if flags.access_log == "none" else flags.access_log)
        shared, number = self._among_workers()
        self._front = RestFront(
            self._core,
            cors=flags.rest_api_enable_cors_support,
            prometheus_path=settings.prometheus_path,
            prometheus_is_open=flags.allow_metrics_without_token,
            largest_body=flags.rest_api_max_body_bytes,
            timeout=flags.rest_api_timeout_in_ms / 1000,
            access_log=self._access_log,
            shared=shared,
            worker=number,
        )
        self._protocol: Any = partial(HttpProtocol, patience=flags.rest_api_timeout_in_ms / 1000)

    def _among_workers(self) -> tuple[SharedMetrics | None, str]:
        """The metrics of the workers, of which this is one, and its number; None and "" where it is alone."""
        if self._flags.worker is None:
            return None, ""
        parent, _, place = self._flags.worker.partition(":")
        folder, _, number = place.rpartition(":")  # a folder's name may have colons of its own
        end_with(int(parent))
        return SharedMetrics(self._metrics, Path(folder), number, self._core.gauge), number

    async def run(self, ready: Callable[[int, int], None] | None = None) -> None:
        """Loads the models, opens both ports, and serves until SIGTERM or SIGINT; then drains.

        Args:
            ready: called with REST's and gRPC's port once both are open; None prints them.
        """
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        end = End(self._flags.drain_seconds + _GRACE)

        def stop() -> None:
            end.begin()
            stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        await loop.run_in_executor(None, self._manager.scan)
        self._manager.start(self._flags.file_system_poll_wait_seconds)
        self._reread_model_config()
        self._reread_secrets()
        grpc_server, health_service, port = await self._start_grpc()
        web = web_server(self._front, self._protocol, self._tls)
        serving = asyncio.create_task(web.serve(sockets=[self._settings.listener]))
        while not web.started and not serving.done():
            await asyncio.sleep(0.01)
        if self._flags.store is not None and not self._manager.names():
            _log.warning("there is no NAME/VERSION/saved_model.pb in %s yet", self._flags.store)
        (ready or self._announce)(self._settings.listener.getsockname()[1], port)
        waits = asyncio.create_task(stopping.wait())
        await asyncio.wait([serving, waits], return_when=asyncio.FIRST_COMPLETED)
        _log.info("draining")
        if health_service is not None:
            await health_service.enter_graceful_shutdown()
        await self._core.drain(self._flags.drain_seconds)
        web.should_exit = True
        await grpc_server.stop(1)
        await serving
        self._manager.stop()

    async def _start_grpc(self) -> tuple[Any, Any, int]:
        largest = self._flags.rest_api_max_body_bytes
        options = [
            ("grpc.max_receive_message_length", largest),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", int(self._flags.worker is not None)),
        ]
        server = grpc.aio.server(options=options)
        add_to_server(server, self._core, PredictionService(self._core), self._access_log)
        unavailable = self._flags.allow_version_labels_for_unavailable_models
        add_to_server(
            server, self._core, ModelService(self._core, unavailable_labels=unavailable, follows=self._follows())
        )
        service = None
        if self._flags.enable_grpc_healthcheck_service:
            service = health.aio.HealthServicer()
            for name in _HEALTH_NAMES:
                await service.set(name, health_pb2.HealthCheckResponse.SERVING)
            health_pb2_grpc.add_HealthServicer_to_server(service, server)
        if self._flags.enable_grpc_reflection:
            from grpc_reflection.v1alpha import reflection

            reflection.enable_server_reflection([*_DESCRIBED, reflection.SERVICE_NAME], server)
        address = f"{self._flags.host}:{self._flags.port}"
        try:
            if self._tls is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, self._tls.grpc_credentials())
        except RuntimeError as error:
            raise OSError(f"gRPC cannot listen on {address}: is the port taken? --port chooses another") from error
        await server.start()
        return server, service, port

    def _reread_secrets(self) -> None:
        flags, first = self._flags, self._settings.secrets
        seconds = flags.secrets_poll_wait_seconds
        if seconds > 0 and (flags.ssl_config_file or flags.bearer_token_file or flags.reload_token_file):
            follow(first, self._settings.read_secrets, seconds, self._change_secrets)

    def _change_secrets(self, secrets: Secrets) -> None:
        self._core.tokens, self._core.reload_tokens = secrets.tokens, secrets.reload_tokens
        if self._tls is not None:
            self._tls.change(secrets.tls)

    def _follows(self) -> str:
        """What says which models are served, where no request may."""
        if self._flags.store is not None:
            return f"--store {self._flags.store}"
        return "its command line (--workers: a request would reach one of them)" if self._flags.worker else ""

    def _announce(self, rest_port: int, grpc_port: int) -> None:
        scheme, host = "https" if self._tls is not None else "http", self._flags.host
        _warn_of_strangers(host, self._settings)
        print(f"REST on {scheme}://{host}:{rest_port}, gRPC on {host}:{grpc_port}", flush=True)  # noqa: T201

    def _reread_model_config(self) -> None:
        seconds = 0.0
        if self._flags.store is not None:
            # of a store at a URL this is the copy: reading it costs nothing
            seconds = min(1.0, self._flags.file_system_poll_wait_seconds)
        elif self._flags.model_config_file:
            seconds = self._flags.model_config_file_poll_wait_seconds
        if seconds <= 0:
            return

        def poll() -> None:
            while True:
                threading.Event().wait(seconds)
                try:
                    models = self._settings.read_models()
                    if models is not None:
                        self._manager.configure(models)
                except (ValueError, OSError, ServingError) as error:
                    _log.error("the models stay as they are: %s", error)

        threading.Thread(target=poll, name="model config", daemon=True).start()


def _warn_of_strangers(host: str, settings: Settings) -> None:
    """Says what whoever reaches the address can do."""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return
    if not settings.secrets.tokens:
        words = "whoever reaches %s may ask for every model, and read the metrics; --bearer_token_file sets a token"
        _log.warning(words, host)
    if settings.secrets.tls is None:
        _log.warning("what goes to and from %s can be read on its way, a token too; --ssl_config_file sets TLS", host)


def _run(servable: Servable, signature: Any, arrays: Any, outputs: Any) -> dict[str, Any]:
    return servable.run(signature, arrays, outputs)


def _warm_up(told: Metrics, servable: Servable) -> None:
    for log in servable.warmup_records():
        inference.play(servable, log, _run)
        told.count("model_warmup_records_read", model_name=servable.name)


def _cold(servable: Servable) -> None:
    del servable


def serve(settings: Settings) -> int:
    """Serves until it is told to stop.

    Returns:
        The exit status.
    """
    import uvloop

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        server = Server(settings)
        # what has been imported stays; looking through it again and again for garbage would hold requests up
        gc.collect()
        gc.freeze()
        uvloop.run(server.run())
    except (ValueError, ServingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0
