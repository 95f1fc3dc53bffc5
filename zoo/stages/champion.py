"""The present champion, loaded to be judged beside a new encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.encoder import Encoder
from zoo.errors import ZooError
from zoo.representations._encoded_table import EncodedTable

if TYPE_CHECKING:
    from zoo.tracking.tracker import Tracker
    from zoo.types import Representation, Splits


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
    return EncodedTable(champion, splits), ""
