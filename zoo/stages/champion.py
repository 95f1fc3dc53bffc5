"""The present champion, loaded to be judged beside a new encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.encoder import Encoder
from zoo.errors import ZooError
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.row_digests import TRAINING_KEYS, doubts
from zoo.stages.run_log import MODEL_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.tracking.tracker import Tracker
    from zoo.types import Representation, Splits

_COMPARED = 64  # rows


@dataclass(frozen=True)
class Champion:
    """The present champion, as far as it can be compared with.

    Attributes:
        representation: it on today's rows; None if there is none, or none that can be compared.
        obstacle: why it cannot be compared with.
        notes: what makes the comparison doubtful.
    """

    representation: Representation | None = None
    obstacle: str = ""
    notes: tuple[str, ...] = ()


def load_champion(tracker: Tracker, name: str, splits: Splits) -> Champion:
    """The present champion, or why it cannot be compared with; neither if there is none."""
    try:
        found = tracker.champion(name)
        if found is None:
            return Champion()
        champion = Encoder.from_saved_model(found[1], name="champion")
    except (ZooError, OSError) as error:
        return Champion(obstacle=f"the champion could not be loaded: {error}")
    try:
        champion.encode(splits.inputs(splits.test[:1]))
    except ValueError as error:
        return Champion(obstacle=f"{error}: give the new encoder a name of its own with name=NAME")
    version = found[0]
    whole = completed(champion, tracker.run_file(name, version, MODEL_FILE), splits)
    record = tracker.run_file(name, version, TRAINING_KEYS)
    notes = tuple(doubts(f"the champion (version {version})", record, splits))
    return Champion(EncodedTable(whole, splits), notes=notes)


def completed(champion: Encoder, path: Path | None, splits: Splits) -> Encoder:
    """The champion with what an exported encoder cannot do (likelihoods, rates), from the Keras model of its run.

    It stays as it was exported where that model is gone, cannot be read by this version of the zoo, or gives other
    codes; what it has no value of then does not decide, which is said.

    Args:
        champion: as it was exported.
        path: the Keras model; None if there is none.
        splits: the table.
    """
    from zoo.models.autoencoder import Autoencoder

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
