"""Serves exported encoders with TensorFlow Serving's protocol, and calls such servers; never imports the zoo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serving.async_client import AsyncEmbeddingClient
    from serving.client import EmbeddingClient

__all__ = ["AsyncEmbeddingClient", "EmbeddingClient"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"serving has no {name!r}; it has {', '.join(__all__)}")
    from serving.quiet import importing_quietly

    with importing_quietly():  # gRPC's messages, and with them TensorFlow
        from serving import async_client, client

    return getattr(client if name == "EmbeddingClient" else async_client, name)
