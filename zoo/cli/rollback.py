"""Makes the former champion the champion again, in the registry and in a store.

python -m zoo.rollback vae_word2vec
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from zoo.cli.arguments import begin, command
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
    If the store calls a version stable that was never champion, only the label moves: back to the champion. If it calls
    an earlier champion stable, it has not followed, and is left alone unless `to` is given.

    Args:
        name: of the registered encoder.
        to: the version to go back to; None for the champion before the present one.
        target: the store; one that does not have the encoder, or no label `stable` for it, is left alone.

    Returns:
        The version that is champion now.

    Raises:
        InputError: no such encoder or version, or no champion before the present one.
        ZooError: the store or the registry could not be changed; neither is then.
    """
    if {"/", "@"} & set(name):
        raise InputError(f"{name!r}: give the encoder's name alone, and the version to go back to as to=VERSION")
    tracker = Tracker()
    present = tracker.resolved(name)[1]
    store = Store(target)
    stable = store.labels(name).get(STABLE) if store.versions(name) else None
    former = [version for version in tracker.champions(name) if version != present]
    was_pushed = stable is not None and stable not in {present, *former}  # it is stable by a push alone
    if to is not None:
        version = tracker.resolved(f"{name}/{to}")[1]
    elif was_pushed:
        version = present
    elif former:
        version = former[-1]
    else:
        raise InputError(f"{name} {present} has had no champion before it; name a version with to=VERSION")
    if version == present and stable in {None, version}:
        raise InputError(f"{name} {version} is the champion already")
    moves = stable is not None and (to is not None or was_pushed or stable == present)
    if moves:
        store.add(tracker.model_directory(f"models:/{name}/{version}"), name, version)
    with store.stable_moved(name, version) if moves else contextlib.nullcontext():
        if version != present:
            tracker.set_champion(name, version)
    said = f"is the champion, no longer {present}" if version != present else "stays the champion"
    print(f"{name} {version} {said}")  # noqa: T201
    print(_label_in_words(name, target, stable, moves=moves))  # noqa: T201
    return version


def _label_in_words(name: str, target: str, stable: int | None, *, moves: bool) -> str:
    if stable is None:
        return f"{target} calls no version of {name} {STABLE}: nothing to move"
    return f"{target} calls it {STABLE}, no longer {stable}" if moves else f"{target} still calls {stable} {STABLE}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""

    def act(given: dict[str, str]) -> None:
        to = given.get("to")
        if to is not None and not to.isdigit():
            raise InputError(f"to={to}: a version is a whole number")
        begin(f"looking {given['name']} up in the registry")
        rollback(given["name"], None if to is None else int(to), given.get("target", _STORE))

    about = "Makes the former champion the champion again, in the registry and in a store."
    return command("python -m zoo.rollback", about, _KEYS, act, arguments, ("name", "of the registered encoder"))
