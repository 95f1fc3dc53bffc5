"""What exporting hands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Exported:
    """A SavedModel on disk that a server without the zoo was seen to serve with equal values.

    Attributes:
        directory: where it is.
        signatures: names of its signatures.
        largest_difference: largest difference to the in-memory encoder's values over the probe rows.
    """

    directory: Path
    signatures: tuple[str, ...]
    largest_difference: float
