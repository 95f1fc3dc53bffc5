"""What every reader returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


@dataclass(frozen=True)
class Table:
    """Rows as a file holds them, not yet cleaned.

    Attributes:
        keys: [rows] one for each row; the same key may occur again.
        vectors: [rows, width] numbers; float32 wherever the reader can choose.
        available: rows in the file, of which `keys` may be the first few; None where only a full read would tell.
        notes: what the reader decided that the file's owner would want to know.
    """

    keys: Sequence[str]
    vectors: npt.NDArray[Any]
    available: int | None
    notes: tuple[str, ...] = ()
