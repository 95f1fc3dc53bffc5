"""The server's certificate: read from a file, used by both fronts, and changed while they serve."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import Any

from serving.protos import message, read_text

_PAIR = "server_key and server_cert must be the PEM texts of a key and its certificate"


def read_tls(file: str) -> Any:
    """The SSLConfig in a file.

    Raises:
        ValueError: it is none, or its key and certificate do not belong together.
        OSError: the file cannot be read.
    """
    config = read_text(file, message("SSLConfig"))
    try:
        _context(config)
    except ssl.SSLError as error:
        raise ValueError(f"{file}: {_PAIR}, and custom_ca those of authorities ({error.reason or error})") from None
    return config


class Tls:
    """A certificate that may change; connections that are open keep theirs.

    Args:
        config: SSLConfig.
    """

    def __init__(self, config: Any) -> None:
        self._config, self._context = config, _context(config)

    def change(self, config: Any) -> None:
        """Gives connections from now on another certificate, key and authority. Safe to call from any thread."""
        self._config, self._context = config, _context(config)

    def http_context(self) -> ssl.SSLContext:
        """For HTTP: hands each connection on to what is in force when it begins."""
        first = _context(self._config)

        def hand_on(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, known: ssl.SSLContext) -> None:
            del name, known  # OpenSSL calls this for callers that name no host too
            connection.context = self._context

        first.sni_callback = hand_on
        return first

    def grpc_credentials(self) -> Any:
        """For gRPC: asks before each handshake what is in force."""
        import grpc

        given = self._config

        def certificates(config: Any) -> Any:
            pair = (config.server_key.encode(), config.server_cert.encode())
            return grpc.ssl_server_certificate_configuration([pair], config.custom_ca.encode() or None)

        def changed() -> Any:
            nonlocal given
            if self._config is given:
                return None
            given = self._config
            return certificates(given)

        return grpc.dynamic_ssl_server_credentials(certificates(given), changed, given.client_verify)


def _context(config: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    if config.client_verify:
        context.verify_mode = ssl.CERT_REQUIRED
    if config.custom_ca:
        context.load_verify_locations(cadata=config.custom_ca)
    with tempfile.TemporaryDirectory() as folder:  # OpenSSL's wrapper reads files only
        key, certificate = Path(folder) / "key", Path(folder) / "certificate"
        key.touch(mode=0o600)
        key.write_text(config.server_key, encoding="utf-8")
        certificate.write_text(config.server_cert, encoding="utf-8")
        context.load_cert_chain(certificate, key)
    return context
