"""Cross-validation and sparse recipes as a user runs them: real data, a real store, real SavedModels."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.run import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workplace")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.mark.long
def test_folds_are_child_runs_with_mean_and_spread_in_the_parent(workplace, capsys):
    import mlflow

    overrides = [
        "train.folds=2",
        "train.epochs=1",
        "train.steps_per_epoch=2",
        "judge.resamples=50",
        "~gates",
        *(f"~baselines.{name}" for name in ("raw", "pca_whitened", "patches", "untrained")),
        "page=null",
    ]
    assert main(["recipe=conv_digits", *overrides]) == 3
    printed = capsys.readouterr().out
    assert "Mean and standard deviation over 2 folds" in printed
    client = mlflow.MlflowClient(f"sqlite:///{Path.cwd()}/mlruns/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("conv_digits").experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.data.tags["zoo.fold"] for run in children} == {"1", "2"}
    for name in ("encoder.knn_accuracy", "pca.linear_probe"):
        scores = [run.data.metrics[name] for run in children]
        assert parent.data.metrics[f"folds.{name}.mean"] == pytest.approx(np.mean(scores))
        assert parent.data.metrics[f"folds.{name}.std"] == pytest.approx(np.std(scores, ddof=1))


@pytest.mark.long
def test_records_train_are_registered_and_served_from_strings(workplace, store_here):
    small = [
        "data.dataset=febrl1",
        "train.epochs=2",
        "model.bottleneck.latent_dim=8",
        "judge.resamples=50",
        "page=null",
    ]
    gates = [f"gates.{name}.margin=-2" for name in ("nearest", "matches", "nearest_kept")]
    result = zoo.run("softmax_onehot", *small, *gates, quiet=True)
    assert result.verdict.blessed
    fields = list(result.encoder.kind.categories)
    frame = pd.DataFrame([dict.fromkeys(fields, "nobody"), dict.fromkeys(fields)])
    codes = result.encoder.encode(frame)
    assert codes.shape == (2, 8)
    assert np.abs(codes[0] - codes[1]).max() > 1e-4  # unknown is not missing
    np.testing.assert_allclose(zoo.load("softmax_onehot").encode(frame.to_dict("records")), codes, atol=1e-6)
    with store_here() as mlflow:
        model = mlflow.pyfunc.load_model("models:/softmax_onehot@champion")
    np.testing.assert_allclose(model.predict(frame.fillna("")), codes, atol=1e-6)
    read = frame.replace({None: np.nan})  # as pandas reads an empty cell
    np.testing.assert_allclose(model.predict(read.astype(object)), codes, atol=1e-6)
