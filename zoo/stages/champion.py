"""The present champion, loaded to be judged beside a new encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.encoder import Encoder
from zoo.errors import ZooError
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.run_log import MODEL_FILE

if TYPE_CHECKING:
    from zoo.tracking.tracker import Tracker
    from zoo.types import Representation, Splits

_COMPARED = 64  # rows


def load_champion(tracker: Tracker, name: str, splits: Splits) -> tuple[Representation | None, str]:
    """The present champion, or why it cannot be compared with; neither if there is none."""
    try:
        found = tracker.champion(name)
        if found is None:
            return None, ""
        champion = Encoder.from_saved_model(found[1], name="champion")
    except (ZooError, OSError) as error:
        return None, f"the champion could not be loaded: {error}"
    try:
        champion.encode(splits.inputs(splits.test[:1]))
    except ValueError as error:
        return None, f"{error}: give the new encoder a name of its own with name=NAME"
    return EncodedTable(_completed(champion, tracker, name, found[0], splits), splits), ""


def _completed(champion: Encoder, tracker: Tracker, name: str, version: int, splits: Splits) -> Encoder:
    """The champion with what an exported encoder cannot do (likelihoods, rates), from the Keras model of its run.

    It stays as it was exported where that model is gone, cannot be read by this version of the zoo, or gives other
    codes; what it has no value of then does not decide, which is said.
    """
    from zoo.models.autoencoder import Autoencoder

    path = tracker.run_file(name, version, MODEL_FILE)
    if path is None:
        return champion
    rows = splits.inputs(splits.test[:_COMPARED])
    try:
        model = Autoencoder.load(path)
        whole = Encoder.from_model(champion.name, model, kind=champion.kind, code_scale=champion.code_scale)
        same = np.allclose(whole.encode(rows), champion.encode(rows), rtol=1e-3, atol=1e-3)
    except (ValueError, TypeError, OSError, KeyError, AttributeError):
        return champion
    return champion.completed_by(whole) if same else champion
