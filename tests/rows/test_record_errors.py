"""Each error is the one that it says it is."""

import numpy as np
import pytest

from zoo.rows.record_errors import RecordErrors

NONE = dict.fromkeys(RecordErrors.__dataclass_fields__, 0.0)


def written(cell, reads="text", rows=200, **errors):
    cells = {"it": [cell] * rows}
    return set(
        RecordErrors(**{**NONE, **errors}).altered(cells, {"it": reads}, np.random.default_rng(0))["it"].tolist()
    )


@pytest.mark.parametrize(
    ("errors", "reads", "cell", "wanted"),
    [
        ({"dropped": 1}, "text", "anna maria ott", {"anna maria", "anna ott", "maria ott"}),
        ({"dropped": 1}, "text", "anna", {"anna"}),
        ({"swapped": 1}, "text", "anna maria ott", {"maria anna ott", "anna ott maria"}),
        ({"shortened": 1}, "text", "anna schmidt", {"a schmidt", "ann schmidt", "anna s", "anna sch"}),
        ({"day_month": 1}, "date", "1956-04-19", {"1956-19-04"}),
        ({"day_month": 1}, "date", "19560419", {"19561904"}),
        ({"day_month": 1}, "date", "4.19.1956", {"19.4.1956"}),
        ({"day_month": 1}, "date", "soon", {"soon"}),
        ({"digit": 1}, "number", "7", set("0123456789")),
        ({"emptied": 1}, "category", "a", {""}),
        ({"typo": 1, "dropped": 1}, "category", "a b", {"a b"}),
    ],
)
def test_an_error_is_what_it_says(errors, reads, cell, wanted):
    assert written(cell, reads, **errors) == wanted


def test_a_typo_stays_near():
    found = written("smith", typo=0.001 + 0.4)
    lengths = {len(each) for each in found}
    assert "smith" in found
    assert {"smihh", "smth", "smiht"} & found
    assert lengths <= set(range(2, 9))


def test_neighbouring_fields_of_text_change_places():
    columns = {"given": ["anna"] * 9, "born": ["1956"] * 9, "family": ["ott"] * 9}
    reads = {"given": "text", "born": "number", "family": "text"}
    found = RecordErrors(**{**NONE, "exchanged": 1.0}).altered(columns, reads, np.random.default_rng(0))
    assert {name: set(cells.tolist()) for name, cells in found.items()} == {
        "given": {"ott"},
        "born": {"1956"},
        "family": {"anna"},
    }
    assert columns["given"] == ["anna"] * 9
