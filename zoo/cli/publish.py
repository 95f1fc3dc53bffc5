"""Registers the blessed encoder of a run that did not, and makes it the champion.

python -m zoo.publish runs:/1f2e...          # of a sweep, of folds, or of a run with publish=false
python -m zoo.publish vae_word2vec@latest    # the newest that was trained under a name
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.cli.arguments import begin, command
from zoo.errors import InputError, StoppedError, ZooError
from zoo.export.store import Store
from zoo.loading import not_blessed, run_of
from zoo.stages.judging import BEATS_CHAMPION, JUDGED_BESIDE
from zoo.tracking._registry import RECIPE
from zoo.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

_STORE = "serving/store"
_KEYS = {
    "name": "register it under another name than its recipe's",
    "target": f"store that it is put into; default: {_STORE}",
}


def publish(encoder: str, target: str = _STORE, name: str | None = None) -> int:
    """Registers the encoder that a run has kept, puts it into a store, and makes it the champion.

    It becomes the champion if it was judged beside the present one and not found worse, or if there is none; otherwise
    it is registered only, and what was found is said.

    Args:
        encoder: `runs:/ID`, the id alone, or `name@latest`.
        target: the store.
        name: what to register it as; by default its recipe's name.

    Returns:
        The version's number.

    Raises:
        InputError: no such run, one that has kept none, one that is not blessed, or is registered already.
        ZooError: it could not be registered or put into the store; neither is then.
    """
    run_id = run_of(encoder)
    if run_id is None:
        raise InputError(f"{encoder}: write runs:/ID, or NAME@latest; zoo.push copies what is registered already")
    tracker = Tracker()
    directory = tracker.kept(run_id)
    if doubt := not_blessed(directory):
        raise InputError(f"{encoder} {doubt}; nothing was published")
    there = tracker.version_of(run_id)
    if there is not None and name in {None, there[0]}:
        raise InputError(f"{encoder} is registered already, as {there[0]}/{there[1]}")
    tags = tracker.tags_of(run_id)
    name, store = name or tags[RECIPE], Store(target)
    with tracker.finished(run_id) as run:
        version = run.register(name)
        try:
            obstacle = _obstacle(tracker, name, tags, version)
            if not obstacle:
                store.add(directory, name, version)
        except BaseException:
            run.delete_version(name, version)
            raise
        if not obstacle:
            try:
                with store.stable_moved(name, version):
                    run.set_champion(name, version)
            except (ZooError, KeyboardInterrupt) as error:
                kind = StoppedError if isinstance(error, KeyboardInterrupt) else ZooError
                raise kind(
                    f"{error or 'interrupted'}\n{name} {version} is registered and in {target}, but not the champion; "
                    f"python -m zoo.rollback {name} to={version} target={target} makes it so"
                ) from error
        run.log_tags({"zoo.version": version, "zoo.champion": not obstacle})
    print(f"{name} {version} is registered, ", end="")  # noqa: T201
    print(obstacle or f"in {target} and now the champion")  # noqa: T201
    return version


def _obstacle(tracker: Tracker, name: str, tags: dict[str, str], version: int) -> str:
    """Why the encoder of a version does not become the champion; "" if it does."""
    champion, beside = tracker.champion_version(name), tags.get(JUDGED_BESIDE)
    if champion is None:
        return ""
    if beside != str(champion):
        return (
            f"but version {champion} stays the champion, since it was not judged beside it: python -m zoo.compare "
            f"{name}/{champion} {name}/{version} tells which is better, and python -m zoo.rollback {name} to={version} "
            "makes this one the champion"
        )
    if tags.get(BEATS_CHAMPION) != "True":
        return f"but version {champion} stays the champion: it was found better, or its users would have to change"
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""

    def act(given: dict[str, str]) -> None:
        begin(f"looking {given['encoder']} up in the registry")
        publish(given["encoder"], given.get("target", _STORE), given.get("name"))

    about = "Registers the blessed encoder of a run that did not do so itself, and makes it the champion."
    return command("python -m zoo.publish", about, _KEYS, act, arguments, ("encoder", "runs:/ID or NAME@latest"))
