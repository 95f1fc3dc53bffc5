"""UMAP's cross-entropy against its formula in NumPy."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.objectives.neighbour_preserving import NeighbourPreserving  # noqa: E402


def by_hand(code, view, a, b, negatives):
    """Float64 on q itself, not on logarithms: -log q of the neighbour, -log(1 - q) of the others' neighbours."""
    q = 1 / (1 + a * cdist(code.astype(np.float64), view.astype(np.float64)) ** (2 * b))
    others = ~np.eye(len(code), dtype=bool)
    apart = np.asarray([-np.log(1 - q[i, others[i]]).mean() for i in range(len(code))])
    return -np.log(np.diag(q)) + negatives * apart


@pytest.mark.parametrize("scale", [0.3, 1.0, 20.0])
def test_the_term_is_what_its_formula_says(scale, rng):
    code = (scale * rng.normal(size=(12, 3))).astype(np.float32)
    view = (code + 0.3 * scale * rng.normal(size=code.shape)).astype(np.float32)
    term = NeighbourPreserving(2.0, negatives=3.0)
    got = term(None, code, view)
    assert got.shape == (12,)
    np.testing.assert_allclose(got, 2 * by_hand(code, view, term.a, term.b, 3.0), rtol=2e-3, atol=1e-4)
    attraction = NeighbourPreserving(negatives=0.0)(None, code, view)
    np.testing.assert_allclose(attraction, by_hand(code, view, term.a, term.b, 0.0), rtol=2e-3, atol=1e-4)


def test_neighbours_attract_and_other_rows_repel(rng):
    code = tf.Variable([[0.0, 0.0], [1.0, 0.0]])
    view = tf.constant([[0.0, 1.0], [1.0, 1.0]])
    for negatives, moves_to_its_neighbour in ((0.0, True), (50.0, False)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(NeighbourPreserving(negatives=negatives)(None, code, view))
        step = -np.asarray(tape.gradient(loss, code))
        assert (step[0, 1] > 0) == moves_to_its_neighbour
        if not moves_to_its_neighbour:
            assert step[0, 0] < 0  # away from the other's neighbour at x = 1
            assert step[1, 0] > 0


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("size", [0.0, 1.0, 1e3])
def test_equal_codes_give_finite_values_and_gradients(count, size):
    code, view = tf.Variable(tf.fill((count, 3), size)), tf.Variable(tf.fill((count, 3), size))
    with tf.GradientTape() as tape:
        each = NeighbourPreserving()(None, code, view)
    assert np.isfinite(each).all()
    for gradient in tape.gradient(each, [code, view]):
        assert np.isfinite(np.asarray(gradient)).all()


def test_codes_far_apart_give_finite_gradients():
    code = tf.Variable(np.asarray([[0, 0], [1e6, 0]], np.float32))
    with tf.GradientTape() as tape:
        each = NeighbourPreserving()(None, code, code[::-1])
    assert np.isfinite(each).all()
    assert np.isfinite(np.asarray(tape.gradient(each, code))).all()


def test_a_row_alone_is_only_attracted(rng):
    code, view = rng.normal(size=(2, 1, 3)).astype(np.float32)
    term = NeighbourPreserving()
    distance = np.linalg.norm(code[0] - view[0])
    np.testing.assert_allclose(term(None, code, view), [np.log1p(term.a * distance ** (2 * term.b))], rtol=1e-3)


def test_clusters_form_where_neighbours_are(rng):
    """Free codes of two cliques, moved by the term alone, end as two groups."""
    labels = np.arange(40) % 2
    code = tf.Variable(0.1 * rng.normal(size=(40, 2)).astype(np.float32))
    term = NeighbourPreserving()
    for _ in range(150):
        partners = [rng.choice(np.flatnonzero(labels == label)) for label in labels]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(term(None, code, tf.gather(code, partners)))
        gradient = tf.convert_to_tensor(tape.gradient(loss, code))
        code.assign_sub(4.0 * tf.clip_by_value(gradient, -0.1, 0.1))
    between = cdist(np.asarray(code), np.asarray(code))
    np.fill_diagonal(between, np.inf)
    assert (labels[between.argmin(axis=1)] == labels).mean() > 0.9


def test_it_wants_a_neighbour_from_a_graph_of_so_many():
    assert NeighbourPreserving(neighbours=9).view == "neighbour"
    assert NeighbourPreserving(neighbours=9).neighbours == 9


def test_wrong_arguments_are_refused():
    for arguments in ({"weight": -1}, {"negatives": -1.0}):
        with pytest.raises(ValueError, match="must not be negative"):
            NeighbourPreserving(**arguments)
    for min_dist, spread in ((1.5, 1.0), (-0.1, 1.0)):
        with pytest.raises(ValueError, match="min_dist must lie between"):
            NeighbourPreserving(min_dist=min_dist, spread=spread)
