"""The zoo as scikit-learn's estimators; its own checks of them are in test_sklearn_checks.py."""

import pickle
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline

import zoo
from zoo.sklearn import AnomalyDetector, EncoderTransformer

TINY = {"train.batch_size": 16, "model": {"hidden": [8]}}


@pytest.fixture(autouse=True)
def nothing_is_left_or_said(tmp_path, monkeypatch, capfd):
    """No estimator prints, or writes into the working directory."""
    monkeypatch.chdir(tmp_path)
    yield
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.glob("mlruns"))
    assert not list(tmp_path.glob("serving"))


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def searched(iris):
    """A pipeline whose width of code was chosen between two, and fitted again on all rows."""
    rows, flowers = iris
    pipeline = make_pipeline(
        EncoderTransformer(epochs=4, overrides=TINY).set_output(transform="pandas"), LogisticRegression()
    )
    order = np.random.default_rng(0).permutation(150)
    widths = {"encodertransformer__latent_dim": [1, 3]}
    return GridSearchCV(pipeline, widths, cv=[(order[:100], order[100:])]).fit(rows, flowers)


def test_a_grid_search_over_a_pipeline_chooses_the_width_of_the_code(searched, iris):
    rows, flowers = iris
    assert searched.best_params_ == {"encodertransformer__latent_dim": 3}
    assert searched.best_score_ > 0.7  # by chance it is a third
    pipeline = searched.best_estimator_
    assert pipeline.score(rows, flowers) > 0.7
    encoder = pipeline[0]
    assert encoder.n_features_in_ == 4
    assert encoder.feature_names_in_.tolist() == list(rows.columns)
    codes = encoder.transform(rows)
    assert isinstance(codes, pd.DataFrame)
    assert codes.columns.tolist() == [f"encodertransformer{place}" for place in range(3)]
    np.testing.assert_array_equal(codes, encoder.encoder_.encode(rows[rows.columns[::-1]]))  # which goes by names
    back = encoder.inverse_transform(codes)
    np.testing.assert_array_equal(back, encoder.encoder_.reconstruct(rows))
    assert np.square(back - rows).to_numpy().sum() < 0.3 * np.square(rows - rows.mean()).to_numpy().sum()


def test_what_was_fitted_survives_a_pickle_and_clones_are_not_fitted(searched, iris, tmp_path):
    rows, _ = iris
    encoder = searched.best_estimator_[0]
    before = set(Path(tempfile.gettempdir()).glob("zoo-*"))
    again = pickle.loads(pickle.dumps(searched)).best_estimator_[0]  # noqa: S301  it is our own
    np.testing.assert_allclose(again.transform(rows), encoder.transform(rows), rtol=1e-5, atol=1e-6)
    assert again.get_params() == encoder.get_params()
    saved = zoo.load(again.encoder_.save(tmp_path / "saved"))
    np.testing.assert_array_equal(saved.encode(rows), again.transform(rows))
    assert (tmp_path / "saved" / "recipe.yaml").is_file()
    del again
    assert len(set(Path(tempfile.gettempdir()).glob("zoo-*")) - before) <= 1  # the first encoder's own
    with pytest.raises(NotFittedError):
        clone(encoder).transform(rows)


def test_shared_random_generators_stay_as_they_were(iris):
    rows = iris[0].to_numpy()[:40]
    shared, own = np.random.get_state()[1:], random.getstate()
    fitted = EncoderTransformer(latent_dim=2, epochs=1, overrides="model.hidden=[4]").fit(rows)
    np.testing.assert_equal(np.random.get_state()[1:], shared)
    assert random.getstate() == own
    assert fitted.notes_ == ("36 training rows do not fill a batch of 256: trained with train.batch_size=9",)


@pytest.fixture(scope="module")
def table():
    """120 rows of three groups and 4 that lie apart."""
    draw = np.random.default_rng(0)
    rows = np.concatenate([draw.normal(size=(40, 3)) + centre for centre in (0, 8, [8, 0, 0])])
    return np.concatenate([rows, [[20, 20, 20], [-9, 4, 0], [4, -9, 3], [0, 0, 30]]])


@pytest.fixture(scope="module")
def detector(table):
    overrides = {"model.hidden": [4], "model.nearest": 3}
    return AnomalyDetector(contamination=0.05, epochs=1, latent_dim=2, overrides=overrides, validation=0).fit(table)


def places(detector, table, rows):
    """What rows are compared by: standardised, and beside that twice what the reconstruction misses."""
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    residual = (rows - detector.encoder_.reconstruct(rows)) / deviation
    return np.concatenate([(rows - mean) / deviation, 2 * residual], axis=1)


