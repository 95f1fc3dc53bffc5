"""TensorFlow Serving's model_config_list as this server's configuration, from any file or a store's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow_serving.config import model_server_config_pb2

from serving.errors import invalid
from serving.protos import read_text
from serving.versions import MODEL_NAME, ModelConfig

STORE_FILE = "models.config"


def read_model_config(path: str, store: Path | None = None) -> list[ModelConfig]:
    """Reads a --model_config_file.

    Args:
        path: of the file.
        store: folder in which its models lie, where the file has URLs.

    Raises:
        ValueError: not a text proto of ModelServerConfig, or not one this server can follow.
    """
    config = read_text(path, model_server_config_pb2.ModelServerConfig())
    for each in config.model_config_list.config:
        if store is not None and "://" in each.base_path:
            each.base_path = str(store.absolute() / each.name)
    try:
        return configs_of(config)
    except Exception as error:
        raise ValueError(f"{path}: {error}") from None


class StoreConfig:
    """What the `models.config` in a store says; TensorFlow Serving reads the same file.

    It is written for a container that sees the store elsewhere: its base paths do not count, STORE/NAME is meant.

    Args:
        store: the folder.
    """

    def __init__(self, store: Path) -> None:
        self._store, self._seen = store, b""

    def changed(self) -> list[ModelConfig] | None:
        """The models, if the file is not what it was; None if it is, or if there is none.

        Raises:
            ValueError: what is wrong with it; raised once for each change.
            OSError: it cannot be read.
        """
        path = self._store / STORE_FILE
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None  # what it said last holds on: a file on the move must not take the labels away
        if content == self._seen:
            return None
        self._seen = content
        models = read_model_config(str(path), self._store)
        if not models:
            raise ValueError(f"{path}: no model is listed in it")
        for name in (model.name for model in models):
            if not MODEL_NAME.fullmatch(name):
                raise ValueError(f"{path}: no folder of a model is called {name!r}")
        return [model.under(self._store / model.name) for model in models]


def configs_of(config: Any, *, needs_platform: bool = False) -> list[ModelConfig]:
    """The models of a ModelServerConfig.

    Args:
        config: the message.
        needs_platform: whether each must name its platform, as TensorFlow Serving wants it.

    Raises:
        ServingError: a name that is missing or there twice, a path that is not absolute, another platform.
    """
    found: dict[str, ModelConfig] = {}
    for each in config.model_config_list.config:
        if each.name in found:
            raise invalid(f"Illegal to list model {each.name} multiple times in config list")
        if not each.name:
            raise invalid("A model in the config list has no name")
        # names are checked before paths, over the whole list, as TensorFlow Serving does
        found[each.name] = _model(each)
    for name, model in found.items():
        if not model.base_path.is_absolute():
            path = "" if model.base_path == Path() else model.base_path
            raise invalid(f"Expected model {name} to have an absolute path or URI; got base_path()={path}")
    for each in config.model_config_list.config:
        _require_platform(each, needs_platform)
    return list(found.values())


def _model(each: Any) -> ModelConfig:
    policy = each.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    latest, specific = 1, ()
    if kind == "all":
        latest = 0
    elif kind == "latest":
        latest = policy.latest.num_versions or 1
    elif kind == "specific":
        specific = tuple(policy.specific.versions)
    return ModelConfig(each.name, Path(each.base_path), latest, specific, dict(each.version_labels))


def _require_platform(each: Any, is_needed: bool) -> None:
    kind, platform = each.model_type, each.model_platform  # the older field's 1 is tensorflow
    if kind and platform:
        raise invalid(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform."
        )
    if kind > 1:
        raise invalid(f"ModelServerConfig::model_type choice {kind} not supported.")
    if is_needed and not kind and not platform:
        raise invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform."
        )
    if platform not in {"", "tensorflow"}:
        raise invalid(f"Model {each.name} has the platform {platform!r}; this server runs tensorflow")
