"""Sweeps: validation rows choose, test rows judge the chosen one only, and each look at them is counted."""

import contextlib
import io
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

import zoo
from zoo.cli.publish import publish
from zoo.errors import InputError
from zoo.launchers.candidate import Candidate
from zoo.launchers.local_processes import LocalProcesses
from zoo.launchers.side_by_side import SideBySide
from zoo.pipeline import Pipeline
from zoo.recipe import compose
from zoo.run import main
from zoo.run_state import RunState, digest
from zoo.stages.choosing import Tried, chosen, passed_over
from zoo.sweep import Sweep
from zoo.types import Report, Score, Verdict

pytestmark = pytest.mark.slow
RECIPE = """
defaults: [dense_vectors, _self_]
name: small
purpose: a sweep in seconds
data: {path: rows.npy}
model: {latent_dim: 3, hidden: [8], terms: null}
train: {epochs: 2, batch_size: 32, steps_per_epoch: 5}
judge: {resamples: 20}
page: {map: pca, rows: 50}
baselines: {untrained: {_target_: zoo.representations.Untrained}}
metrics:
  overlap: {_target_: zoo.metrics.NeighbourOverlap}
  r2: {_target_: zoo.metrics.ReconstructionR2}
gates:
  neighbours: {metric: overlap, beats: [untrained], margin: -2, champion_margin: 2}
"""


IMPOSSIBLE = "gates.neighbours.margin=2"  # not blessed, so nothing is exported, which takes longest


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    random = np.random.default_rng(0)
    np.save("rows.npy", (random.normal(size=(400, 4)) @ random.normal(size=(4, 10))).astype(np.float32))
    Path("small.yaml").write_text(RECIPE)
    return tmp_path


def runs_of(name):
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{Path.cwd()}/mlruns/mlflow.db")
    return client.search_runs([client.get_experiment_by_name(name).experiment_id])


def interrupted_at(pattern, count, command):
    """Runs a command, in a process of its own, until so many files of a pattern are there; returns its status."""
    with subprocess.Popen([sys.executable, "-m", "zoo.run", *command], stdout=subprocess.DEVNULL) as process:
        while len(list(Path().glob(pattern))) < count and process.poll() is None:
            time.sleep(0.002)
        while process.poll() is None:  # Python drops an interrupt that arrives while a callback of TensorFlow's runs
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
    return process.returncode


def test_an_interrupted_sweep_of_seeds_goes_on_and_only_the_chosen_run_meets_the_test_rows(workplace, capsys):
    command = ["recipe=./small.yaml", "--multirun", "model.latent_dim=1,4", "train.seeds=2"]
    assert interrupted_at("mlruns/checkpoints/*/*/seed_*/training.npz", 3, command) == 130
    capsys.readouterr()
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert (
        printed.split("2 of 2: model.")[0].count("taken up at epoch 3") == 2
    )  # both seeds of the first had come to their end
    assert "chosen by overlap: model.latent_dim=4; it alone is judged on the test rows" in printed
    assert printed.count("judging on the") == 1
    assert "these test rows have judged 2 encoders, this one included" in printed
    runs = runs_of("small")
    (parent,) = [run for run in runs if run.data.tags.get("zoo.sweep") == "2"]
    of_sweep = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    left, chosen = sorted((run.data for run in of_sweep), key=lambda data: data.params["model.latent_dim"])
    assert [each.tags["zoo.chosen"] for each in (left, chosen)] == ["False", "True"]
    assert chosen.metrics["validation.encoder.overlap"] > left.metrics["validation.encoder.overlap"]
    assert "encoder.overlap" in chosen.metrics
    assert "encoder.overlap" not in left.metrics
    assert "zoo.test_set" not in left.tags
    assert "zoo.version" not in chosen.tags
    (chosen_run,) = [run for run in of_sweep if run.data.tags["zoo.chosen"] == "True"]
    spec = f"runs:/{chosen_run.info.run_id}"
    assert f"not published: a sweep publishes nothing; `python -m zoo.publish {spec}` does it" in printed
    assert not list(Path("serving/store/small").iterdir())
    assert publish(spec) == 1
    assert "small 1 is registered, in serving/store and now the champion" in capsys.readouterr().out
    assert zoo.load("small").latent_dim == 4
    with pytest.raises(InputError, match="registered already, as small/1"):
        publish(spec)
    assert publish(spec, name="for_all") == 1
    assert zoo.load("for_all").latent_dim == 4
    assert [run.data.tags["zoo.seed"] for run in runs if "zoo.seed" in run.data.tags].count("1") == 2
    assert len(runs) == 1 + 2 + 2 * 2
    card = Path("serving/store/small/1/model_card.md").read_text()
    assert "These test rows have judged 2 encoders" in card
    assert "| overlap | " in card.split("means over 2 seeds")[1]
    assert not list(Path("mlruns/checkpoints").iterdir())


