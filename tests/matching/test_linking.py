"""The whole way in memory: from fields and codes of two tables to matches and entities."""

import numpy as np
import pyarrow as pa
import pytest

from zoo.errors import InputError
from zoo.matching.field_values import Reading
from zoo.matching.linking import Sides, Wanted, field_values, link, nearest

NAMES = ["first", "last", "town", "born", "phone"]


def linked(left, right, codes, **wanted):
    values, _ = field_values(left, right, NAMES, {}, ("a", "b"))
    sides = Sides(values, *codes)
    return link(sides, nearest(sides, Wanted(**wanted)), Wanted(**wanted))


def of_matches(links):
    return set(zip(links.pairs.left[links.match].tolist(), links.pairs.right[links.match].tolist(), strict=True))


def f1(found, true):
    return 2 * len(found & true) / (len(found) + len(true))


def test_the_same_persons_are_found_in_two_tables(two_tables, codes_of):
    true = {(row, row) for row in range(200)}
    links = linked(*two_tables, codes_of(*two_tables))
    assert f1(of_matches(links), true) > 0.97
    single = linked(*two_tables, codes_of(*two_tables), one_to_one=True)
    assert f1(of_matches(single), true) > 0.98
    assert of_matches(single) <= of_matches(links)


def test_the_order_of_rows_does_not_matter(two_tables, codes_of, rng):
    left, right = two_tables
    codes = codes_of(left, right)
    order = rng.permutation(left.num_rows)
    straight = linked(left, right, codes)
    shuffled = linked(left.take(order), right, (codes[0][order], codes[1]))
    found = {(order[a], b) for a, b in of_matches(shuffled)}
    assert found == of_matches(straight)


def test_one_table_falls_into_entities(two_tables, codes_of):
    table = pa.concat_tables(two_tables)
    links = linked(table, None, codes_of(table))
    found = links.entities()
    assert (np.diff(links.pairs.left) >= 0).all()
    assert (links.pairs.left < links.pairs.right).all()
    expected = np.r_[np.arange(300), np.arange(200), np.arange(500, 600)]
    assert (found == expected).mean() > 0.97


def test_exact_copies_are_one_entity(two_tables, codes_of):
    table = pa.concat_tables([two_tables[0]] + [two_tables[0].slice(0, 1)] * 30)
    found = linked(table, None, codes_of(table)).entities()
    assert np.flatnonzero(found == 0).tolist() == [0, *range(300, 330)]


def test_tables_with_nothing_in_common_have_no_match(codes_of):
    from tests.matching.conftest import tables

    left, right = tables(1, shared=0)
    links = linked(left, right, codes_of(left, right))
    assert len(links.match) <= 2


def test_a_threshold_can_be_asked_for(two_tables, codes_of):
    codes = codes_of(*two_tables)
    all_pairs, sure = linked(*two_tables, codes, threshold=0.0), linked(*two_tables, codes, threshold=0.9999)
    assert len(all_pairs.match) == len(all_pairs.pairs)
    assert (sure.probability[sure.match] >= 0.9999).all()
    for wrong in (-0.1, 1.5):
        with pytest.raises(InputError, match="a probability, from 0 to 1"):
            Wanted(threshold=wrong)
    with pytest.raises(InputError, match="at least 1 candidate"):
        Wanted(k=0)


def test_a_scorer_of_earlier_tables_is_used_as_it_is(two_tables, codes_of):
    links = linked(*two_tables, codes_of(*two_tables))
    left = two_tables[0].slice(0, 3)  # too few to learn from
    values, _ = field_values(left, two_tables[1], NAMES, {}, ("a", "b"))
    sides = Sides(values, *codes_of(left, two_tables[1]))
    found = link(sides, nearest(sides, Wanted()), Wanted(), links.scorer)
    assert of_matches(found) == {(row, row) for row in range(3)}


