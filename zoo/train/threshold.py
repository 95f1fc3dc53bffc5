"""The threshold of a model's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder

if TYPE_CHECKING:
    from zoo.types import Splits


def set_threshold(model: Any, splits: Splits) -> None:
    """Sets the threshold to the score that the wanted share of the validation rows exceeds, if a share is wanted."""
    if model.false_alarm_rate is None:
        return
    encoder = Encoder.from_model("trained", model, kind=splits.kind.plain())
    model.threshold.assign(np.quantile(encoder.score(splits.take(splits.validation)), 1 - model.false_alarm_rate))
