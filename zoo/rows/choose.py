"""Which kind of row fits, where nobody has said it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.rows.dense_rows import DenseRows
from zoo.rows.image_rows import ImageRows
from zoo.rows.item_rows import ItemRows
from zoo.rows.record_rows import RecordRows
from zoo.rows.sparse_rows import SparseRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.rows.row_kind import RowKind

_IMAGE = 3  # height, width, channels


def plain_kind(shape: Sequence[int], *, sparse: bool = False) -> RowKind:
    """The kind of rows of which nothing is known but the shape [width] or [height, width, channels]."""
    if sparse:
        return SparseRows(*shape)
    return ImageRows(tuple(shape)) if len(shape) == _IMAGE else DenseRows("vector", tuple(shape))


def kind_of_signature(specs: Mapping[str, Any], columns: int) -> RowKind:
    """The kind that an exported encoder takes, from the inputs of its signature and the columns of its rows.

    Its look-ups stay in the graph.
    """
    if set(specs) == {"indices", "values"}:
        return SparseRows(columns)
    if set(specs) == {"items", "values"}:
        return ItemRows((), weighted=True)
    if all(spec.dtype.name == "string" for spec in specs.values()):
        ranks = {len(spec.shape) for spec in specs.values()}
        return ItemRows(()) if ranks == {2} else RecordRows(dict.fromkeys(specs, ()))
    ((name, spec),) = specs.items()
    shape = tuple(spec.shape[1:])
    return ImageRows(shape, name) if len(shape) == _IMAGE else DenseRows(name, shape)
