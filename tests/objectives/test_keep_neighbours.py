import numpy as np
import pytest
from scipy.special import rel_entr, softmax
from sklearn.metrics.pairwise import cosine_similarity

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.objectives.keep_neighbours import KeepNeighbours  # noqa: E402


def by_hand(target, code, temperature, scale=1.0):
    wanted, found = cosine_similarity(target) / temperature, scale * cosine_similarity(code) / temperature
    for each in (wanted, found):
        np.fill_diagonal(each, -np.inf)
    return rel_entr(softmax(wanted, axis=1), softmax(found, axis=1)).sum(axis=1)


@pytest.fixture
def rows(rng):
    return rng.normal(size=(20, 6)).astype(np.float32)


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.05])
def test_the_term_is_the_divergence_that_its_formula_says(temperature, rows, rng):
    code = rng.normal(size=(20, 4)).astype(np.float32)
    term = KeepNeighbours(2.5, temperature)
    wide, short = rows.astype(float), code.astype(float)
    np.testing.assert_allclose(term(rows, code), 2.5 * by_hand(wide, short, temperature), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(term(5 * rows, 0.1 * code), term(rows, code), rtol=1e-3)  # cosines know no length
    np.testing.assert_allclose(term(rows, rows), np.zeros(20), atol=1e-5)
    nested = KeepNeighbours(2.5, temperature, nested=[1, 2])
    parts = [by_hand(wide, short[:, :count], temperature) for count in (4, 1, 2)]
    np.testing.assert_allclose(nested(rows, code), 2.5 * np.mean(parts, axis=0), rtol=1e-3, atol=1e-5)


def test_the_scale_of_the_codes_cosines_is_learnt(rows):
    term = KeepNeighbours(1.0, 0.2)
    assert [each.path.split("/")[-1] for each in term.trainable_variables] == ["log_scale"]
    term.log_scale.assign(np.log(2.0))
    expected = by_hand(rows.astype(float), rows.astype(float), 0.2, scale=2.0)
    np.testing.assert_allclose(term(rows, rows), expected, rtol=1e-3, atol=1e-5)


def test_a_row_alone_and_rows_of_zeros_give_a_finite_term(rows):
    np.testing.assert_array_equal(KeepNeighbours()(rows[:1], rows[:1, :2]), [0])
    assert np.isfinite(np.asarray(KeepNeighbours()(np.zeros((4, 3), np.float32), rows[:4]))).all()


def test_wrong_arguments_are_refused(rows):
    for arguments, said in (((-1,), "negative"), ((1, 0), "positive")):
        with pytest.raises(ValueError, match=said):
            KeepNeighbours(*arguments)
    with pytest.raises(ValueError, match="the code has 6 dimensions"):
        KeepNeighbours(nested=[7])(rows, rows)
