"""Whole runs: real data, real training, a real MLflow store, real SavedModels."""

import contextlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

import zoo
from zoo.__main__ import main as of_zoo
from zoo.cli.serve import linked_store
from zoo.data.word_vectors import WordVectors
from zoo.errors import InputError, ZooError
from zoo.export.store import Store
from zoo.run import main
from zoo.tracking.tracker import Tracker

pytestmark = pytest.mark.slow
TINY = f"recipe={Path(__file__).parent / 'recipes' / 'tiny.yaml'}"
PAGELESS = "page=null"  # a third of a run this small
IMPOSSIBLE = "gates.similarity.margin=1.9"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with one blessed run in it."""
    folder = tmp_path_factory.mktemp("workplace")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def first(workplace):
    return zoo.run(TINY.removeprefix("recipe="), quiet=True)


def command(*arguments):
    """What a command of `zoo` prints; it must succeed."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "argv", ["zoo", *arguments])
        assert of_zoo() == 0
    return printed.getvalue()


@pytest.fixture
def client(first):
    mlflow = pytest.importorskip("mlflow")
    return mlflow.MlflowClient(f"sqlite:///{Path.cwd()}/mlruns/mlflow.db")


def versions(folder=Path("serving/store/tiny")):
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def leftovers(folder=Path("serving/store/tiny")):
    return [path.name for path in folder.iterdir() if not path.name.isdigit()]


def wait_for_the_export(done=None):
    """Waits for the second folder of a candidate: the first is that of the rehearsal."""
    seen = set()
    while len(seen) < 2 and not (done and done.is_set()):
        seen.update(name for name in leftovers() if not name.endswith(".lock"))
        time.sleep(0.001)


def registered(client):
    return sorted(int(each.version) for each in client.search_model_versions("name='tiny'"))


def champion(client):
    return int(client.get_model_version_by_alias("tiny", "champion").version)


def start(folder, *overrides):
    command = [sys.executable, "-m", "zoo.run", TINY, PAGELESS, *overrides]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_blessed_run_is_registered_exported_and_returned(first, client):
    assert first.verdict.blessed
    assert first.report.scores["encoder"]["active_units"].value > 5
    assert first.promoted
    assert first.version == 1
    assert first.directory == Path("serving/store/tiny/1")
    assert champion(client) == 1
    free = {"raw", "pca", "pca_whitened", "untrained"}
    assert set(first.report.scores) == {"encoder", *free}
    assert first.report.scores["encoder"]["active_units"].value <= 10
    assert first.report.scores["raw"]["overlap_at_10"].value == 1
    assert first.report.scores["raw"]["active_units"] is None
    assert first.encoder.latent_dim == 10
    assert not leftovers()
    assert json.loads((first.directory / "verdict.json").read_text())["blessed"] is True
    assert (first.directory / "BLESSED").is_file()
    assert (first.directory / "INFRA_BLESSED").is_file()
    card = (first.directory / "model_card.md").read_text()
    score = first.report.scores["encoder"]["overlap_at_10"]
    assert f"| encoder | 10 | 40 | {first.report.scores['encoder']['wordsim353']} |" in card
    assert str(score) in card
    assert all(f"| {gate.gate} | {gate.metric} | {gate.against} |" in card for gate in first.verdict.gates)
    assert first.run_id in card
    assert yaml.safe_load((first.directory / "recipe.yaml").read_text())["model"]["latent_dim"] == 10
    beside = first.directory / "assets.extra"
    assert (beside / "report.html").read_bytes() == Path(first.page).read_bytes()
    assert Path(first.page).is_absolute()
    assert "Could not be drawn" not in (beside / "report.html").read_text()
    assert pq.read_table(beside / "map.parquet").num_rows == len(set(pq.read_table(beside / "map.parquet")["key"]))


