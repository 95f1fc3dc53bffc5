"""uvicorn as this server runs it: its settings, TLS, the listening socket, and no signal handlers."""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.tls import Tls


def web_server(front: Any, protocol: Any, tls: Tls | None = None) -> uvicorn.Server:
    """Runs an ASGI application over HTTP, with TLS if there is a certificate; signals are left to the caller."""
    config = uvicorn.Config(
        front,
        http=protocol,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
        ws="none",
    )
    config.load()
    config.ssl = None if tls is None else tls.http_context()
    return _Web(config)


def bound(protocol: str, host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A socket bound to an address, so that a port that is taken is known before models load.

    Args:
        protocol: for messages.
        host: the address.
        port: its port; 0 picks a free one.
        is_shared: whether other sockets that are shared too may be bound to it.

    Raises:
        OSError: it is taken, or not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        taken = "; choose another port with --rest_api_port or --port" if error.errno == errno.EADDRINUSE else ""
        raise OSError(f"{protocol} cannot listen on {host}:{port}: {error.strerror}{taken}") from error
    return listener


class _Web(uvicorn.Server):
    """uvicorn without its signal handlers: both fronts stop together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
