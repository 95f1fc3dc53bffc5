"""Bodies of requests, read in the thread that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.inflating import inflated
from serving.json_codec import PredictBody, read_predict
from serving.json_examples import read_examples

if TYPE_CHECKING:
    from collections.abc import Callable


class Bodies:
    """Reads bodies.

    Args:
        largest: bytes that one may have, inflated.
        grow: see `serving.inflating.inflated`.
    """

    def __init__(self, largest: int, grow: Callable[[int], None] | None = None) -> None:
        self._largest, self._grow = largest, grow

    def predict(self, body: bytes, *, is_compressed: bool) -> PredictBody:
        """See `read_predict`."""
        return read_predict(self._whole(body, is_compressed))

    def examples(self, body: bytes, *, is_compressed: bool) -> tuple[str, list[bytes]]:
        """See `read_examples`."""
        return read_examples(self._whole(body, is_compressed))

    def _whole(self, body: bytes, is_compressed: bool) -> bytes:
        return inflated(body, self._largest, self._grow) if is_compressed else body
