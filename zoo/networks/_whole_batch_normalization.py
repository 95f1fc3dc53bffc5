"""Batch normalisation over the rows of all replicas."""

from __future__ import annotations

from typing import Any

import keras

from zoo.quiet import import_tensorflow


class WholeBatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer; where it is made for several replicas, it takes means over the batch of all of them.

    Args:
        **kwargs: those of Keras' layer.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs, synchronized=import_tensorflow().distribute.has_strategy())