def test_the_run_is_tracked_whole(first, client):
    run = client.get_run(first.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["model.latent_dim"] == "10"
    assert run.data.params["model.terms.cosines.weight"]
    assert run.data.tags["zoo.blessed"] == "True"
    assert len(run.data.tags["zoo.data.fingerprint"]) >= 32
    assert run.data.tags["zoo.version.tensorflow"]
    assert len(client.get_metric_history(first.run_id, "val_distortion")) == 2  # epochs
    for metric in ("encoder.wordsim353", "raw.wordsim353.low", "encoder_minus_pca.overlap_at_10.high"):
        assert np.isfinite(run.data.metrics[metric])
    files = {each.path for each in client.list_artifacts(first.run_id)}
    assert {
        "recipe.yaml",
        "data.json",
        "report.json",
        "verdict.json",
        "model.keras",
        "report.html",
        "map.parquet",
    } <= files


def test_what_is_there_is_listed_and_shown_as_it_can_be_loaded(first, capsys):
    listed = command("list", "encoders", "runs")
    assert re.search(r"^tiny +1 +1 +10 ", listed, re.MULTILINE)
    assert re.search(rf"^tiny@latest +blessed +runs:/{first.run_id} +1 ", listed, re.MULTILINE)
    shown = command("show", "tiny")
    assert "tiny is blessed" in shown
    assert "code" in shown
    assert f"{first.report.scores['encoder']['overlap_at_10'].value:.3f}" in shown
    assert "neighbours: {beats" in command("show", TINY)  # the recipe's own file
    for arguments, message in ((["list", "runz"], "did you mean 'runs'"), (["show", "tinny"], "did you mean 'tiny'")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["zoo", *arguments])
            assert of_zoo() == 2
        assert message in capsys.readouterr().err


def test_encoders_are_served_under_their_names_and_versions(first):
    store = linked_store([f"runs:/{first.run_id}"])
    assert [str(path.relative_to(store.path).parent) for path in store.path.glob("*/*/saved_model.pb")] == ["tiny/1"]
    with pytest.raises(InputError, match="another tiny 1 is to be served"):
        linked_store(["tiny", str(first.directory)])


def test_every_way_to_load_gives_the_same_codes(first, workplace):
    vectors = WordVectors(limit=50).load().features
    expected = first.encoder.encode(vectors)
    assert expected.dtype == np.float32
    assert expected.shape == (50, 10)
    ways = [
        "tiny",
        "tiny@champion",
        "tiny/1",
        "models:/tiny/1",
        "serving/store/tiny/1",
        workplace / "serving/store/tiny",
    ]
    for way in ways:
        np.testing.assert_allclose(zoo.load(way).encode(vectors), expected, atol=1e-6)
    words = ["king", "president", "the"]
    splits = WordVectors(limit=3000).load()
    rows = [list(splits.keys).index(word) for word in words]
    np.testing.assert_allclose(
        zoo.load("tiny").encode_words(words), first.encoder.encode(splits.features[rows]), atol=1e-6
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("tinny", "did you mean 'tiny'"),
        ("tiny/99", "versions: "),
        ("tiny@stable", "aliases: "),
        ("./nowhere", "no exported encoder there"),
    ],
)
def test_loading_what_is_not_there_says_what_is(spec, expected, first):
    with pytest.raises(InputError, match=expected):
        zoo.load(spec)


def test_mlflow_predicts_from_arrays_and_frames_without_pickled_code(first, client, store_here):
    vectors = WordVectors(limit=20).load().features
    expected = first.encoder.encode(vectors)
    uri = client.get_model_version("tiny", "1")
    with store_here() as mlflow:
        model = mlflow.pyfunc.load_model("models:/tiny@champion")
        folder = Path(mlflow.artifacts.download_artifacts("models:/tiny@champion"))
    for rows in (vectors, vectors.astype(np.float64), pd.DataFrame(vectors), pd.DataFrame(vectors.astype(float))):
        np.testing.assert_allclose(model.predict(rows), expected, atol=1e-6)
    whole = np.round(vectors).astype(np.int64)
    np.testing.assert_allclose(model.predict(whole), first.encoder.encode(whole), atol=1e-6)
    assert len(model.metadata.get_input_schema().inputs) == 50
    assert (folder / "input_example.json").is_file()
    assert uri.run_id == first.run_id
    assert not [path for path in folder.rglob("*") if path.suffix in {".pkl", ".pickle"}]


def test_the_saved_model_is_documented_by_its_signatures(first):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(first.directory)).signatures
    encode = signatures["serving_default"]
    assert list(encode.structured_input_signature[1]) == ["vector"]
    assert encode.structured_input_signature[1]["vector"].shape.as_list() == [None, 50]
    assert encode.structured_outputs["embedding"].shape.as_list() == [None, 10]
    assert signatures["reconstruct"].structured_outputs["reconstruction"].shape.as_list() == [None, 50]


def test_not_blessed_is_logged_but_neither_registered_nor_exported(first, client, capsys):
    before = versions()
    collapsing = ["model.weight=100", "model.terms.cosines.weight=0", "train.learning_rate=0.05", "train.epochs=10"]
    assert main([TINY, IMPOSSIBLE, *collapsing]) == 3
    printed = capsys.readouterr().out
    assert "not blessed" in printed
    assert "of 10 dimensions say anything; the posterior has collapsed. Lower model.weight" in printed
    assert "the lower bound must exceed 1.9" in printed
    assert "dimensions are dead: mend that first" in printed
    assert "Not blessed" in Path(re.search(r"^report +(.+)$", printed, re.MULTILINE)[1]).read_text()
    assert versions() == before
    assert not leftovers()
    assert champion(client) == 1
    run = client.search_runs([client.get_experiment_by_name("tiny").experiment_id], max_results=1)[0]
    assert run.data.tags["zoo.blessed"] == "False"


