"""Reconstructed features as cells of the columns that rows came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.rows.row_kind import GivesCells

if TYPE_CHECKING:
    from pandas import DataFrame

    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats


def frame_of_cells(name: str, kind: RowKind, features: Floats) -> DataFrame:
    """A frame [n, columns] of features [n, width], with NaN or None for a gap.

    Args:
        name: of the encoder, for messages.
        kind: of the rows.
        features: as an encoder reconstructs them.

    Raises:
        ValueError: the kind cannot tell cells.
    """
    import pandas as pd

    if not isinstance(kind, GivesCells):
        said = f"{name} takes {kind.in_words()}, which have no columns to give back: take reconstruct"
        raise ValueError(said)  # noqa: TRY004  as for every method that an encoder lacks
    cells = {column: each.numpy() for column, each in kind.cells(features).items()}
    texts = {column: [cell.decode() or None for cell in each] for column, each in cells.items() if each.dtype == object}
    return pd.DataFrame(cells | texts)
