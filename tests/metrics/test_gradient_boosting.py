"""Boosted trees against scikit-learn's, put together by hand."""

from dataclasses import replace

import numpy as np
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier

from zoo.metrics.gradient_boosting import GradientBoosting


def test_it_is_scikit_learns_fitted_to_training_rows(classes, known, raw):
    features = classes.features.astype(np.float32)
    different = len(np.unique(classes.labels[known.train]))
    rounds = min(100, 60 // (different if different > 2 else 1))
    trees = HistGradientBoostingClassifier(max_iter=rounds, random_state=0)
    trees.fit(features[known.train], classes.labels[known.train])
    wanted = trees.predict(features[known.test]) == classes.labels[known.test]
    values = GradientBoosting(trees=60).values(raw.on(classes), classes)
    np.testing.assert_array_equal(values, wanted)
    assert 0.4 < values.mean() < 1
    table = replace(classes, features=sparse.csr_array(classes.features))
    np.testing.assert_array_equal(GradientBoosting(trees=60).values(raw.on(table), table), values)
    assert GradientBoosting(widest=2).values(raw.on(table), table) is None


def test_it_does_not_apply_without_labels_or_two_classes(classes, raw):
    assert GradientBoosting().values(raw, replace(classes, labels=None)) is None
    assert GradientBoosting().values(raw, replace(classes, train=classes.train[:0])) is None
