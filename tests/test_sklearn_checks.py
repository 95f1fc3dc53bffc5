"""scikit-learn's own checks of estimators; they fit each some eighty times."""

import pytest
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
