"""Fields with places of their own in the code: cosines are evidence-weighted means, and gaps say nothing."""

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.sparse import csr_array, random_array

from zoo.networks import FieldEncoders
from zoo.networks._copy_directions import shared_out, spread
from zoo.networks._kept_cosines import Steps, keep_cosines
from zoo.rows._cells import padded
from zoo.types import TableSchema


@pytest.fixture
def encoder():
    network = FieldEncoders(6, {"name": 8, "town": 5}, {"name": 3.0, "town": 1.0})
    network.build((None, 13))
    return network


def codes_of(network, dense):
    return np.asarray(network(padded(csr_array(np.asarray(dense, np.float32)))))


def test_the_cosine_is_the_mean_of_the_fields_cosines_weighted_by_their_evidence(encoder, rng):
    rows = rng.poisson(0.8, size=(2, 13)) + np.eye(13)[[0, 1]] + np.eye(13)[[9, 10]]
    one, other = codes_of(encoder, rows)
    assert encoder.places == {"name": (0, 4), "town": (4, 6)}
    cosines = []
    for start, end in encoder.places.values():
        sizes = np.linalg.norm(one[start:end]) * np.linalg.norm(other[start:end])
        cosines.append(one[start:end] @ other[start:end] / sizes)
    whole = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    assert whole == pytest.approx(0.75 * cosines[0] + 0.25 * cosines[1], abs=1e-6)
    table = np.asarray(encoder.directions)
    np.testing.assert_allclose(one[:4] / np.linalg.norm(one[:4]), _unit(rows[0, :8] @ table[:8, :4]), atol=1e-5)


def _unit(vector):
    return vector / np.linalg.norm(vector)


def test_a_field_that_says_nothing_adds_nothing(encoder):
    codes = codes_of(encoder, [[1, 2] + [0] * 11, [0] * 13, [1, 2] + [0] * 6 + [1] + [0] * 4])
    np.testing.assert_array_equal(codes[0, 4:], 0)
    np.testing.assert_array_equal(codes[1], 0)
    np.testing.assert_array_equal(codes[2, :4], codes[0, :4])
    assert codes[0] @ codes[2] == pytest.approx(0.75, abs=1e-6)  # as much as the name's evidence


def test_fields_come_from_the_table_and_must_fit():
    network = FieldEncoders(3)
    network.apply_schema(TableSchema((13,), True, None, {"name": (8, 2.0), "town": (5, 1.0)}))
    network.build((None, 13))
    assert network.places == {"name": (0, 2), "town": (2, 3)}
    with pytest.raises(ValueError, match="13 columns, the rows 12"):
        FieldEncoders(3, {"a": 13}).build((None, 12))
    with pytest.raises(ValueError, match="2 fields do not fit into a code of 1"):
        FieldEncoders(1, {"a": 6, "b": 6}).build((None, 12))
    with pytest.raises(ValueError, match="the fields are not known"):
        FieldEncoders(3).build((None, 12))


def test_directions_are_the_generalised_eigenvectors_of_rows_and_errors(rng):
    rows = csr_array(random_array((200, 12), density=0.5, rng=rng, data_sampler=lambda size: rng.integers(1, 4, size)))
    copies = csr_array(rows.toarray() * (rng.random((200, 12)) < 0.8) + np.eye(12)[rng.integers(12, size=200)])
    field = spread(rows, copies, 11)
    found = field.axes @ field.leading(3)

    weights = np.log(201 / (1 + (rows.toarray() > 0).sum(axis=0))) + 1
    first, second = (each.toarray() * weights for each in (rows, copies))
    first, second = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (first, second))
    axes = np.linalg.svd(first, full_matrices=False)[2][:11]
    error = (second - first) @ axes.T
    within = error.T @ error / 200
    within += np.eye(11) * (1e-3 * np.trace(within) / 11 + 1e-6)
    values, vectors = eigh(np.cov((first @ axes.T).T), within)
    for place in range(3):
        wanted = weights * (axes.T @ vectors[:, -1 - place])
        cosine = wanted @ found[:, place] / (np.linalg.norm(wanted) * np.linalg.norm(found[:, place]))
        assert abs(cosine) == pytest.approx(1, abs=1e-3)
        scale = np.linalg.norm(found[:, place]) / np.linalg.norm(wanted)
        assert scale == pytest.approx(np.sqrt(values[-1 - place] / (1 + values[-1 - place])), rel=1e-2)


def test_directions_of_next_to_nothing_are_there():
    empty = csr_array((5, 4))
    nothing = spread(empty, empty, 9)
    assert not nothing.rows.nnz
    assert not nothing.codes.any()
    one = csr_array(np.eye(4)[[1]])
    alone = spread(one, one, 9)
    assert (alone.axes @ alone.leading(2))[1].tolist() == [1, 0]
    same = csr_array(np.ones((5, 4)))
    assert np.isfinite(spread(same, same, 9).leading(3)).all()


