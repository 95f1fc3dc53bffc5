"""Which sources a run is made by, so that an interrupted one is not taken up with other code."""

import shutil
from pathlib import Path

import zoo
from zoo.environment import code_digest
from zoo.recipe import compose


def test_a_run_is_another_once_a_source_of_the_zoo_or_of_a_part_of_ones_own_changes(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    part = tmp_path / "mine" / "parts.py"
    part.write_text("class Part: pass\n")
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "single.py").write_text("class Alone: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = {"model": {"_target_": "mine.parts.Part", "inner": [{"_target_": "single.Alone"}]}}
    first = code_digest(config)
    assert code_digest(config) == first
    assert code_digest({"model": {"_target_": "zoo.models.VAE"}}) == code_digest({}) != first
    part.write_text("class Part: x = 1\n")
    second = code_digest(config)
    assert second != first
    (tmp_path / "single.py").write_text("class Alone: x = 1\n")
    assert code_digest(config) not in {first, second}


def test_the_zoos_own_sources_count(tmp_path, monkeypatch):
    before = code_digest({})
    assert code_digest(compose("dense_vectors").config) == before
    copy = tmp_path / "zoo"
    shutil.copytree(Path(zoo.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("importlib.util.find_spec", _spec_in(copy))
    assert code_digest({}) == before  # wherever they lie
    with (copy / "moments.py").open("a") as file:
        file.write("# another line\n")
    assert code_digest({}) != before


def _spec_in(folder):
    from types import SimpleNamespace

    return lambda name: SimpleNamespace(submodule_search_locations=[str(folder)], origin=str(folder / "__init__.py"))
