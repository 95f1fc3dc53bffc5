"""The threshold of a model's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder
from zoo.intakes.choose import plain_intake_of

if TYPE_CHECKING:
    from zoo.types import Splits


def set_threshold(model: Any, splits: Splits) -> None:
    """Sets the threshold to the score that the wanted share of the validation rows exceeds, if a share is wanted."""
    if model.false_alarm_rate is None:
        return
    encoder = Encoder.from_model("trained", model, intake=plain_intake_of(splits))
    model.threshold.assign(np.quantile(encoder.score(splits.take(splits.validation)), 1 - model.false_alarm_rate))