def test_what_the_axes_leave_out_keeps_its_cosines_along_random_directions(rng):
    rows = csr_array(rng.random((50, 200)) * (rng.random((50, 200)) < 0.1))
    field = spread(rows, rows, 4)
    beyond = field.beyond(400)
    axes = field.axes / field.weights[:, None]
    np.testing.assert_allclose(axes.T @ (beyond / field.weights[:, None]), 0, atol=1e-5)
    unit = rows.toarray() * field.weights
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    left = unit - unit @ axes @ axes.T
    found = (unit / field.weights) @ beyond
    np.testing.assert_allclose(found @ found.T, left @ left.T, atol=0.2)
    assert np.square(found).sum() == pytest.approx(np.square(left).sum(), rel=0.1)
    sized = field.codes @ field.sized(field.leading(3))
    assert np.square(sized).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)


def test_runs_of_characters_that_no_training_row_has_say_something_all_the_same(rng):
    known = csr_array(
        np.hstack([rng.poisson(1.0, (40, 10)) + np.eye(10)[rng.integers(10, size=40)], np.zeros((40, 5))])
    )
    codes = {}
    for beyond in (0.0, 0.5):
        network = FieldEncoders(4, {"name": 15}, {"name": 1.0}, axes=3, steps=0, beyond=beyond)
        network.build((None, 15))
        network.solve_from_copies(lambda: [(known, known)])
        codes[beyond] = codes_of(network, np.eye(15)[[10, 10, 11]])
    np.testing.assert_array_equal(codes[0.0], 0)
    one, again, other = codes[0.5]
    assert one @ again == pytest.approx(1, abs=1e-5)
    assert abs(one @ other) < 0.95


def test_texts_together_come_first_and_do_not_say_which_field_they_were_in(rng):
    network = FieldEncoders(
        12, {"first": 8, "town": 3, "last": 8}, {"first": 3.0, "town": 1.0, "last": 3.0}, ["first", "last"]
    )
    network.build((None, 19))
    assert network.places == {"first": (2, 6), "town": (6, 8), "last": (8, 12)}
    one, other = rng.poisson(0.8, (2, 8)) + np.eye(8)[:2]
    codes = codes_of(network, [[*one, 0, 1, 0, *other], [*other, 0, 1, 0, *one]])
    np.testing.assert_allclose(codes[0, :2], codes[1, :2], atol=1e-6)
    assert codes[0] @ codes[0] == pytest.approx(1, abs=1e-6)
    assert codes[0, :2] @ codes[0, :2] == pytest.approx(0.25 / 1.25, abs=1e-6)
    table = np.asarray(network.directions)
    whole = _unit((one + other) @ table[:8, :2])
    np.testing.assert_allclose(codes[0, :2] / np.linalg.norm(codes[0, :2]), whole, atol=1e-5)
    with pytest.raises(ValueError, match="have as many"):
        FieldEncoders(9, {"a": 4, "b": 5}, alike=["a", "b"]).build((None, 9))


def test_cosines_of_records_are_kept_in_fewer_numbers(rng):
    things = rng.random((2, 60, 40)) < 0.15
    rows = [csr_array((np.repeat(own, 5, axis=0) & (rng.random((300, 40)) < 0.9)).astype(np.float32)) for own in things]
    fields = [spread(each, each, 30) for each in rows]
    evidence = np.asarray([3.0, 1.0])
    random_starts = [rng.normal(size=(30, 3)).astype(np.float32) for _ in fields]

    def error(directions):
        codes = np.hstack(
            [np.sqrt(e) * _units(f.codes @ d) for f, d, e in zip(fields, directions, evidence, strict=True)]
        )
        whole = np.hstack([np.sqrt(e) * f.rows.toarray() for f, e in zip(fields, evidence, strict=True)])
        kept, wanted = (_units(each) @ _units(each).T for each in (codes, whole))
        order = np.argsort(-(wanted - 2 * np.eye(300)), axis=1)[:, :5]
        nearest = np.argsort(-(kept - 2 * np.eye(300)), axis=1)[:, :5]
        return 1 - np.mean([np.isin(found, near).mean() for found, near in zip(nearest, order, strict=True)])

    before = error(random_starts)
    again = [keep_cosines(fields, evidence, random_starts, Steps(100, batch=128, share=0.0)) for _ in range(2)]
    assert error(again[0]) < 0.85 * before
    np.testing.assert_array_equal(again[0][1], again[1][1])


def _units(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


@pytest.mark.parametrize(
    ("shares", "most", "total", "given"),
    [
        ([3, 1], [9, 9], 8, [6, 2]),
        ([99, 1], [9, 9], 5, [3, 2]),
        ([99, 1], [9, 9], 3, [2, 1]),
        ([1, 1], [2, 9], 8, [2, 6]),
        ([1, 1, 1], [9] * 3, 4, 4),
    ],
)
def test_places_are_given_in_proportion(shares, most, total, given):
    found = shared_out(np.asarray(shares, float), np.asarray(most, float), total)
    assert sum(found) == total
    assert given in (found, total)