def test_scores_are_mean_distances_to_other_training_rows(detector, table):
    known = places(detector, table, table)
    index = NearestNeighbors().fit(known)
    # without an argument, scikit-learn leaves each row out of its own neighbours
    alone = index.kneighbors(n_neighbors=3)[0].mean(axis=1)
    np.testing.assert_allclose(detector.decision_scores_, alone, rtol=1e-3)
    threshold = np.percentile(alone, 95)
    assert detector.threshold_ == pytest.approx(threshold, rel=1e-3)
    assert detector.offset_ == -detector.threshold_
    assert detector.encoder_.threshold == detector.threshold_
    np.testing.assert_array_equal(detector.labels_, alone > threshold)
    assert detector.labels_.sum() == 7  # .05 of 124 are 6.2
    assert detector.labels_[-4:].all()
    new = np.random.default_rng(1).normal(size=(50, 3)) * 2
    scores = index.kneighbors(places(detector, table, new), n_neighbors=3)[0].mean(axis=1)
    np.testing.assert_allclose(-detector.score_samples(new), scores, rtol=1e-3)
    np.testing.assert_allclose(detector.decision_function(new), threshold - scores, atol=1e-3 * scores.max())
    assert detector.score_samples(new).dtype == np.float64
    assert set(detector.predict(new)) == {-1, 1}
    np.testing.assert_array_equal(detector.predict(new) == -1, scores > threshold)
    np.testing.assert_array_equal(detector.encoder_.is_anomalous(new), scores > threshold)


def test_a_detector_survives_a_pickle(detector, table):
    again = pickle.loads(pickle.dumps(detector))  # noqa: S301  it is our own
    np.testing.assert_allclose(again.score_samples(table), detector.score_samples(table), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(again.encoder_.is_anomalous(table + 1), again.predict(table + 1) == -1)


def test_anomalies_that_lie_together_are_found(table):
    crowd = np.concatenate([table[:120], [[20.0, 20.0, 0.0]] + np.random.default_rng(2).normal(size=(12, 3)) * 0.01])
    detector = AnomalyDetector(contamination=0.1, epochs=1, overrides="model.hidden=[4]", random_state=None)
    found = detector.fit_predict(crowd)
    assert set(found) == {-1, 1}
    assert (found[120:] == -1).all()
    np.testing.assert_array_equal(found == -1, detector.labels_ == 1)


@pytest.mark.parametrize(
    ("estimator", "rows", "message"),
    [
        (EncoderTransformer(), [[1.0, 2.0]], "1 sample"),
        (EncoderTransformer(), [[1.0, np.nan], [0.0, 1.0]], "NaN"),
        (EncoderTransformer(), [[1e39, 1.0], [0.0, 1.0]], "too large"),
        (EncoderTransformer("dense_vector"), None, "did you mean 'dense_vectors'"),
        (EncoderTransformer(latent_dim=0), None, "model.latent_dim"),
        (EncoderTransformer(overrides={"train.epoch": 1}), None, "did you mean 'epochs'"),
        (EncoderTransformer("vae_mnist"), None, "images are wanted"),
        (EncoderTransformer(validation=1.0), None, "validation=1.0"),
        (EncoderTransformer(random_state="x"), None, "cannot be used to seed"),
        (AnomalyDetector(contamination=0.6), None, "contamination=0.6"),
    ],
    ids=str,
)
def test_what_cannot_be_fitted_is_a_value_error(estimator, rows, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit([[1.0, 2.0], [0.0, 1.0]] if rows is None else rows)


def test_labels_that_say_nothing_of_anomalies_are_refused():
    with pytest.raises(ValueError, match=r"y is 0 or 1 .* and has 2"):
        AnomalyDetector(judge=True).fit([[1.0, 2.0], [0.0, 1.0]], [0, 2])


def test_rows_and_codes_of_another_width_are_value_errors(searched, iris):
    encoder = searched.best_estimator_[0]
    with pytest.raises(ValueError, match="X has 3 features, but EncoderTransformer is expecting 4 features"):
        encoder.transform(iris[0].to_numpy()[:, :3])
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(iris[0].rename(columns=str.upper))
    with pytest.raises(ValueError, match=r"takes rows \[n, 3\], not \[2, 4\]"):
        encoder.inverse_transform(np.zeros((2, 4)))


def test_importing_it_does_not_import_tensorflow():
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, zoo.sklearn; assert not {'tensorflow', 'keras', 'mlflow'} & set(sys.modules)",
        ],
        check=True,
        env={"PYTHONPATH": str(Path(zoo.__file__).parents[1])},
    )
