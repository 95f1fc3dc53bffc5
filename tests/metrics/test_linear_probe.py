"""The probe against scikit-learn's parts, put together by hand."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from zoo.metrics.linear_probe import LinearProbe


def expected_answers(classes, known, with_mean=True):
    rows = classes.features[known.train].astype(np.float64)
    mean, deviation = rows.mean(axis=0) * with_mean, rows.std(axis=0)
    probe = LogisticRegression(max_iter=5000, tol=1e-8).fit((rows - mean) / deviation, classes.labels[known.train])
    return probe.predict((classes.features[known.test] - mean) / deviation) == classes.labels[known.test]


def test_it_is_logistic_regression_on_codes_standardised_by_the_training_rows(classes, known, raw):
    values = LinearProbe().values(raw.on(classes), classes)
    np.testing.assert_array_equal(values, expected_answers(classes, known))
    assert 0.5 < values.mean() < 1
    np.testing.assert_array_equal(LinearProbe(queries=20).values(raw.on(classes), classes), values[:20])


def test_sparse_rows_are_scaled_but_not_centred(classes, known, raw):
    table = replace(classes, features=sparse.csr_array(classes.features))
    np.testing.assert_array_equal(
        LinearProbe().values(raw.on(table), table), expected_answers(classes, known, with_mean=False)
    )


def test_scales_of_the_columns_do_not_matter(classes, raw, codes):
    scaled = codes(lambda rows: rows * np.float32([1, 1e3, 1e-3, 5, 1, 1]) + 7)
    np.testing.assert_array_equal(
        LinearProbe().values(scaled.on(classes), classes), LinearProbe().values(raw.on(classes), classes)
    )


def test_it_says_nothing_about_convergence_and_a_strong_penalty_changes_answers(classes, raw):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = LinearProbe(iterations=1).values(raw.on(classes), classes)
    assert (values != LinearProbe().values(raw.on(classes), classes)).any()
    weak = LinearProbe(inverse_penalty=1e-6).values(raw.on(classes), classes)
    assert weak.mean() < LinearProbe().values(raw.on(classes), classes).mean()


def test_a_table_judged_on_its_training_rows_is_cross_validated(classes, known, raw):
    table = replace(classes, train=classes.test)
    values = LinearProbe().values(raw.on(table), table)
    assert len(values) == len(known.test)
    assert 0.5 < values.mean() < 1


def test_it_does_not_apply_without_labels_or_two_classes(classes, raw):
    assert LinearProbe().values(raw, replace(classes, labels=None)) is None
    assert LinearProbe().values(raw, replace(classes, train=classes.train[:0])) is None
    single = replace(classes, labels=np.zeros(400, int))
    assert LinearProbe().values(raw, single) is None
    assert not len(LinearProbe().row_numbers(single))
    assert "of one class, so that every answer is right" in LinearProbe().shortage(single)


def test_codes_that_are_not_finite_have_no_accuracy(classes, codes, once):
    assert np.isnan(once(LinearProbe(), codes(lambda rows: rows * np.inf), classes))


def test_random_labels_give_chance(classes, raw, once, rng):
    assert once(LinearProbe(), raw, replace(classes, labels=rng.integers(0, 4, 400))) == pytest.approx(0.25, abs=0.12)
