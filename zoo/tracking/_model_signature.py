"""How MLflow describes what a registered encoder takes and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.rows.choose import plain_kind
from zoo.rows.saved import read_kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zoo.rows.row_kind import RowKind


def kind_of_model(directory: Path, rows: Mapping[str, Any]) -> RowKind:
    """The kind of row that an exported encoder takes; an export that does not say it takes an array such as `rows`."""
    return read_kind(directory) or plain_kind(next(iter(rows.values())).shape[1:])


def model_signature(kind: RowKind, rows: Mapping[str, Any], latent_dim: int, codes_type: str = "float32") -> Any:
    """The model's signature.

    Named columns are enforced by their names; numbers and text may come in any type, as MLflow would refuse whole
    numbers (int64) where it is told to expect fractions.

    Args:
        kind: what the encoder takes.
        rows: an input example, arrays [n, ...] by input.
        latent_dim: width of the code.
        codes_type: of a code's numbers, as the model that MLflow loads gives them.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec
    from mlflow.types.schema import AnyType, Array

    codes = Schema([TensorSpec(np.dtype(codes_type), (-1, latent_dim))])
    types = {"texts": Array("string"), "numbers": Array("double"), "integers": Array("integer")}
    columns = [ColSpec(types.get(cell, AnyType()), name or None) for name, cell in kind.table_schema()]
    if columns:
        return ModelSignature(Schema(columns), codes)
    first = next(iter(rows.values()))
    return ModelSignature(Schema([TensorSpec(first.dtype, (-1, *first.shape[1:]))]), codes)


def input_example(kind: RowKind, rows: Mapping[str, Any]) -> Any:
    """An array, or a DataFrame of the columns that the signature names."""
    import pandas as pd

    names = [name for name, _ in kind.table_schema()]
    first = next(iter(rows.values()))
    if len(rows) == 1 and first.dtype.kind == "f":
        return pd.DataFrame(first, columns=names) if names and names[0] else first
    columns = kind.columns_of_inputs()
    return pd.DataFrame({columns.get(name, name): list(array) for name, array in rows.items()})
