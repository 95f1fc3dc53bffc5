"""What the clients of both kinds share: where the model is, and how its requests and answers look."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_serving.apis import get_model_metadata_pb2

from serving.client_signature import read_metadata
from serving.errors import ServingError

if TYPE_CHECKING:
    from serving.client_signature import Described

CHANNEL = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_reconnect_backoff_ms", 2000),  # left alone, gRPC may wait minutes for a server that is back
]
HEADERS = {"content-type": "application/json"}
_MOST_CHANGES = 5  # of the served version while one call runs
_STALE = {"NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"}  # what a newer version's server may say


class Target:
    """Where a model is, how requests to it and answers from it look, and when to ask again.

    Args:
        address: `host:port` for gRPC, a URL for REST.
        model: the model's name.
        version: of the model; None for the newest.
        label: of a version, instead of its number.
        signature: which of the model's signatures.
        output: which of its outputs, as the server sends it; None for `embedding`, integers times their `scale`, or the
            only one.
        timeout: seconds that one request (of a chunk of rows) may take, its tries included.
        deadline: seconds that one call may take, however many requests it needs; None for no limit but theirs.
        chunk: rows in a request at most; fewer where they are large.
        concurrency: requests of one call that are under way at once, at most.
        token: bearer token, if the server wants one.
        certificate: the server's certificate, or its authority's: a PEM file, or what is in it as bytes. None trusts
            whom this machine trusts over REST, and speaks without TLS over gRPC.
        verify: over REST, instead of a certificate, what httpx takes as `verify`.
    """

    def __init__(
        self,
        address: str,
        model: str,
        *,
        version: int | None = None,
        label: str | None = None,
        signature: str = "serving_default",
        output: str | None = None,
        timeout: float = 60.0,
        deadline: float | None = None,
        chunk: int = 1024,
        concurrency: int = 4,
        token: str | None = None,
        certificate: bytes | str | Path | None = None,
        verify: Any = True,
    ) -> None:
        if version is not None and label is not None:
            raise ValueError("a request names a version or a label, not both")
        for name, number in {"chunk": chunk, "concurrency": concurrency}.items():
            if number < 1:
                raise ValueError(f"{name} must be at least 1, not {number}")
        for name, seconds in {"timeout": timeout, "deadline": deadline}.items():
            if seconds is not None and not seconds > 0:
                raise ValueError(f"{name} must be above 0 seconds, not {seconds}")
        self.address, self.model, self.timeout, self.deadline = address, model, timeout, deadline
        self.chunk, self.concurrency = chunk, concurrency
        self.is_rest = address.startswith(("http://", "https://"))
        if "://" in address and not self.is_rest:
            raise ValueError(f"address must be HOST:PORT for gRPC or http(s)://HOST:PORT for REST, not {address!r}")
        self.version, self.label, self.signature, self.output = version, label, signature, output
        self.headers = {"authorization": f"Bearer {token}"} if token else {}
        self._certificate = Path(certificate).read_bytes() if isinstance(certificate, str | Path) else certificate
        self._verify = verify
        if self.is_rest and self._certificate is not None:
            self._verify = ssl.create_default_context(cadata=self._certificate.decode())
        self._known: Described | None = None
        self.fitting = chunk  # rows in a request that the server has not found too many
        self.quiet_until = 0.0  # when the caller may be told again that the server is away

    def until(self) -> float | None:
        """When a call that begins now must have ended, on the monotonic clock."""
        return None if self.deadline is None else time.monotonic() + self.deadline

    def url(self, version: int | None = None) -> str:
        """Of the model over REST, or of one of its versions."""
        number = self.version if version is None else version
        which = f"/versions/{number}" if number is not None else f"/labels/{self.label}" if self.label else ""
        return f"{self.address.rstrip('/')}/v1/models/{self.model}{which}"

    def metadata_request(self) -> Any:
        """The message that asks for the model's signatures."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self.fill(request.model_spec)
        return request

    def fill(self, spec: Any, version: int | None = None) -> None:
        """Writes the model, and which version, into a ModelSpec."""
        spec.name = self.model
        number = self.version if version is None else version
        if number is not None:
            spec.version.value = number
        elif self.label is not None:
            spec.version_label = self.label

    def read(self, metadata: Any) -> Described:
        """The version that an answer to a request for metadata describes; raises for a signature that it lacks."""
        described = read_metadata(metadata, self.model)
        described.signature(self.signature).output(self.output)
        return described

    def may_be_stale(self, error: Exception, changes: int) -> bool:
        """Whether an error may be that of a signature, or version, that is not served any more."""
        if isinstance(error, ServingError) and error.code not in _STALE:
            return False
        if changes >= _MOST_CHANGES:
            words = f"the served version of {self.model} changed {changes} times while rows were encoded"
            raise ServingError("ABORTED", words) from error
        return True