@pytest.mark.long
def test_tables_are_judged_each_by_itself_and_looks_are_counted_whatever_comes_of_them(workplace, capsys):
    np.save("others.npy", np.load("rows.npy")[:300])
    assert main(["recipe=./small.yaml", "--multirun", "data.path=rows.npy,others.npy", IMPOSSIBLE]) == 3
    printed = capsys.readouterr().out
    assert printed.count("these test rows have judged 1 encoder, this one") == 2
    assert "Judged on test rows" in printed
    assert "chosen by" not in printed
    another = ["data.path=others.npy", "name=another"]  # another experiment, the same rows
    beside = ["--jobs", "2", "--max-memory", "100"]
    assert main(["recipe=./small.yaml", "--multirun", "seed=0,1", "choose_by=loss", *beside, *another, IMPOSSIBLE]) == 3
    printed = capsys.readouterr().out
    assert printed.count(": trained in ") == 2
    assert printed.count("taken up at epoch 3") == 2
    assert "the runs differ in their seed only" in printed
    assert "train.seeds=2 judges their mean" in printed
    assert "chosen by validation loss" in printed
    assert "these test rows have judged 2 encoders, this one included" in printed


def test_a_candidate_with_other_data_than_the_sweep_has_read_is_refused(workplace):
    """As on a machine with another copy of the data, or of the zoo."""
    said, recipe = [], compose("./small.yaml")
    pipeline = Pipeline(recipe, Console(quiet=True))
    known = digest(*pipeline.identity(recipe.build("data").load()))
    np.save("rows.npy", np.load("rows.npy") + 1)
    one = Candidate(recipe, "one", RunState(workplace), "no run", known)
    SideBySide(LocalProcesses(), 2).train([one], said.append)
    assert len(said) == 1
    assert "the data or the code are not the sweep's" in said[0]


@pytest.mark.long
def test_a_sweep_on_ray_chooses_what_one_by_one_is_chosen(workplace, capsys):
    pytest.importorskip("ray", reason="needs Ray: pip install 'encoder-zoo[ray]'")

    def scores(*options):
        command = ["recipe=./small.yaml", "--multirun", "model.latent_dim=1,4,2", IMPOSSIBLE, *options]
        assert main(command) == 3
        printed = capsys.readouterr().out
        assert "chosen by overlap: model.latent_dim=4; it alone is judged" in printed
        name = next((each.partition("=")[2] for each in options if each.startswith("name=")), "small")
        tried = [run.data for run in runs_of(name) if "zoo.chosen" in run.data.tags]
        return printed, {data.params["model.latent_dim"]: data.metrics["validation.encoder.overlap"] for data in tried}

    _, alone = scores()
    printed, on_ray = scores("name=other", "--launcher", "ray", "--jobs", "2", "--max-memory", "100")
    assert printed.count(": trained in ") == 3
    assert printed.count("taken up at epoch 3") == 3
    assert "training 3 candidates, 2 at once on Ray" in printed
    assert len(on_ray) == 3
    assert on_ray == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--jobs", "2"], "--launcher and --address are of a sweep, whose candidates they train: add --multirun"),
        (["--launcher", "ray"], "--launcher and --address are of a sweep, whose candidates they train: add --multirun"),
        (["--multirun", "--address", "auto"], "--address is that of a Ray cluster: add --launcher ray"),
        (["--multirun", "--jobs", "0"], "'0' is not a number above 0"),
        (["--multirun", "--max-memory", "nan"], "'nan' is not a number above 0"),
    ],
)
def test_options_of_a_sweep_that_cannot_be_are_refused(options, what, workplace, capsys):
    try:
        status = main(["recipe=./small.yaml", *options])
    except SystemExit as ended:  # argparse's way
        status = ended.code
    assert status == 2
    assert what in capsys.readouterr().err


