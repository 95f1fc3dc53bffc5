"""scikit-learn's own checks of the zoo's estimators, which fit each of them dozens of times, and whole runs by them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.utils.estimator_checks import check_estimator

from zoo.sklearn import AnomalyDetector, EncoderTransformer

TINY = {"train.batch_size": 16, "train.steps_per_epoch": 2, "model.hidden": [4]}
# A training row finds itself at distance 0 among the rows that the detector keeps, when it is handed in as a new one;
# what is said of the training rows themselves (fit_predict) leaves each out of its own neighbours. These two checks
# want both to be the same, which scikit-learn spares its own LocalOutlierFactor.
OF_TRAINING_ROWS = {
    "check_outliers_train": "predict takes training rows for new ones, see AnomalyDetector",
    "check_outliers_fit_predict": "fit_predict does not take training rows for new ones, see AnomalyDetector",
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (EncoderTransformer(latent_dim=2, epochs=1, overrides=TINY), {}),
        (AnomalyDetector(latent_dim=2, epochs=1, overrides=TINY), OF_TRAINING_ROWS),
    ],
    ids=["transformer", "detector"],
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass(estimator, expected):
    results = check_estimator(estimator, expected_failed_checks=expected, on_skip=None, on_fail=None)
    failed = {each["check_name"]: each["exception"] for each in results if each["status"] == "failed"}
    assert failed == {}
    assert len(results) > 40
    assert {each["check_name"] for each in results if each["status"] == "xfail"} == set(expected)


@pytest.mark.long
def test_judged_estimators_are_whole_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fast = {**TINY, "page": None, "publish": False, "judge": {"resamples": 50}}
    rows, classes = make_blobs(300, 6, random_state=0)
    encoder = EncoderTransformer(latent_dim=2, epochs=2, overrides=fast, judge=True).fit(rows, classes)
    assert {"encoder", "pca"} <= set(encoder.result_.report.scores)
    assert encoder.encoder_ is encoder.result_.encoder
    assert encoder.transform(rows).shape == (300, 2)
    again = pickle.loads(pickle.dumps(encoder))  # noqa: S301  it is our own
    assert again.result_.run_id == encoder.result_.run_id
    np.testing.assert_allclose(again.transform(rows), encoder.transform(rows), rtol=1e-5, atol=1e-6)

    odd = np.random.default_rng(0).uniform(-20, 20, size=(20, 6))
    rows, sides = np.concatenate([rows, odd]), np.repeat([1, -1], [300, 20])
    detector = AnomalyDetector(latent_dim=2, epochs=2, overrides=fast, judge=True).fit(rows, sides)
    assert detector.result_.report.scores["encoder"]["auroc"].value > 0.9
    assert detector.threshold_ == detector.encoder_.threshold == -detector.offset_
    np.testing.assert_array_equal(detector.predict(rows) == -1, detector.labels_ == 1)
    assert detector.labels_[300:].mean() > 0.9
    assert detector.labels_[:300].mean() < 0.15
    assert capsys.readouterr().out == ""


@pytest.mark.long
def test_records_are_taken_as_they_are(rng):
    names = ["ann", "bob", "carl", "dora"]
    towns, ages = rng.choice(["ulm", "rom"], 60), rng.normal(size=60)
    frame = pd.DataFrame({"name": rng.choice(names, 60), "town": towns, "age": ages})
    encoder = EncoderTransformer("records_table", epochs=1, overrides={"train.batch_size": 16}).fit(frame)
    assert encoder.n_features_in_ == 3
    assert encoder.feature_names_in_.tolist() == ["name", "town", "age"]
    assert encoder.transform(frame).shape == (60, encoder.encoder_.latent_dim)
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(frame[["name", "town"]])
