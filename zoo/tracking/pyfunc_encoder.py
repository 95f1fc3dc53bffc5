"""What MLflow runs for a registered encoder: it keeps this text with the model, and pickles nothing.

Needs TensorFlow and NumPy; the zoo is not needed where the encoder is used.
"""

import json
import os
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel

_BATCH = 1024


class PyfuncEncoder(PythonModel):
    """Rows -> codes [n, latent_dim] float32.

    Rows are a DataFrame or array of numbers [n, width], an array of images [n, height, width, channels], or a DataFrame
    with a column for each field of a record, `items` and `values` of baskets, or `indices` and `values`. Columns that
    had names when the encoder was trained go by them.
    """

    def load_context(self, context: Any) -> None:
        """Loads the SavedModel."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf

        self._tensor = tf.constant
        self._model = tf.saved_model.load(context.artifacts["saved_model"])
        self._encode = self._model.signatures["serving_default"]
        self._specs = self._encode.structured_input_signature[1]
        rows = Path(context.artifacts["saved_model"]) / "assets.extra" / "rows.json"
        told = json.loads(rows.read_text(encoding="utf-8")) if rows.is_file() else {}
        self._columns = told.get("columns", {})  # input -> column
        self._names = told.get("config", {}).get("column_names", [])

    # MLflow reads the hint at run time: with the signature's unnamed columns it hands over a DataFrame
    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Codes [n, latent_dim]."""
        del context, params
        inputs = {name: self._array(name, spec, model_input) for name, spec in self._specs.items()}
        count = len(next(iter(inputs.values())))
        blocks = [
            self._encode(**{name: self._tensor(array[i : i + _BATCH]) for name, array in inputs.items()})
            for i in range(0, max(count, 1), _BATCH)
        ]
        return np.concatenate([_codes({name: output.numpy() for name, output in block.items()}) for block in blocks])

    def _array(self, name: str, spec: Any, rows: Any) -> Any:
        if len(self._specs) == 1 and spec.dtype.name == "float32":
            return np.asarray(self._in_order(rows), dtype=np.float32).reshape(-1, *spec.shape[1:])
        cells = rows[self._columns.get(name, name)].tolist()
        empty = {"int32": -1, "float32": 0.0}.get(spec.dtype.name, "")
        if len(spec.shape) == 1:
            return np.asarray([_cell(cell, empty) for cell in cells], dtype=object)
        longest = max(map(len, cells), default=0)
        padded = [[*(_cell(each, empty) for each in cell), *[empty] * (longest - len(cell))] for cell in cells]
        return np.asarray(padded, dtype=object if empty == "" else spec.dtype.as_numpy_dtype).reshape(-1, longest)

    def _in_order(self, rows: Any) -> Any:
        """The columns by their names, if they have any."""
        nobodys = list(map(str, range(len(self._names))))  # columns that nobody named go by position
        if not self._names or not isinstance(rows, pd.DataFrame) or [str(name) for name in rows.columns] == nobodys:
            return rows
        missing = [name for name in self._names if name not in rows.columns]
        if missing:
            there = ", ".join(map(str, rows.columns))
            raise ValueError(f"columns are missing: {', '.join(missing)}; there are {there}")
        return rows[self._names]


def _cell(value: Any, empty: Any) -> Any:
    """A missing cell is None, or whatever pandas has made of it; numbers among texts are written as the zoo does."""
    if pd.isna(value):
        return empty
    if empty == "" and isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value) if empty == "" else value


def _codes(outputs: dict[str, Any]) -> Any:
    """Codes [n, latent_dim] float32, of an embedding exported as int8 as well."""
    if "scale" not in outputs:
        return outputs["embedding"]
    return outputs["embedding"].astype(np.float32) * outputs["scale"][:, None]


mlflow.models.set_model(PyfuncEncoder())
