"""A champion is compared complete: with the likelihood that only the Keras model of its run can give."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo.recipe import compose
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.champion import load_champion
from zoo.tracking.tracker import Tracker
from zoo.types import HasLikelihood

pytestmark = pytest.mark.slow
RECIPE = """
defaults: [dense_vectors, _self_]
name: dense_nll
purpose: a gate on a likelihood
data: {path: rows.npy}
model:
  _target_: zoo.models.VAE
  latent_dim: 2
  hidden: [8]
  terms: null
  preprocess: {length: null}
train: {epochs: 3, batch_size: 16, steps_per_epoch: 10, learning_rate: 0.01}
judge: {resamples: 20}
page: {map: pca, rows: 50}
metrics:
  nll: {_target_: zoo.metrics.NegativeLogLikelihood, samples: 5, rows: 30}
  rate: {_target_: zoo.metrics.RatePerDimension}
  active: {_target_: zoo.metrics.ActiveUnits}
gates:
  neighbours: null
  likelihood: {metric: nll, beats: [untrained], margin: -1000}
  alive: {metric: active, at_least: 0}
"""


def of_first_nll(first):
    return first.report.scores["encoder"]["nll"].value


@pytest.mark.long
def test_a_gate_on_a_likelihood_compares_with_the_champions_and_does_not_block_for_ever(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    random = np.random.default_rng(0)
    np.save("rows.npy", (random.normal(size=(300, 2)) @ random.normal(size=(2, 8))).astype(np.float32))
    (tmp_path / "dense_nll.yaml").write_text(RECIPE)
    first = zoo.run("./dense_nll.yaml", quiet=True)
    assert first.promoted
    second = zoo.run("./dense_nll.yaml", "seed=1", "train.epochs=20", quiet=True)
    assert second.verdict.champion == "champion"
    assert not [note for note in second.verdict.champion_notes if note.startswith("nll")]
    of_champion, of_first = (report.scores[name]["nll"] for report, name in (
        (second.report, "champion"), (first.report, "encoder")))  # fmt: skip
    assert of_champion.value == pytest.approx(of_first.value, rel=1e-3)
    assert second.report.differences["champion"]["nll"].value > 0
    for metric in ("rate", "active"):  # what an exported encoder cannot give
        of_champion, of_first = second.report.scores["champion"][metric], first.report.scores["encoder"][metric]
        assert of_champion.value == pytest.approx(of_first.value, rel=1e-3, abs=1e-6)
    assert second.promoted
    assert [result.metric for result in second.verdict.champion_gates] == ["active", "nll"]
    assert second.verdict.champion_gates[1].required == pytest.approx(-max(1, abs(of_first_nll(first))) / 100)

    splits = compose("./dense_nll.yaml").build("data").load()
    tracker = Tracker()
    assert isinstance(load_champion(tracker, "dense_nll", splits, 2).representation, HasLikelihood)
    tracker.run_file("dense_nll", 2, "model.keras").write_bytes(b"of another version")
    champion = load_champion(tracker, "dense_nll", splits, 2)
    assert isinstance(champion.representation, EncodedTable)  # as it was exported
    assert not isinstance(champion.representation, HasLikelihood)
    assert not champion.obstacle
    tracker.run_file("dense_nll", 2, "model.keras").unlink()
    assert tracker.run_file("dense_nll", 2, "model.keras") is None
    assert not load_champion(tracker, "dense_nll", splits, 2).obstacle

    assert not load_champion(tracker, "dense_nll", splits, 2).notes
    moved = dataclasses.replace(splits, train=splits.test, test=splits.train[:50])
    (note,) = load_champion(tracker, "dense_nll", moved, 2).notes
    assert "the champion (version 2) was trained or chosen on 50 of today's 50 test rows" in note
    again = dataclasses.replace(splits, test=splits.train)  # a table too small to split: today's encoder sees them too
    assert not load_champion(tracker, "dense_nll", again, 2).notes
    tracker.run_file("dense_nll", 2, "training_keys.npy").unlink()
    assert "has kept no record" in load_champion(tracker, "dense_nll", splits, 2).notes[0]
