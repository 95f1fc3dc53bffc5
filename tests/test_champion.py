"""A champion is compared complete: with the likelihood that only the Keras model of its run can give."""

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
metrics:
  nll: {_target_: zoo.metrics.NegativeLogLikelihood, samples: 5, rows: 30}
gates:
  neighbours: null
  likelihood: {metric: nll, beats: [untrained], margin: -1000}
"""


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
    assert second.promoted

    splits = compose("./dense_nll.yaml").build("data").load()
    tracker = Tracker()
    assert isinstance(load_champion(tracker, "dense_nll", splits)[0], HasLikelihood)
    tracker.run_file("dense_nll", 2, "model.keras").write_bytes(b"of another version")
    champion, obstacle = load_champion(tracker, "dense_nll", splits)
    assert isinstance(champion, EncodedTable)  # as it was exported
    assert not isinstance(champion, HasLikelihood)
    assert not obstacle
    tracker.run_file("dense_nll", 2, "model.keras").unlink()
    assert tracker.run_file("dense_nll", 2, "model.keras") is None
    assert load_champion(tracker, "dense_nll", splits)[1] == ""
