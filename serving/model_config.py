"""TensorFlow Serving's model_config_list as this server's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow_serving.config import model_server_config_pb2

from serving.errors import invalid
from serving.manager import ModelConfig
from serving.protos import read_text


def read_model_config(path: str) -> list[ModelConfig]:
    """Reads a --model_config_file.

    Raises:
        ValueError: not a text proto of ModelServerConfig, or not one this server can follow.
    """
    config = read_text(path, model_server_config_pb2.ModelServerConfig())
    try:
        return configs_of(config)
    except Exception as error:
        raise ValueError(f"{path}: {error}") from None


def configs_of(config: Any) -> list[ModelConfig]:
    """The models of a ModelServerConfig.

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
    return list(found.values())


def _model(each: Any) -> ModelConfig:
    if each.model_platform not in {"", "tensorflow"}:
        raise invalid(f"Model {each.name} has the platform {each.model_platform!r}; this server runs tensorflow")
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