def test_columns_that_are_missing_or_empty(two_tables):
    left, right = two_tables
    with pytest.raises(InputError, match=r"b: there is no column 'town' to compare; did you mean 'towns'\?"):
        field_values(left, right.rename_columns(["first", "last", "towns", "born", "phone"]), NAMES, {}, ("a", "b"))
    renamed = right.rename_columns(["first", "last", "towns", "born", "phone"])
    values, notes = field_values(left, renamed, NAMES, {"town": "towns"}, ("a", "b"))
    assert [each.name for each in values] == NAMES
    assert not notes
    empty = right.set_column(2, "town", pa.nulls(right.num_rows))
    values, notes = field_values(left, empty, NAMES, {}, ("a", "b"))
    assert [each.name for each in values] == ["first", "last", "born", "phone"]
    assert notes == ("town: every cell is empty in 'b', so it says nothing",)


def test_vectors_without_fields_are_matched_by_their_cosine(rng):
    codes = rng.normal(size=(400, 16)).astype(np.float32)
    near = (codes + 0.1 * rng.normal(size=codes.shape)).astype(np.float32)
    sides = Sides([], codes, near)
    links = link(sides, nearest(sides, Wanted()), Wanted())
    assert f1(of_matches(links), {(row, row) for row in range(400)}) > 0.98


def test_what_a_recipe_says_stands_for_missing_is_missing(two_tables):
    values, _ = field_values(*two_tables, NAMES, {}, ("a", "b"), Reading(missing=["Hobart"]))
    towns = two_tables[0].column("town").to_pylist()
    np.testing.assert_array_equal(values[2].left < 0, [town == "hobart" for town in towns])


def test_fields_are_what_the_encoder_reads_them_as(two_tables):
    kinds = {"first": "text", "town": "category", "phone": "number", "born": "date"}
    inferred, _ = field_values(*two_tables, NAMES, {}, ("a", "b"))
    assert [each.kind for each in inferred] == ["text", "text", "category", "date", "text"]
    values, notes = field_values(*two_tables, NAMES, {}, ("a", "b"), Reading(kinds))
    assert [each.kind for each in values] == ["text", "text", "category", "date", "number"]
    mistyped = sum(not cell.isdecimal() for table in two_tables for cell in table.column("phone").to_pylist() if cell)
    assert mistyped > 10
    assert notes == (f"phone: {mistyped} cells without a number, which count as empty",)


def test_tables_that_share_no_filled_field_are_refused(two_tables):
    left, right = two_tables
    gaps = pa.nulls(right.num_rows, pa.string())
    empty = right.select(["first", "last"]).append_column("town", gaps).append_column("born", gaps)
    with pytest.raises(InputError, match=r"town: every cell is empty in 'b', .*no field is left to match by"):
        field_values(left, empty, ["town", "born"], {}, ("a", "b"))


def test_rows_with_little_in_common_are_no_copies_for_all_that(two_tables, codes_of):
    nobody = pa.table({name: pa.array(["smith" if name == "last" else None] * 20, pa.string()) for name in NAMES})
    table = pa.concat_tables([two_tables[0], nobody, two_tables[0].slice(0, 2)])
    links = linked(table, None, codes_of(table))
    found = links.entities()
    assert len(set(found[300:320].tolist())) == 20  # a surname that many have says too little
    assert found[320:].tolist() == [0, 1]


def test_as_many_copies_as_there_are_find_each_other_one_to_one(two_tables, codes_of):
    left = pa.concat_tables([two_tables[0].slice(0, 1)] * 30 + [two_tables[0]])
    right = pa.concat_tables([two_tables[1], *[two_tables[0].slice(0, 1)] * 25])
    found = of_matches(linked(left, right, codes_of(left, right), one_to_one=True))
    assert {(row, 300 + row) for row in range(25)} <= found


def test_few_codes_without_fields_are_no_matches_by_chance(rng):
    codes = rng.normal(size=(30, 4)).astype(np.float32)
    sides = Sides((), codes, rng.normal(size=(30, 4)).astype(np.float32))
    links = link(sides, nearest(sides, Wanted(k=3)), Wanted(k=3))
    assert not len(links.match)
    assert "no fields to compare" in " ".join(links.notes)


def test_a_threshold_of_ones_own_holds_for_groups_too(two_tables, codes_of):
    table = pa.concat_tables(two_tables)
    sizes = [np.bincount(linked(table, None, codes_of(table), threshold=t).entities()).max() for t in (0.05, 0.999999)]
    assert sizes[1] <= sizes[0]
