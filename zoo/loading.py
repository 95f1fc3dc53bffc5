"""Finds an encoder by name, version, alias, URI or folder."""

from __future__ import annotations

from pathlib import Path

from zoo.encoder import Encoder
from zoo.errors import InputError
from zoo.tracking._registry import CHAMPION
from zoo.tracking.tracker import Tracker


def load(encoder: str | Path) -> Encoder:
    """Loads a registered or exported encoder.

    Args:
        encoder: a registered name (`vae_word2vec`, its champion), `name@alias`, `name/version`, a `models:/` URI, or
            the folder of an exported version (or of all its versions: the newest is taken). The registry is the one
            MLFLOW_TRACKING_URI names, by default mlruns/mlflow.db under the present folder.

    Raises:
        InputError: there is no such encoder; the message lists what there is.
    """
    directory, name = find(encoder)
    return Encoder.from_saved_model(directory, name)


def find(encoder: str | Path) -> tuple[Path, str]:
    """The SavedModel's folder of an encoder, and what to call it; see `load`."""
    spec = str(encoder)
    return exported(encoder) or (Tracker().model_directory(registered_uri(spec)), spec.removeprefix("models:/"))


def exported(encoder: str | Path) -> tuple[Path, str] | None:
    """As `find`, of a folder; None for what can only be registered.

    Raises:
        InputError: a path where there is none.
    """
    path = Path(encoder).expanduser()
    if (path / "saved_model.pb").is_file():
        return path, path.absolute().parent.name
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
