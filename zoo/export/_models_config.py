"""The file that tells TF Serving which models there are: `ModelServerConfig` as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = (
    "# Which models TF Serving serves, and which versions the labels name. Written by zoo.run, zoo.push and\n"
    "# zoo.rollback, which keep other models, and other fields, that were added by hand, but no comments. They leave\n"
    "# a version policy other than `latest` alone.\n"
)


class ModelsConfig:
    """A `tensorflow.serving.ModelServerConfig` that can be changed model by model.

    Args:
        text: its text; "" for an empty one.

    Raises:
        ValueError: something else.
    """

    def __init__(self, text: str) -> None:
        from google.protobuf import text_format
        from tensorflow_serving.config import model_server_config_pb2

        self._message = model_server_config_pb2.ModelServerConfig()
        try:
            text_format.Parse(text, self._message)
        except text_format.ParseError as error:
            raise ValueError(str(error)) from None

    def labels(self, name: str) -> dict[str, int]:
        """Label -> version of a model; empty for one that is not listed."""
        found = self._find(name)
        return {} if found is None else dict(found.version_labels)

    def set(self, name: str, base_path: str, labels: Mapping[str, int], versions: int) -> None:
        """Lists a model, or changes its entry.

        Args:
            name: the model's name.
            base_path: its folder as the server sees it; an entry that is there keeps its own.
            labels: label -> version; other labels of the model are dropped.
            versions: how many of the newest versions are to be loaded; a policy other than `latest` stays.
        """
        entry = self._find(name)
        if entry is None:
            entry = self._message.model_config_list.config.add(
                name=name, base_path=base_path, model_platform="tensorflow"
            )
        self.set_versions(name, versions)
        entry.version_labels.clear()
        for label, version in sorted(labels.items()):
            entry.version_labels[label] = version

    def set_versions(self, name: str, versions: int) -> None:
        """Lets a listed model's newest versions be loaded, this many, unless a person chose otherwise."""
        policy = self._find(name).model_version_policy
        if policy.WhichOneof("policy_choice") in {None, "latest"}:
            policy.latest.num_versions = versions

    def text(self) -> str:
        """The whole file."""
        from google.protobuf import text_format

        return _HEADER + str(text_format.MessageToString(self._message))

    def _find(self, name: str) -> Any:
        return next((each for each in self._message.model_config_list.config if each.name == name), None)
