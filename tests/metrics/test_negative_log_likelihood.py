"""The mean of what a generative model says, with its sign turned."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from zoo.metrics.negative_log_likelihood import NegativeLogLikelihood


def test_it_is_minus_the_mean_log_likelihood_of_the_first_held_out_rows(classes, codes, once):
    asked = []

    def likelihoods(rows, samples, seed):
        asked.append((len(rows), samples, seed))
        return norm.logpdf(rows).sum(axis=1).astype(np.float32)

    metric = NegativeLogLikelihood(samples=64, rows=70, seed=3)
    rows = classes.features[classes.test[:70]]
    expected = 0.5 * (rows**2).sum(axis=1).mean() + 3 * np.log(2 * np.pi)  # 6 columns of a standard normal
    assert once(metric, codes(likelihoods=likelihoods), classes) == pytest.approx(expected, rel=1e-5)
    assert asked == [(70, 64, 3)]
    assert metric.higher_is_better is False


def test_it_applies_to_generative_models_with_held_out_rows_only(classes, raw, codes):
    assert NegativeLogLikelihood().values(raw, classes) is None
    generative = codes(likelihoods=lambda rows, samples, seed: np.zeros(len(rows)))
    assert NegativeLogLikelihood().values(generative, replace(classes, test=classes.test[:0])) is None
