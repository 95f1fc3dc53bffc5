"""The command line's own errors; runs that train are in test_end_to_end.py."""

import pytest
import yaml

import zoo
from zoo.__main__ import main as zoo_main
from zoo.run import main


def error_of(arguments, capsys):
    status = main(arguments)
    return status, capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["train.epochs=3"], ["recipe="], ["recipe=a", "recipe=b"]])
def test_exactly_one_recipe_must_be_named(arguments, capsys):
    status, message = error_of(arguments, capsys)
    assert status == 2
    assert "vae_word2vec" in message


def test_a_misspelt_recipe_key_is_named(capsys):
    assert main(["recpe=vae_word2vec"]) == 2
    assert "recpe=: did you mean recipe=? say which recipe, such as" in capsys.readouterr().err
    assert main(["conv_digits"]) == 2
    assert "say which recipe, such as recipe=conv_digits;" in capsys.readouterr().err


def test_unknown_option_ends_with_status_2(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["recipe=vae_word2vec", "--multi"])
    assert caught.value.code == 2
    assert "--multi" in capsys.readouterr().err


def test_missing_data_ends_with_status_2_before_tensorflow_is_needed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vectors.bin").write_bytes(b"")
    status, message = error_of(["recipe=vae_word2vec", f"data.path={tmp_path}/vector.bin"], capsys)
    assert status == 2
    assert "vectors.bin" in message
    assert error_of(["recipe=vae_word2vec", f"data.path={tmp_path}/vectors.bin"], capsys)[0] == 2


def test_a_gate_on_a_metric_that_ranks_none_ends_with_status_2_before_training(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    compactness = "+metrics.compactness={_target_: zoo.metrics.DaviesBouldin}"
    assert main(["recipe=conv_digits", compactness, "+gates.tight={metric: compactness, beats: [pca]}"]) == 2
    assert "gates.tight: compactness describes an encoder and ranks none" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["choose_by=knn_acuracy"], "choose_by: no metric 'knn_acuracy', nor loss; did you mean 'knn_accuracy'?"),
        (["train.seeds=0"], "train.seeds: 0"),
        (["gates.neighbours.champion_margin=-1"], "gates.neighbours.champion_margin: -1"),
        (["seed=4294967295", "train.seeds=2"], "the last seed must be below 4294967296"),
        (
            ["+metrics.tight={_target_: zoo.metrics.DaviesBouldin}", "choose_by=tight"],
            "choose_by=tight: it describes an encoder and ranks none",
        ),
        (
            ["+metrics.sts={_target_: zoo.metrics.PairSimilarity, path: p.csv, held_out: false}", "choose_by=sts"],
            "choose_by=sts: it asks the same rows, pairs or queries whichever rows are held out",
        ),
    ],
)
def test_what_cannot_be_trained_or_chosen_by_is_said_before_training(overrides, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, error = error_of(["recipe=conv_digits", *overrides], capsys)
    assert status == 2
    assert message in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["export.store", "tracking.uri"])
def test_folders_that_cannot_be_written_are_found_before_training(key, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    value = f"{tmp_path}/file/store" if key == "export.store" else f"sqlite:///{tmp_path}/file/mlflow.db"
    status, message = error_of(["recipe=vae_word2vec", f"{key}={value}"], capsys)
    assert status == 2
    assert "cannot be written to" in message
    assert key.split("=")[0] in message


def test_a_sweep_is_checked_whole_before_anything_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, message = error_of(["recipe=vae_word2vec", "--multirun", "model.latent_dim=16,0"], capsys)
    assert status == 2
    assert "model.latent_dim: 0" in message
    assert not list(tmp_path.iterdir())


def test_console_script_hands_on_to_the_commands(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["zoo"])
    assert zoo_main() == 0
    assert "run" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["zoo", "rn"])
    assert zoo_main() == 2
    assert "did you mean 'run'?" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["zoo", "run", "recipe=nothing"])
    assert zoo_main() == 2
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["zoo", "serve"])
    with pytest.raises(SystemExit, match="2"):
        zoo_main()  # in a folder without a store
    assert "--store DIR" in capsys.readouterr().err


def test_public_names_are_those_of_all():
    assert set(zoo.__all__) == {
        "Encoder",
        "compare",
        "deduplicate",
        "encode",
        "judge",
        "list_recipes",
        "load",
        "match",
        "run",
    }
    assert all(callable(getattr(zoo, name)) for name in zoo.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        zoo.lod  # noqa: B018


def test_a_sweep_may_go_over_recipes(capsys):
    assert main(["recipe=vae_word2vec,dense_word2vec", "--multirun", "seed=0,1", "--cfg", "job"]) == 0
    composed = [yaml.safe_load(each) for each in capsys.readouterr().out.split("\n---\n")]
    found = [(each["name"], each["seed"]) for each in composed]
    assert found == [("vae_word2vec", 0), ("vae_word2vec", 1), ("dense_word2vec", 0), ("dense_word2vec", 1)]
    assert error_of(["recipe=vae_word2vec,dense_word2vec"], capsys)[0] == 2
