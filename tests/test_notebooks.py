"""The tutorials run from the first cell to the last, in one process; `make test` runs the shortest of them."""

import importlib.util
import json

import pytest
from documents import ROOT

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
ALWAYS = {"words"}


@pytest.fixture(scope="module")
def notebooks():
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / ".ci/notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_one_for_each_tutorial_and_they_are_small():
    named = {"words", "own_table", "images", "records_and_matching", "anomalies", "serving", "mlflow"}
    assert named <= {path.stem for path in NOTEBOOKS}
    for path in NOTEBOOKS:
        assert path.stat().st_size < 30_000, f"{path.name}: fewer outputs"


def test_a_cell_shows_what_it_prints_and_the_value_of_its_last_line(notebooks, tmp_path):
    sources = ["# Title", "a = 2\nprint('said')\na * 21", "a = a + 1", "print(a)\nNone"]
    cells = [{"cell_type": "markdown" if text.startswith("#") else "code", "source": [text]} for text in sources]
    path = tmp_path / "some.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    shown = [cell["outputs"] for cell in notebooks.run(path)["cells"][1:]]
    assert [["".join(output["text"]) for output in outputs] for outputs in shown] == [["said\n42"], [], ["3"]]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in ALWAYS else [pytest.mark.long])
        for path in NOTEBOOKS
    ],
)
def test_it_runs(path, notebooks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    notebooks.run(path)
