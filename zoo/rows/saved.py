"""Kinds of rows beside an exported encoder: its graph knows how to read rows, this says what they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.rows.dense_rows import DenseRows
from zoo.rows.image_rows import ImageRows
from zoo.rows.item_rows import ItemRows
from zoo.rows.record_rows import RecordRows
from zoo.rows.sparse_rows import SparseRows

if TYPE_CHECKING:
    from zoo.rows.row_kind import RowKind

ROWS_FILE = Path("assets.extra") / "rows.json"
_KINDS: dict[str, Any] = {kind.__name__: kind for kind in (DenseRows, ImageRows, ItemRows, RecordRows, SparseRows)}


def write_kind(directory: Path, kind: RowKind) -> None:
    """Writes a kind beside a SavedModel."""
    path = directory / ROWS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"kind": type(kind).__name__, "columns": kind.columns_of_inputs(), "config": kind.get_config()}
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def read_kind(directory: Path) -> RowKind | None:
    """The kind beside a SavedModel; None where there is none, or one that this version does not know."""
    path = directory / ROWS_FILE
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    kind = _KINDS.get(told["kind"])
    made: RowKind | None = None if kind is None else kind.from_config(told["config"])
    return made