def test_a_worse_encoder_becomes_a_version_but_not_the_champion(first, client, capsys):
    assert main([TINY, PAGELESS, "train.learning_rate=1e-9", "gates.similarity.margin=-2"]) == 0
    printed = capsys.readouterr().out
    assert "the champion stays" in printed
    assert "overlap_at_10 is worse than the champion's by -0." in printed
    assert champion(client) == 1
    assert versions() == [1]  # a server would give it to requests that name no version
    assert "python -m zoo.push tiny/2 target=serving/store" in printed
    assert zoo.load("tiny/2").latent_dim == 10


@pytest.mark.long
def test_an_encoder_in_eight_bits_is_judged_and_exported_as_such(first, client):
    result = zoo.run(
        TINY.removeprefix("recipe="), PAGELESS, "name=tiny8", "export.precision=int8", "export.output=int8",
        "export.onnx=true", "model.false_alarm_rate=0.1", quiet=True,
    )  # fmt: skip
    assert result.verdict.blessed
    rows = WordVectors(limit=3000).load()
    codes = result.encoder.encode(rows.take(rows.validation))
    steps = codes / np.float32(result.encoder.code_scale)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert np.abs(steps).max() <= 127
    assert "| code | 10 numbers, int8 |" in (result.directory / "model_card.md").read_text()
    assert (result.directory / "assets.extra" / "encoder.onnx").is_file()
    # the threshold fits the rounded weights: as many validation rows lie above it as the split-conformal rank leaves
    above, count = int(result.encoder.is_anomalous(rows.take(rows.validation)).sum()), len(rows.validation)
    assert above == count - np.ceil((count + 1) * 0.9)
    sizes = [
        sum(path.stat().st_size for path in (each / "variables").iterdir())
        for each in (first.directory, result.directory)
    ]
    assert sizes[1] < sizes[0]


@pytest.mark.long
def test_the_same_seed_gives_the_same_encoder_and_another_seed_another(first, workplace):
    vectors = WordVectors(limit=50).load().features
    again = zoo.run(TINY.removeprefix("recipe="), PAGELESS, "~gates", quiet=True)
    other = zoo.run(TINY.removeprefix("recipe="), PAGELESS, "~gates", "seed=1", quiet=True)
    assert again.verdict.reasons == (
        "the recipe has no gate, so nothing shows that the encoder is better than what is free",
    )
    np.testing.assert_allclose(again.encoder.encode(vectors), first.encoder.encode(vectors), atol=1e-6)
    assert np.abs(other.encoder.encode(vectors) - first.encoder.encode(vectors)).max() > 0.01
    words = again.encoder.encode_words(["the"])  # not exported: the vocabulary is in memory
    np.testing.assert_allclose(words, again.encoder.encode(vectors[:1]), atol=1e-6)


@pytest.mark.long
def test_a_sweep_has_a_parent_run_and_a_table(first, client, capsys):
    assert main([TINY, PAGELESS, "--multirun", "model.latent_dim=4,6", "train.epochs=1"]) == 0
    printed = capsys.readouterr().out
    assert "model.latent_dim=4" in printed
    assert "model.latent_dim=6" in printed
    runs = client.search_runs([client.get_experiment_by_name("tiny").experiment_id])
    (parent,) = [run for run in runs if run.data.tags.get("zoo.sweep") == "2"]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.data.params["model.latent_dim"] for run in children} == {"4", "6"}
    assert "sweep.txt" in {each.path for each in client.list_artifacts(parent.info.run_id)}


def test_a_code_wider_than_the_rows_is_allowed_with_a_warning(first, capsys):
    assert main([TINY, PAGELESS, "model.latent_dim=60", "train.epochs=1", "name=wide"]) == 0
    assert "latent_dim 60 is not smaller than the 50 columns" in capsys.readouterr().out


def test_input_that_no_training_could_use_ends_with_status_2(first, capsys, tmp_path):
    assert main([TINY, "model.preprocess.shrink.directions=50"]) == 2
    assert "cannot shrink 50 directions of rows of width 50" in capsys.readouterr().err
    assert not leftovers()


def test_a_store_and_a_registry_that_do_not_belong_together_are_refused(first, tmp_path, capsys):
    assert main([TINY, f"tracking.uri=sqlite:///{tmp_path}/other.db"]) == 2
    assert "they do not belong together" in capsys.readouterr().err


