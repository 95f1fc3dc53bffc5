"""Emptied fields, against a search by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from zoo.metrics.basket_completion import BasketCompletion
from zoo.metrics.field_completion import FieldCompletion, _emptied
from zoo.rows import ItemRows, RecordRows
from zoo.types import MISSING, OTHER, Splits

SIZES = {"town": 7, "street": 12, "state": 5}  # with MISSING and OTHER


@pytest.fixture
def records(rng):
    """300 records of three fields that depend on each other; some cells are missing or other."""
    towns = rng.integers(0, 7, 300)
    cells = np.stack([towns, np.where(rng.random(300) < 0.6, towns + 3, rng.integers(0, 12, 300)), towns % 5], axis=1)
    starts = np.cumsum([0, *SIZES.values()])[:-1]
    held = np.zeros((300, sum(SIZES.values())), np.float32)
    np.put_along_axis(held, cells + starts, 1, axis=1)
    categories = {name: (MISSING, OTHER, *(f"{name} {i}" for i in range(size - 2))) for name, size in SIZES.items()}
    rows = np.arange(300)
    splits = {"train": rows[:200], "validation": rows[:0], "test": rows[200:]}
    return Splits(sparse.csr_array(held), **splits, kind=RecordRows(categories))


def layout(records):
    fields = np.repeat(np.arange(3), list(SIZES.values()))
    return fields, np.asarray([name not in {MISSING, OTHER} for each in records.categories.values() for name in each])


def by_hand(records, representation, k, at, rest, missing):
    def code(rows):
        found = representation.function(sparse.csr_array(rows))
        return (found.toarray() if sparse.issparse(found) else found).astype(np.float64)

    fields, known_value = layout(records)
    known = records.features[records.train].toarray()
    others, hits = code(known), []
    for row, column in zip(rest, missing, strict=True):
        own = code(row[None])[0]
        cosines = np.round(others @ own / (np.linalg.norm(others, axis=1) * np.linalg.norm(own)), 10)
        voters = [other for other in range(len(known)) if (known[other] > row).any()]
        near = sorted(voters, key=lambda other: (-cosines[other], other))[:k]
        votes = np.round(sum(max(cosines[other], 0) * known[other] for other in near), 8)
        field = np.flatnonzero((fields == fields[column]) & known_value & (votes > 0))
        hits.append(column in sorted(field, key=lambda each: (-votes[each], each))[:at])
    return hits


@pytest.mark.parametrize("kind", ["raw", "dense"])
@pytest.mark.parametrize(("k", "at"), [(10, 1), (25, 2)])
def test_it_is_the_share_of_emptied_fields_that_near_records_fill(kind, k, at, records, raw, codes, once):
    matrix = np.random.default_rng(5).normal(size=(24, 6)).astype(np.float32)
    representation = raw if kind == "raw" else codes(lambda rows: rows @ matrix)
    metric = FieldCompletion(k=k, at=at, queries=80, seed=3)
    asked, missing, fields, _ = metric._chosen(records)
    np.testing.assert_array_equal(asked, metric.row_numbers(records))
    rest = _emptied(records.features[asked], fields, missing)
    expected = by_hand(records, representation, k, at, rest.toarray(), missing)
    np.testing.assert_array_equal(metric.values(representation.on(records), records), expected)
    assert len(expected) == 80
    assert 0.1 < once(metric, representation, records) < 1


def test_a_known_value_of_each_record_gives_way_to_missing(records):
    fields, known_value = layout(records)
    before = records.features[records.test].toarray()
    before = before[(before[:, known_value] > 0).any(axis=1)]
    asked, missing, *found = FieldCompletion(queries=1000)._chosen(records)
    np.testing.assert_array_equal(found, layout(records))
    rest = _emptied(records.features[asked], fields, missing)
    assert known_value[missing].all()
    starts = np.cumsum([0, *SIZES.values()])[:-1][fields[missing]]
    np.testing.assert_array_equal(rest.toarray(), before - np.eye(24)[missing] + np.eye(24)[starts])
    assert set(fields[missing]) == {0, 1, 2}
    assert (FieldCompletion(queries=1000, seed=1)._chosen(records)[1] != missing).any()


def test_it_applies_to_records_only(records, raw, codes, once):
    assert FieldCompletion().values(raw, replace(records, kind=None)) is None
    assert FieldCompletion().values(raw, replace(records, kind=ItemRows(("x",) * 24))) is None
    assert FieldCompletion().values(raw, replace(records, features=records.features.toarray())) is None
    assert FieldCompletion(k=201).values(raw, records) is None
    assert FieldCompletion().values(raw, replace(records, test=records.validation)) is None
    assert BasketCompletion().values(raw, records) is None
    broken = codes(lambda rows: rows.toarray() * np.nan)
    assert np.isnan(once(FieldCompletion(), broken, records))
