"""What a store's own models.config makes of its models."""

import pytest

from serving.model_config import StoreConfig
from serving.versions import ModelConfig

ENTRY = """
model_config_list {{
  config {{
    name: "{name}" base_path: "/models/{name}" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 1 versions: 3 }} }}
    version_labels {{ key: "stable" value: 1 }}
    version_labels {{ key: "canary" value: 3 }}
  }}
}}
"""


def replace(store, text):
    new = store / "models.config.new"
    new.write_text(text)
    new.replace(store / "models.config")


def test_the_folder_of_the_store_is_meant_and_only_changes_are_read(tmp_path):
    config = StoreConfig(tmp_path)
    assert config.changed() is None
    replace(tmp_path, ENTRY.format(name="embed"))
    labels = {"stable": 1, "canary": 3}
    assert config.changed() == [ModelConfig("embed", tmp_path / "embed", specific=(1, 3), labels=labels)]
    assert config.changed() is None
    replace(tmp_path, ENTRY.format(name="embed"))
    assert config.changed() is None
    replace(tmp_path, ENTRY.format(name="other"))
    (other,) = config.changed()
    assert other.name == "other"
    (tmp_path / "models.config").unlink()
    assert config.changed() is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model_config_list { config { nam", r"models\.config: .*nam"),
        ('model_config_list { config { name: "a" base_path: "/a" labels {} } }', "labels"),
        ("\n", "no model is listed"),
        (ENTRY.format(name="../etc"), "no folder of a model is called '../etc'"),
        (ENTRY.format(name=".hidden"), "no folder of a model is called '.hidden'"),
        ('model_config_list { config { name: "a" base_path: "/a" } config { name: "a" } }', "multiple times"),
        (ENTRY.format(name="a").replace("/models/a", "models/a"), "absolute path"),
    ],
)
def test_a_broken_file_is_complained_of_once_and_read_again_when_it_is_mended(tmp_path, text, words):
    config = StoreConfig(tmp_path)
    replace(tmp_path, ENTRY.format(name="embed"))
    good = config.changed()
    replace(tmp_path, text)
    with pytest.raises(ValueError, match=words):
        config.changed()
    assert config.changed() is None
    replace(tmp_path, ENTRY.format(name="embed"))
    assert config.changed() == good
