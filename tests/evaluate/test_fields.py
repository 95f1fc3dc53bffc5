"""What each field of records does for a code: against the judge, and sums by hand."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.errors import InputError
from zoo.evaluate.judge import Judge
from zoo.metrics import MatchAveragePrecision
from zoo.metrics._pairs_of_records import record_pairs
from zoo.recipe import compose
from zoo.report.fields_table import in_words
from zoo.representations._part_of_code import only_fields
from zoo.rows.record_rows import RecordRows
from zoo.rows.typed_field import TypedField
from zoo.rows.typed_record_rows import TypedRecordRows
from zoo.stages.fields import fields_report, require_fields
from zoo.types import Splits

N, PLACES = 120, {"name": (0, 4), "town": (4, 6)}


@dataclass
class Codes:
    codes: Any
    places: Any
    name: str = "encoder"

    def encode(self, rows):
        return self.codes[rows]

    def on(self, splits):
        return self


class WithNats(Codes):
    def score_fields(self, rows):
        return np.tile([3.0, np.nan], (len(rows), 1)) if rows[0] < 0 else np.tile([3.0, 5.0], (len(rows), 1))


@pytest.fixture
def splits(rng):
    """Sixty entities of two records; every fourth record has no town."""
    kind = TypedRecordRows({"name": TypedField("text", 8), "town": TypedField("category", 3, names=("?", "a", "b"))})
    dense = np.zeros((N, 11), np.float32)
    dense[:, :8] = rng.poisson(0.7, (N, 8)) + np.eye(8)[rng.integers(8, size=N)]
    dense[np.arange(N), 8 + rng.integers(1, 3, N)] = 1
    dense[::4, 8:] = 0
    rows = np.arange(N)
    return Splits(csr_array(dense), rows[:60], rows[:0], rows[60:], labels=rows // 2, kind=kind)


@pytest.fixture
def encoder(rng):
    """The name tells entities, the town does not."""
    name = np.repeat(rng.normal(size=(N // 2, 4)), 2, axis=0) + 0.2 * rng.normal(size=(N, 4))
    town = rng.normal(size=(N, 2))
    town[::4] = 0
    return WithNats(np.hstack([name, town]), PLACES)


RECIPE = compose("records_febrl", ["judge.resamples=50", "gates.own_copies.metric=pair_f1"])


def reported(encoder, splits):
    metrics = {"ap": MatchAveragePrecision(3)}
    return fields_report(RECIPE, Judge(resamples=20).weigh([encoder], metrics, splits)[1])


def test_leaving_a_field_out_is_setting_its_numbers_to_zero(encoder, splits):
    found = reported(encoder, splits)
    name, town = found.fields
    assert (found.metric, found.rows, name.numbers, town.numbers) == ("match_f1", 60, 4, 2)
    for field in found.fields:
        codes = encoder.codes.copy()
        codes[:, slice(*PLACES[field.name])] = 0
        others = [Codes(encoder.codes, PLACES), Codes(codes, PLACES, "without")]
        judged = Judge(resamples=50).report(others, {"f1": RECIPE.build("metrics")["match_f1"]}, splits)
        assert field.without.value == judged.scores["without"]["f1"].value
        assert field.loss == judged.differences["without"]["f1"]
    assert name.loss.low > 0 > town.loss.value  # a town that says nothing costs


def test_the_parts_of_fields_add_up_to_cosines(encoder, splits):
    found = reported(encoder, splits)
    pairs = record_pairs(encoder, splits)
    assert (found.matches, found.others) == (30, int((~pairs.is_match).sum()))
    unit = encoder.codes / np.linalg.norm(encoder.codes, axis=1, keepdims=True)
    cosines = (unit[pairs.first] * unit[pairs.second]).sum(axis=1)
    assert sum(each.in_matches for each in found.fields) == pytest.approx(cosines[pairs.is_match].mean())
    assert sum(each.in_others for each in found.fields) == pytest.approx(cosines[~pairs.is_match].mean())
    assert (splits.labels[pairs.first] == splits.labels[pairs.second]).tolist() == pairs.is_match.tolist()
    across = replace(splits, sides=np.arange(N) // 2 % 2)  # both records of an entity on one side
    assert record_pairs(encoder, across) is None
    across = record_pairs(encoder, replace(splits, sides=np.arange(N) % 2))
    assert (across.first % 2 != across.second % 2).all()


def test_nats_are_those_of_what_is_filled_in_beside_frequencies(encoder, splits):
    name, town = reported(encoder, splits).fields
    assert (name.distortion, town.distortion, name.filled, town.filled) == (3, 5, 1, 0.75)
    dense = splits.features.toarray()[:, 8:]
    shares = (dense[:60].sum(axis=0) + 0.5) / (dense[:60].sum() + 1.5)
    held_out = dense[60:][dense[60:].sum(axis=1) > 0]
    assert town.free == pytest.approx(-np.log(shares[held_out.argmax(axis=1)]).mean())


def test_what_cannot_be_told_is_left_open(encoder, splits):
    plain = Codes(encoder.codes, PLACES)
    del plain.places
    found = reported(plain, splits)  # fields share the code: there are nats, and nothing else
    assert found.metric == ""
    assert not any(field.numbers for field in found.fields)
    nobody = reported(encoder, replace(splits, labels=None))
    assert (nobody.matches, nobody.metric, nobody.not_left_out) == (0, "", 2)
    broken = reported(Codes(np.full((N, 6), np.nan), PLACES), splits)
    assert broken.metric == ""
    same = reported(Codes(np.ones((N, 6)), PLACES), splits)
    assert same.fields[0].loss.value == 0
    assert all("nan" not in in_words(each) for each in (found, nobody, broken, same))
    assert fields_report(RECIPE, Judge(resamples=20).weigh([plain], {}, replace(splits, kind=None))[1]) is None


def test_a_field_alone_is_its_numbers(encoder, splits):
    (town,) = only_fields(encoder, ["town"])
    np.testing.assert_array_equal(town.encode(np.arange(5)), encoder.codes[:5, 4:])
    assert (town.name, town.bytes_per_row()) == ("fields:town", 8)


def test_fields_that_are_not_there_are_refused(splits):
    require_fields([], replace(splits, kind=None))
    with pytest.raises(InputError, match="no field 'nam'; did you mean 'name'"):
        require_fields(["nam"], splits)
    with pytest.raises(InputError, match=r"twice"):
        require_fields(["name", "name"], splits)
    with pytest.raises(InputError, match=r"single fields of records, and the data are sparse rows"):
        require_fields(["name"], replace(splits, kind=RecordRows({"all": tuple("abcdefghijk")})))
