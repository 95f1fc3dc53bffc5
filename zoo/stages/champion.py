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
from zoo.tables.words import some

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.rows.row_kind import RowKind
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
        version: its number.
        changes: what who uses it would have to change for the new encoder, so that it is not replaced silently.
    """

    representation: Representation | None = None
    obstacle: str = ""
    notes: tuple[str, ...] = ()
    version: int | None = None
    changes: str = ""


def load_champion(tracker: Tracker, name: str, splits: Splits, latent_dim: int) -> Champion:
    """The present champion beside a new encoder of so many dimensions, or why it cannot be compared with.

    Neither if there is none.
    """
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
    return Champion(EncodedTable(whole, splits), "", notes, version, changes(champion, splits.kind, latent_dim))


def changes(champion: Encoder, kind: RowKind, latent_dim: int) -> str:
    """What is other about a new encoder for who uses the champion: other codes or other columns; "" if nothing is."""
    if champion.latent_dim != latent_dim:
        return f"its codes have {champion.latent_dim} numbers, the new ones {latent_dim}"
    before, now = set(champion.kind.table_schema()), set(kind.table_schema())
    if before == now or not (champion.kind.column_names and kind.column_names):
        return ""
    lost, new = [some([name for name, _ in sorted(these)]) for these in (before - now, now - before)]
    said = [f"takes {lost}, which the new one does not"] if lost else []
    return f"it {' and '.join([*said, *([f'does not take {new}, which the new one does'] if new else [])])}"


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