def test_seeds_are_judged_together_in_child_runs_and_the_typical_one_is_released(workplace, capsys):
    result = zoo.run("./small.yaml", "train.seeds=3", "judge.resamples=50", IMPOSSIBLE)
    printed = capsys.readouterr().out
    assert "model 3 of 3: seed 2" in printed
    assert "(released)" in printed
    assert "chance to beat untrained" in printed
    assert "these test rows have judged 3 encoders" in printed
    points = result.report.seeds["overlap"]
    assert result.report.scores["encoder"]["overlap"].value == pytest.approx(np.mean(points))
    assert len(set(points)) == 3
    runs = runs_of("small")
    (parent,) = [run for run in runs if "zoo.seed" not in run.data.tags]
    children = sorted((run for run in runs if run is not parent), key=lambda run: run.data.tags["zoo.seed"])
    assert [run.data.tags["zoo.seed"] for run in children] == ["0", "1", "2"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert [run.data.metrics["encoder.overlap"] for run in children] == pytest.approx(points)
    assert parent.data.metrics["encoder.overlap"] == pytest.approx(np.mean(points))
    assert parent.data.metrics["seeds.encoder.overlap.std"] == pytest.approx(np.std(points, ddof=1))
    assert 0 <= parent.data.metrics["seeds.chance_to_beat_untrained.overlap"] <= 1
    losses = [min(run.data.metrics["val_loss"], np.inf) for run in children]
    released = [run.data.tags["zoo.released"] for run in children].index("True")
    assert result.report.released == released
    # what is released is what was judged as that seed
    table = compose("./small.yaml").build("data").load()
    alone = zoo.run("./small.yaml", f"seed={released}", IMPOSSIBLE, "name=alone", quiet=True)
    np.testing.assert_allclose(result.encoder.encode(table.features), alone.encoder.encode(table.features), atol=1e-5)
    assert alone.report.scores["encoder"]["overlap"].value == pytest.approx(points[released], abs=1e-6)
    assert sorted(losses)[1] == losses[released]


@pytest.mark.long
def test_folds_are_judged_together_and_every_gate_must_hold_over_them(workplace, capsys):
    possible = ["train.folds=2", "judge.resamples=50"]
    result = zoo.run("./small.yaml", *possible, "gates.neighbours.margin=2")
    assert [gate.gate for gate in result.verdict.gates] == ["neighbours", "neighbours (2 folds)"]
    assert "over 2 folds: neighbours: overlap against untrained" in capsys.readouterr().out
    of_folds = result.verdict.gates[1]
    (parent,) = [run for run in runs_of("small") if "zoo.fold" not in run.data.tags]
    children = [run for run in runs_of("small") if "zoo.fold" in run.data.tags]
    scores = [run.data.metrics["encoder.overlap"] for run in children]
    assert of_folds.encoder.value == pytest.approx(np.mean(scores))
    assert of_folds.encoder.low < of_folds.encoder.value < of_folds.encoder.high
    assert parent.data.metrics["folds.encoder_minus_untrained.overlap"] == pytest.approx(of_folds.difference.value)


def trial(loss, why=None, **values):
    scores = {name: value if value is None else Score(value, value, value, 9) for name, value in values.items()}
    directions = {"overlap": True, "nll": False, "ratio": None, "sts": True}
    return Tried(Report({"encoder": scores}, {}, {}, {}, directions, 0.95, 10, reasons={"encoder": why or {}}), loss)


def test_candidates_that_would_not_be_judged_alike_are_refused_before_anything_is_done(workplace, capsys):
    assert main(["recipe=./small.yaml", "--multirun", "gates.neighbours.margin=0,1", "judge.resamples=20,30"]) == 2
    said = capsys.readouterr().err
    assert (
        "small: gates.neighbours.margin=0 judge.resamples=20 and gates.neighbours.margin=0 judge.resamples=30" in said
    )
    assert "differ in judge. Runs of one name and the same data are candidates for one place" in said
    assert not Path("mlruns").exists()


def test_what_judges_does_not_choose_and_why_is_said(workplace):
    pairs = "+metrics.sts={_target_: zoo.metrics.PairSimilarity, path: p.csv, held_out: false}"
    gates = [
        "gates.neighbours=null",
        "+gates.a={metric: sts, beats: [untrained]}",
        "+gates.b={metric: overlap, at_least: 0}",
    ]
    recipe = compose("./small.yaml", [pairs, *gates])
    trials = [trial(1.0, overlap=0.2, sts=0.9), trial(2.0, overlap=0.3, sts=0.1)]
    assert chosen(recipe, trials) == (1, "overlap")
    (note,) = passed_over(recipe, trials, "overlap")
    assert "sts does not choose: it asks the same whichever rows are held out" in note
    named = compose("./small.yaml", ["choose_by=overlap"])
    absent = [trial(2.0, {"overlap": "no row is held out"}, overlap=None)]
    assert chosen(named, absent) == (0, "loss")
    (note,) = passed_over(named, absent, "loss")
    assert note == "overlap does not choose: it has no value on the validation rows: no row is held out"


def test_what_was_judged_on_other_data_is_judged_again_and_tables_are_kept(workplace, monkeypatch):
    """Takes a sweep up whose group was judged, without training it."""
    console, met = Console(file=io.StringIO(), width=150), []

    def judged(sweep, *_):
        met.append(1)
        sweep._show("a table")
        report = Report({"encoder": {"overlap": Score(0.5, 0.4, float("nan"), 9)}}, {}, {}, {}, {}, 0.95, 10)
        return "model.latent_dim=1", SimpleNamespace(report=report, verdict=Verdict(False, ()), run_id="a run")

    monkeypatch.setattr(Sweep, "_group", judged)
    state = RunState(workplace)

    def taken_up():
        sweep = Sweep([compose("./small.yaml", [f"model.latent_dim={size}"]) for size in (1, 2)], console)
        row = sweep._once([0, 1], state, SimpleNamespace(run_id="parent"))
        return len(met), row.outcome, row.scores["overlap"].low, sweep._tables

    first = taken_up()
    assert first == taken_up() == (1, "not blessed", 0.4, ["a table\n"])
    np.save("rows.npy", np.load("rows.npy")[:300])
    assert taken_up()[0] == 2


def test_a_metric_that_validation_rows_cannot_have_gives_way_to_the_next(workplace):
    both = "+gates.likelihood={metric: nll, beats: [untrained]}"
    nll = "+metrics.nll={_target_: zoo.metrics.NegativeLogLikelihood}"
    recipe = compose("./small.yaml", [nll, both])
    assert "choose_by: null" in recipe.yaml()
    trials = [trial(2.0, overlap=0.1, nll=80.0), trial(1.0, overlap=0.2, nll=90.0)]
    assert chosen(recipe, trials) == (1, "overlap")
    assert chosen(compose("./small.yaml", [nll, both, "choose_by=nll"]), trials) == (0, "nll")
    assert chosen(compose("./small.yaml", ["choose_by=loss"]), trials) == (1, "loss")
    absent = [trial(2.0, overlap=None, nll=80.0), trial(1.0, overlap=None, nll=90.0)]
    assert chosen(recipe, absent) == (0, "nll")
    broken = [trial(float("nan"), overlap=float("nan"), nll=None), trial(3.0, overlap=None, nll=None)]
    assert chosen(recipe, broken) == (1, "loss")
    assert chosen(recipe, [trial(1.0, overlap=0.2, nll=1), trial(1.0, overlap=0.2, nll=0)]) == (0, "overlap")
