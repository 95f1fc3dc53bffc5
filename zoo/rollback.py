"""Makes the former champion the champion again, in the registry and in a store.

python -m zoo.rollback vae_word2vec
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zoo.arguments import command
from zoo.errors import InputError
from zoo.export.store import STABLE, Store
from zoo.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

_STORE = "serving/store"
_KEYS = {
    "to": "version to go back to; default: the champion before the present one",
    "target": f"store whose label `stable` moves as well: a folder or URL; default: {_STORE}",
}


def rollback(name: str, to: int | None = None, target: str = _STORE) -> int:
    """Moves the alias `champion` in the registry, and the label `stable` in a store, back to an earlier version.

    The label moves first, and back again if the alias cannot be moved. A version that the store lacks is copied there.

    Args:
        name: of the registered encoder.
        to: the version to go back to; None for the champion before the present one.
        target: the store; one that does not have the encoder is left alone.

    Returns:
        The version that is champion now.

    Raises:
        InputError: no such encoder or version, or no champion before the present one.
        ZooError: the store or the registry could not be changed; neither is then.
    """
    tracker = Tracker()
    name, present = tracker.resolved(name)
    version = tracker.resolved(f"{name}/{to}")[1] if to is not None else _former(tracker, name, present)
    if version == present:
        raise InputError(f"{name} {version} is the champion already")
    store = Store(target)
    labels = store.labels(name) if store.versions(name) else {}
    if labels:
        store.add(tracker.model_directory(f"models:/{name}/{version}"), name, version)
        store.add_label(name, STABLE, version)
    try:
        tracker.crown(name, version)
    except BaseException:
        if labels:
            store.set_labels(name, labels)
        raise
    print(f"{name} {version} is the champion, no longer {present}")  # noqa: T201
    print(f"{target} calls it {STABLE}" if labels else f"{target} has no labels for {name}: nothing to move")  # noqa: T201
    return version


def _former(tracker: Tracker, name: str, present: int) -> int:
    former = [version for version in tracker.champions(name) if version != present]
    if not former:
        raise InputError(f"{name} {present} has had no champion before it; name a version with to=VERSION")
    return former[-1]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""

    def act(given: dict[str, str]) -> None:
        to = given.get("to")
        if to is not None and not to.isdigit():
            raise InputError(f"to={to}: a version is a whole number")
        rollback(given["name"], None if to is None else int(to), given.get("target", _STORE))

    about = "Makes the former champion the champion again, in the registry and in a store."
    return command("python -m zoo.rollback", about, _KEYS, act, arguments, ("name", "of the registered encoder"))


if __name__ == "__main__":
    sys.exit(main())