def test_ones_own_vectors_without_the_judged_words_are_not_blessed(first, tmp_path, capsys):
    table = np.random.default_rng(0).normal(size=(600, 12)).astype(np.float32)
    np.save(tmp_path / "items.npy", table)
    (tmp_path / "items.txt").write_text("\n".join(f"item{i}" for i in range(600)))
    own = [f"data.path={tmp_path}/items.npy", f"data.vocabulary={tmp_path}/items.txt", "name=items"]
    assert main([TINY, PAGELESS, *own, "train.batch_size=64", "model.latent_dim=4"]) == 3
    assert "wordsim353 against untrained could not be measured" in capsys.readouterr().out


def test_a_full_disk_while_exporting_leaves_no_version_and_the_next_run_works(first, client):
    recipe = TINY.removeprefix("recipe=")
    before, known = versions(), registered(client)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_when_the_export_starts():
        wait_for_the_export()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))  # from here on, writing a file any larger fails

    watcher = threading.Thread(target=fill_when_the_export_starts, daemon=True)
    watcher.start()
    try:
        with pytest.raises(ZooError):
            zoo.run(recipe, PAGELESS, "train.epochs=1", quiet=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert versions() == before
    assert not leftovers()
    assert registered(client) == known
    assert zoo.run(recipe, PAGELESS, "train.epochs=1", quiet=True).version == max(known) + 1


def test_interrupting_the_export_leaves_no_version(first, workplace, client):
    before, known = versions(), registered(client)
    done = threading.Event()

    def interrupt_when_the_export_starts():
        wait_for_the_export(done)
        while not done.is_set():  # Python drops an interrupt that arrives while a callback of TensorFlow's runs
            os.kill(os.getpid(), signal.SIGINT)
            done.wait(5)

    watcher = threading.Thread(target=interrupt_when_the_export_starts, daemon=True)
    watcher.start()
    try:
        assert main([TINY, PAGELESS, "train.epochs=1", "seed=5"]) == 130
    finally:
        done.set()
    assert versions() == before
    assert not leftovers()
    assert registered(client) == known
    experiment = client.get_experiment_by_name("tiny").experiment_id
    assert client.search_runs([experiment], max_results=1)[0].info.status == "KILLED"
    assert main([TINY, PAGELESS, "train.epochs=1", "seed=5"]) == 0  # training is not repeated, the export is
    assert client.search_runs([experiment], max_results=1)[0].info.status == "FINISHED"


@pytest.mark.long
def test_a_killed_run_goes_on_where_it_was_and_ends_as_if_it_had_not_been(first, workplace, client, capsys):
    overrides = ["train.epochs=12", "seed=7"]
    killed = start(workplace, *overrides)
    for line in killed.stdout:
        if line.startswith("epoch 4/"):
            killed.send_signal(signal.SIGKILL)
            break
    assert killed.wait() == -signal.SIGKILL
    killed.stdout.close()
    assert main([TINY, PAGELESS, *overrides]) == 0
    epochs = [line.split("/")[0] for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    assert epochs[0] in {"epoch 4", "epoch 5"}  # the kill may have come before epoch 4 was saved
    assert epochs[-1] == "epoch 12"
    whole = zoo.run(TINY.removeprefix("recipe="), PAGELESS, *overrides, "~gates", quiet=True)
    vectors = WordVectors(limit=50).load().features
    np.testing.assert_allclose(
        zoo.load(f"tiny/{registered(client)[-1]}").encode(vectors), whole.encoder.encode(vectors), atol=1e-5
    )


@pytest.mark.long
def test_two_runs_at_once_both_land(tmp_path, monkeypatch):
    other = start(tmp_path)
    until = []
    while not until or (until[-1] and not until[-1].startswith("trying the export")):  # both end at about one time
        until.append(other.stdout.readline())
    monkeypatch.chdir(tmp_path)
    assert main([TINY, PAGELESS]) == 0
    printed = "".join(until) + other.communicate(timeout=300)[0]
    assert other.returncode == 0, printed
    for chatter in ("WARNING", "I0000", "absl", "oneDNN", "UserWarning", "INFO"):
        assert chatter not in printed
    assert versions(tmp_path / "serving/store/tiny") == [1, 2]
    assert not leftovers(tmp_path / "serving/store/tiny")
    assert not list((tmp_path / "mlruns/checkpoints").iterdir())
    champion = Tracker(f"sqlite:///{tmp_path}/mlruns/mlflow.db").champion_version("tiny")
    assert Store(tmp_path / "serving/store").labels("tiny")["stable"] == champion
