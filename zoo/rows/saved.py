"""Kinds of rows beside an exported encoder: its graph knows how to read rows, this says what they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.rows.dense_rows import DenseRows
from zoo.rows.image_rows import ImageRows
from zoo.rows.item_rows import ItemRows
from zoo.rows.mixed_rows import MixedRows
from zoo.rows.record_rows import RecordRows
from zoo.rows.sparse_rows import SparseRows
from zoo.rows.typed_record_rows import TypedRecordRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.rows.row_kind import RowKind

ROWS_FILE = Path("assets.extra") / "rows.json"
_ALL = (DenseRows, ImageRows, ItemRows, MixedRows, RecordRows, SparseRows, TypedRecordRows)
_KINDS: dict[str, Any] = {kind.__name__: kind for kind in _ALL}


def write_kind(directory: Path, kind: RowKind, places: Mapping[str, tuple[int, int]] | None = None) -> None:
    """Writes a kind beside a SavedModel, and which numbers of a code are of which field, where they are kept apart."""
    path = directory / ROWS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"kind": type(kind).__name__, "columns": kind.columns_of_inputs(), "config": kind.get_config()}
    if places:
        told["places"] = {field: list(place) for field, place in places.items()}
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def read_places(directory: Path) -> dict[str, tuple[int, int]]:
    """Field -> (first, last + 1) of its numbers in a code; nothing where fields are not kept apart."""
    path = directory / ROWS_FILE
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {field: (first, last) for field, (first, last) in told.get("places", {}).items()}


def read_kind(directory: Path) -> RowKind | None:
    """The kind beside a SavedModel; None where there is none, or one that this version does not know."""
    path = directory / ROWS_FILE
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    kind = _KINDS.get(told["kind"])
    made: RowKind | None = None if kind is None else kind.from_config(told["config"])
    return made
