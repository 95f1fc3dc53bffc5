"""What a tracking store holds: registered encoders, and those that runs have kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from zoo.tracking._registry import KEPT, LATENT_DIM, RECIPE, pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.tracking.tracker import Tracker

_BLESSED = "zoo.blessed"  # tag of a run


@dataclass(frozen=True)
class Registered:
    """The versions of a name.

    Attributes:
        name: of the encoder.
        champion: the version that the bare name stands for; None if there is none.
        versions: all of them, ascending.
        latent_dim: columns of the champion's code, or of the newest version's without one; None if nothing says.
        made: when that version was registered.
    """

    name: str
    champion: int | None
    versions: Sequence[int]
    latent_dim: int | None
    made: datetime


@dataclass(frozen=True)
class Kept:
    """The newest encoder that a run has kept under a name, blessed or not.

    Attributes:
        name: of the recipe.
        run_id: of the run.
        blessed: whether it passed its gates.
        runs: how many runs of this name have kept one.
        made: when the run began.
    """

    name: str
    run_id: str
    blessed: bool
    runs: int
    made: datetime


def registered(tracker: Tracker) -> list[Registered]:
    """All that is registered, by name; none where there is no store yet."""
    if not tracker.there:
        return []
    found = []
    with tracker.connected() as client:
        versions: dict[str, list[object]] = {}
        for each in pages(client.search_model_versions):
            versions.setdefault(each.name, []).append(each)
        for model in sorted(pages(client.search_registered_models), key=lambda each: str(each.name)):
            known = {int(each.version): each for each in versions.get(model.name, [])}  # type: ignore[attr-defined]
            if not known:
                continue
            alias = model.aliases.get("champion")
            champion = int(alias) if alias is not None and int(alias) in known else None
            shown = known[champion or max(known)]
            width = shown.tags.get(LATENT_DIM)  # type: ignore[attr-defined]
            made = _moment(shown.creation_timestamp)  # type: ignore[attr-defined]
            found.append(Registered(model.name, champion, sorted(known), None if width is None else int(width), made))
    return found


def kept(tracker: Tracker) -> list[Kept]:
    """The newest kept encoder of each recipe's name, by name; none where there is no store yet."""
    if not tracker.there:
        return []
    with tracker.connected() as client:
        experiments = [each.experiment_id for each in pages(client.search_experiments)]
        found: dict[str, Kept] = {}
        for run in pages(
            client.search_runs,
            experiment_ids=experiments,
            filter_string=f"tags.`{KEPT}` LIKE '%'",
            order_by=["attributes.start_time DESC"],
        ):
            name = run.data.tags.get(RECIPE, run.info.run_name)
            newest = found.get(name)
            blessed = run.data.tags.get(_BLESSED) == "True"
            found[name] = (
                Kept(name, run.info.run_id, blessed, 1, _moment(run.info.start_time))
                if newest is None
                else Kept(name, newest.run_id, newest.blessed, newest.runs + 1, newest.made)
            )
    return [found[name] for name in sorted(found)]


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000).astimezone()
