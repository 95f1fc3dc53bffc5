"""Finds an encoder by name, version, alias, URI, folder, URL or run."""

from __future__ import annotations

import json
import re
import warnings
import weakref
from pathlib import Path

from zoo.encoder import Encoder
from zoo.errors import InputError, suggestion
from zoo.export.store import Store
from zoo.folders import TemporaryFolder
from zoo.tracking._registry import CHAMPION, LATEST
from zoo.tracking.tracker import Tracker

VERDICT_FILE = "verdict.json"
# STORE/NAME, STORE/NAME/VERSION or STORE/NAME@LABEL
_PUSHED = re.compile(r"(?P<store>.+)/(?P<name>[^/@]*[^/@\d][^/@]*)(?:/(?P<version>\d+)|@(?P<label>[^/@]+))?/?")
_copies: dict[Path, TemporaryFolder] = {}  # of what was found at URLs, as long as no encoder is made of it
_RUN = re.compile(r"(?:runs:/)?([0-9a-f]{32})(?:/encoder)?")


def load(encoder: str | Path) -> Encoder:
    """Loads an encoder that is registered, exported, or kept with its run; a warning says so if it is not blessed.

    Args:
        encoder: a registered name (`vae_word2vec`, its champion), `name@alias`, `name/version`, a `models:/` URI;
            `name@latest`, the newest that was trained under a name, blessed or not; `runs:/ID`, that of a run; or the
            folder of an exported version (or of all its versions: the newest is taken); or its URL in a store that
            `zoo.push` filled: `s3://bucket/models/NAME` (the newest), `.../NAME/7`, `.../NAME@stable`. The registry is
            the one MLFLOW_TRACKING_URI names, by default mlruns/mlflow.db under the present folder.

    Raises:
        InputError: there is no such encoder; the message lists what there is.
    """
    directory, name = find(encoder)
    copy = _copies.pop(directory, None)
    loaded = Encoder.from_saved_model(directory, name)
    if copy is not None:
        weakref.finalize(loaded, _let_go, copy)
    if doubt := not_blessed(directory):
        warnings.warn(f"{name} {doubt}", UserWarning, stacklevel=2)
    return loaded


def not_blessed(directory: Path) -> str:
    """That an exported encoder is not blessed, and which gates it failed; "" if it is, or if nothing says."""
    path = directory / VERDICT_FILE
    if not path.is_file():
        return ""
    verdict = json.loads(path.read_text(encoding="utf-8"))
    if verdict["blessed"]:
        return ""
    failed = dict.fromkeys(each["gate"] for each in verdict["gates"] if not each["passed"])
    if failed:
        return f"is not blessed: it failed {', '.join(failed)} (verdict.json and its page say by how much)"
    return "is not blessed: " + "; ".join(verdict["reasons"])


def find(encoder: str | Path) -> tuple[Path, str]:
    """The SavedModel's folder of an encoder, and what to call it; see `load`."""
    spec = str(encoder)
    if "://" in spec:
        return _in_store(spec)
    run_id = run_of(spec)
    if run_id is not None:
        return Tracker().kept(run_id), f"runs:/{run_id}"
    return exported(encoder) or (Tracker().model_directory(registered_uri(spec)), spec.removeprefix("models:/"))


def _in_store(url: str) -> tuple[Path, str]:
    """As `find`, of a URL, from which the files are copied."""
    parts = _PUSHED.fullmatch(url)
    if parts is None:
        raise InputError(f"{url}: write URL/NAME, URL/NAME/VERSION or URL/NAME@LABEL, where URL is that of a store")
    store, name = Store(parts["store"], ""), parts["name"]
    versions = store.versions(name)
    if not versions:
        raise InputError(f"{url}: there is no version of {name!r} in {store.root}")
    version = int(parts["version"] or versions[-1])
    if parts["label"]:
        labels = store.labels(name)
        if parts["label"] not in labels:
            raise InputError(f"{url}: no such label of {name!r}; {suggestion(parts['label'], labels, what='labels')}")
        version = labels[parts["label"]]
    if version not in versions:
        raise InputError(f"{url}: no version {version} of {name!r} in {store.root}; versions: {versions}")
    copy = TemporaryFolder()  # which is gone again if that fails
    directory = store.fetched(name, version, copy.path / name / str(version))
    _copies[directory] = copy
    return directory, f"{name}/{version}"


def _let_go(copy: TemporaryFolder) -> None:
    """Does nothing: that it is called with a copy keeps it until then."""


def run_of(spec: str) -> str | None:
    """The id of the run that `runs:/ID`, `ID` or `name@latest` stands for; None for any other name."""
    if found := _RUN.fullmatch(spec):
        return found[1]
    name, _, alias = spec.removeprefix("models:/").partition("@")
    return Tracker().latest_run(name) if alias == LATEST and name else None


def exported(encoder: str | Path) -> tuple[Path, str] | None:
    """As `find`, of a folder; None for what can only be registered.

    Raises:
        InputError: a path where there is none.
    """
    path = Path(encoder).expanduser()
    if (path / "saved_model.pb").is_file():
        whole = path.absolute()
        return path, whole.parent.name if whole.name.isdigit() else whole.name
    spec = str(encoder)
    versions = [each for each in path.glob("*/saved_model.pb") if each.parent.name.isdigit()]
    if versions and (len(path.parts) > 1 or spec.startswith(".")):  # a bare word is a registered name
        newest = max(versions, key=lambda each: int(each.parent.name)).parent
        return newest, path.absolute().name
    if path.is_absolute() or spec.startswith((".", "~")):
        raise InputError(f"{spec}: no exported encoder there (no saved_model.pb in it, nor in a numbered folder of it)")
    return None


def registered_uri(spec: str) -> str:
    """The `models:/` URI of a registered encoder's name."""
    if spec.startswith("models:/"):
        return spec
    return f"models:/{spec}" if "@" in spec or "/" in spec else f"models:/{spec}@{CHAMPION}"
