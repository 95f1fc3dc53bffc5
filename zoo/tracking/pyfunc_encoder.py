"""What MLflow runs for a registered encoder: it keeps this text with the model, and pickles nothing.

Needs TensorFlow and NumPy; the zoo is not needed where the encoder is used.
"""

import os
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel

_BATCH = 8192


class PyfuncEncoder(PythonModel):
    """Rows [n, width] of a DataFrame or array -> codes [n, latent_dim] float32."""

    def load_context(self, context: Any) -> None:
        """Loads the SavedModel."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf

        self._tensor = tf.constant
        self._model = tf.saved_model.load(context.artifacts["saved_model"])
        self._encode = self._model.signatures["serving_default"]
        ((self._argument, spec),) = self._encode.structured_input_signature[1].items()
        self._width = spec.shape[1]

    # MLflow reads the hint at run time: with the signature's unnamed columns it hands over a DataFrame
    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """[n, width] -> [n, latent_dim]."""
        del context, params
        rows = np.asarray(model_input, dtype=np.float32).reshape(-1, self._width)
        blocks = [
            self._encode(**{self._argument: self._tensor(rows[start : start + _BATCH])})["embedding"].numpy()
            for start in range(0, max(len(rows), 1), _BATCH)
        ]
        return np.concatenate(blocks)


mlflow.models.set_model(PyfuncEncoder())
