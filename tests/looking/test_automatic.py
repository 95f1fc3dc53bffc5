"""`recipe=auto`: what `zoo new` would write, run at once, from files and from rows in memory."""

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.cli.automatic import automatic
from zoo.errors import InputError, RecipeError


def test_a_file_and_overrides_of_what_comes_out(files):
    recipe = automatic([f"data.path={files / 'papers.parquet'}", "train.epochs=3", "name=mine"])
    config = recipe.config
    assert recipe.name == "mine"
    assert "defaults: [dense_vectors, _self_]" in recipe.written
    assert (config["train"]["epochs"], config["data"]["label_column"]) == (3, "field")
    other = automatic([f"data.path={files / 'papers.parquet'}", "data.label_column=null", "data.key_column=null"])
    assert (other.config["data"]["label_column"], other.config["data"]["key_column"]) == (None, None)


def test_rows_in_memory(rng):
    rows = rng.normal(size=(300, 8)).astype(np.float32)
    plain = automatic([], rows)
    assert plain.config["model"]["latent_dim"] == 2
    labelled = automatic([], rows, np.arange(300) % 3, [f"row {number}" for number in range(300)])
    assert "linear_probe" in labelled.config["metrics"]
    splits = labelled.build("data").load()
    assert (splits.width, sorted(set(splits.labels.tolist())), splits.keys[7]) == (8, [0, 1, 2], "row 7")
    odd = automatic([], rows, (np.arange(300) % 50 == 0).astype(int))
    assert odd.config["data"]["_target_"] == "zoo.data.OneClass"
    frame = pd.DataFrame(rows, columns=list("abcdefgh")).assign(species=np.tile(["x", "y", "z"], 100))
    splits = automatic(["data.test=0.3"], frame).build("data").load()
    assert (splits.width, set(splits.labels.tolist())) == (8, {"x", "y", "z"})


def test_what_is_wrong_is_said(files):
    with pytest.raises(InputError, match=r"say data\.path=FILE"):
        automatic(["train.epochs=2"])
    with pytest.raises(RecipeError, match=r"auto, which is dense_vectors here:\s+train.epoch: unknown key"):
        automatic([f"data.path={files / 'rows.npy'}", "train.epoch=2"])
    with pytest.raises(InputError, match="label=spezies: no such column; did you mean 'species'"):
        automatic([f"data.path={files / 'measured.csv'}", "data.label_column=spezies"])


@pytest.mark.slow
def test_a_run_keeps_the_recipe_that_was_written_for_the_data(files, tmp_path, monkeypatch, capsys, store_here):
    monkeypatch.chdir(tmp_path)
    few = ["train.epochs=1", "train.steps_per_epoch=2", "judge.resamples=20", "page=null"]
    result = zoo.run("auto", *few, **{"data.path": str(files / "measured.csv")})
    assert "defaults: [dense_vectors, _self_]" in capsys.readouterr().out
    assert result.encoder.encode(pd.read_csv(files / "measured.csv")[["a", "b", "c", "d"]]).shape == (400, 2)
    with store_here() as mlflow:
        kept = mlflow.artifacts.load_text(f"runs:/{result.run_id}/recipe_written_for_the_data.yaml")
    assert "label_column: species" in kept
