"""Copies a registered encoder to a store that servers read.

python -m zoo.push vae_word2vec target=/srv/models             # the champion, labelled `stable` there
python -m zoo.push vae_word2vec/7 target=gs://bucket/models    # any version, labelled `canary`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.cli.arguments import ENCODER, begin, command
from zoo.cli.ending import end_soon_after_an_interrupt
from zoo.errors import InputError
from zoo.export.store import CANARY, STABLE, Store
from zoo.loading import run_of
from zoo.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYS = {
    "target": "store to copy to: a folder, or any URL that fsspec knows (s3://, gs://, ...; see its packages)",
    "label": "what servers call it there: stable, canary or none; default: stable for the champion, else canary",
}
_NONE = "none"


def push(encoder: str, target: str, label: str | None = None) -> int:
    """Copies a registered encoder's SavedModel to TARGET/NAME/VERSION, whole or not at all, and labels it.

    Args:
        encoder: `name` (its champion), `name@alias`, `name/version`, or the run that registered it (`runs:/ID`).
        target: the store: a folder, or any URL that fsspec knows.
        label: `stable`, `canary` or `none`; None takes `stable` for the champion and `canary` for any other.

    Returns:
        The version's number; it is the registry's.

    Raises:
        InputError: no such encoder or label, or a target that cannot be used.
        ZooError: the copy failed, or another version of this number is there.
    """
    if label not in {None, STABLE, CANARY, _NONE}:
        raise InputError(f"label={label}: write {STABLE}, {CANARY} or {_NONE}")
    tracker = Tracker()
    name, version = _of_run(tracker, encoder) or tracker.resolved(encoder)
    store = Store(target)
    copied = store.add(tracker.model_directory(f"models:/{name}/{version}"), name, version)
    champion = tracker.champion_version(name)
    chosen = label or (STABLE if version == champion else CANARY)
    if chosen != _NONE:
        store.add_label(name, chosen, version)
    print(f"{name} {version} {'copied to' if copied else 'was already in'} {target}", end="")  # noqa: T201
    print(f", labelled {chosen}" if chosen != _NONE else "")  # noqa: T201
    return version


def _of_run(tracker: Tracker, encoder: str) -> tuple[str, int] | None:
    """Name and version of what a run has registered, where `encoder` names one: runs:/ID or NAME@latest."""
    run_id = run_of(encoder)
    if run_id is None:
        return None
    there = tracker.version_of(run_id)
    if there is None:
        raise InputError(f"{encoder}: is not registered; python -m zoo.publish {encoder} does it, if it is blessed")
    return there


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""

    def act(given: dict[str, str]) -> None:
        if "target" not in given:
            raise InputError("say where to: target=FOLDER or target=URL")
        end_soon_after_an_interrupt()
        begin(f"looking {given['encoder']} up in the registry")
        push(given["encoder"], given["target"], given.get("label"))

    about = "Copies a registered encoder to a store that TensorFlow Serving or the embedded server reads."
    return command(
        "python -m zoo.push",
        about,
        _KEYS,
        act,
        arguments,
        ("encoder", f"as registered: {ENCODER}"),
    )
