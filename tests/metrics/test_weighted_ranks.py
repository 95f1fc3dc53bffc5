"""The ranks behind weighted Spearman, against SciPy's ranks of the repeated values."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from zoo.metrics._weighted import spearman, weighted_ranks

WEIGHTED = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 4)), min_size=2, max_size=12)


@settings(max_examples=100, deadline=None)
@given(WEIGHTED)
def test_ranks_of_weighted_values_are_those_of_the_repeated_values(entries):
    column, _, counts = np.asarray(entries).T
    copies = np.repeat(np.arange(len(column)), counts)
    ranks = weighted_ranks(column.astype(float), counts[None].astype(float))[0]
    np.testing.assert_allclose(ranks[copies], rankdata(column[copies]) if len(copies) else [])


@settings(max_examples=100, deadline=None)
@given(WEIGHTED)
def test_weighted_rho_is_scipys_of_the_repeated_pairs(entries):
    first, second, counts = np.asarray(entries).T.astype(float)
    copies = np.repeat(np.arange(len(first)), counts.astype(int))
    if len(set(first[copies])) < 2 or len(set(second[copies])) < 2:
        return
    values = np.column_stack([first, second])
    (rho,) = spearman(values, counts[None])
    np.testing.assert_allclose(rho, spearmanr(first[copies], second[copies]).statistic, atol=1e-9)
