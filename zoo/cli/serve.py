"""Serves encoders over REST and gRPC with the embedded server.

    zoo serve                              # the store that runs export to: serving/store
    zoo serve vae_word2vec runs:/1f2e...   # encoders as zoo.load takes them, blessed or not
    zoo serve --store /srv/models --port 8500

Flags are those of `python -m serving`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli.arguments import explained
from zoo.errors import InputError
from zoo.folders import TemporaryFolder
from zoo.loading import exported, find, not_blessed, run_of
from zoo.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

_STORE = Path("serving/store")
_WHAT = ("--store", "--model_config_file", "--model_base_path")
_RECIPE = "recipe.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the server's exit status, or 2 where there is no such encoder."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    first = next((place for place, each in enumerate(given) if each.startswith("-")), len(given))
    encoders, flags = given[:first], given[first:]

    def act() -> int:
        if not encoders:
            said = any(each.partition("=")[0] in (*_WHAT, "-h", "--help") for each in flags)
            return _serving(flags if said or not _STORE.is_dir() else ["--store", str(_STORE), *flags])
        store = linked_store(encoders)
        return _serving(["--store", str(store.path), *flags])

    return explained(act)


def linked_store(encoders: Sequence[str]) -> TemporaryFolder:
    """A store of links to encoders, NAME/VERSION; what is not blessed is said.

    Raises:
        InputError: there is no such encoder, or two would be the same version of one name.
    """
    store = TemporaryFolder()
    for each in encoders:
        _link(each, store.path)
    return store


def _serving(flags: Sequence[str]) -> int:
    """Runs the server, whose package this one does not know: nobody needs TensorFlow Serving's like to train."""
    return int(importlib.import_module("serving.__main__").main(flags))


def _link(encoder: str, store: Path) -> None:
    """Puts an encoder into a store by a link, under its name and version."""
    directory, _ = find(encoder)
    if doubt := not_blessed(directory):
        print(f"warning: {encoder} {doubt}", file=sys.stderr)  # noqa: T201
    name, version = _name_of(directory, encoder), _version_of(directory, encoder)
    place = store / name / str(version)
    if place.exists():
        raise InputError(f"{encoder}: another {name} {version} is to be served; serve the two from two processes")
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(directory.absolute(), target_is_directory=True)


def _version_of(directory: Path, encoder: str) -> int:
    """The registry's number, or that of an exported folder; 1 for what has none."""
    if directory.name.isdigit():
        return int(directory.name)
    if exported(encoder):
        return 1
    tracker, run_id = Tracker(), run_of(encoder)
    if run_id is None:
        return tracker.resolved(encoder.removeprefix("models:/"))[1]
    there = tracker.version_of(run_id)
    return 1 if there is None else there[1]


def _name_of(directory: Path, encoder: str) -> str:
    """The recipe's name, which an exported encoder keeps; or what it was asked for by."""
    path = directory / _RECIPE
    if path.is_file():
        import yaml

        return str(yaml.safe_load(path.read_text(encoding="utf-8"))["name"])
    return Path(encoder).name
