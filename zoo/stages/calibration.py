"""What is fixed once training is over: the rounded weights, the scale of int8 codes, the threshold of scores."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from zoo.train.threshold import set_threshold

if TYPE_CHECKING:
    from zoo.export.exporter import Exporter
    from zoo.types import Splits, Trained


def calibrated(trained: Trained, exporter: Exporter, splits: Splits) -> Trained:
    """The trained model as it would be exported, which is what is judged from here on.

    Args:
        trained: its model is changed in place.
        exporter: knows the precision of weights and codes.
        splits: the table; training rows give the scale of the codes, validation rows the threshold.
    """
    code_scale = exporter.lower(trained.model, splits)
    set_threshold(trained.model, splits)  # of the rounded weights: their scores differ a little
    return dataclasses.replace(trained, code_scale=code_scale)
