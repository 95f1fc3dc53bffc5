"""Records of texts, categories, numbers and dates: what each cell becomes, wherever it is read."""

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from zoo.quiet import import_tensorflow
from zoo.rows import RecordErrors, TypedRecordRows
from zoo.rows.plain_text import plain
from zoo.rows.row_kind import GivesCells
from zoo.rows.typed_field import TypedField

tf = import_tensorflow()
DATE = 300 + 100 + 10 + 32 + 32 * 32


def rows_of(reads, cells, **given):
    columns = {"text": 1_000_003, "date": DATE}.get(reads, len(given.get("names", given.get("cuts", ()))))
    kind = TypedRecordRows({"it is": TypedField(reads, columns, **given)})
    return kind.read(pa.table({"it is": pa.array(cells)})).toarray()


def test_texts_are_the_runs_of_characters_that_scikit_learn_counts():
    texts = ["Anna-Lena  O'Neil", "x y", "ß", "Łódź ul. 3", "aaa aaa"]
    counted = CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=False).fit_transform(map(plain, texts))
    found = rows_of("text", texts)
    np.testing.assert_array_equal(found @ found.T, (counted @ counted.T).toarray())  # so many columns: no collision
    np.testing.assert_array_equal(found.sum(axis=1), np.asarray(counted.sum(axis=1)).ravel())


def test_texts_by_letters_say_what_stands_where():
    columns = 3 * 128
    kind = TypedRecordRows({"it is": TypedField("text", columns, by="letters")})
    texts = ["Ab", " b  A", "abcd", "n/a", "\u0436a", "\u0433\u0430"]
    found = kind.read(pa.table({"it is": texts})).toarray().reshape(6, 3, 128)
    a, b, c, blank = (ord(each) - 32 for each in "abc ")
    assert [np.flatnonzero(row).tolist() for row in found.reshape(6, -1)[:4]] == [
        [a, 128 + b],
        [b, 128 + blank, 256 + a],
        [a, 128 + b, 256 + c],
        [],
    ]
    assert kind.spelt == kind.alike == ("it is",)
    assert not isinstance(kind, GivesCells)  # runs of characters do not come back as cells
    assert found[4, 0, 96:].sum() == 1  # no letter of another alphabet is one of a to z
    assert not (found[4, 0] * found[5, 0]).any()


@pytest.mark.parametrize("reads", ["text", "category", "number", "date"])
def test_a_cell_that_says_nothing_is_no_evidence(reads):
    given = {"category": {"names": ("<other>", "a")}, "number": {"cuts": (0.0, 1.0)}}.get(reads, {})
    cells = ["", " N/A", "-", "?", None, "unknown", "\u200b"]
    np.testing.assert_array_equal(rows_of(reads, cells, **given), 0)


def test_categories_have_a_place_and_what_is_new_is_like_nothing():
    found = rows_of("category", ["Red ", "rot", "blau", "RED", "<other>"], names=("<other>", "blau", "red"))
    np.testing.assert_array_equal(found, np.eye(3)[[2, 0, 1, 2, 0]] * [0, 1, 1])


def test_numbers_share_the_columns_of_the_quantiles_that_they_lie_between():
    cells = ["0", "5", "7.5", "10", "1e1", "99", "-3", "a lot"]
    found = rows_of("number", cells, cuts=(0.0, 5.0, 10.0))
    wanted = [[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5], *[[0, 0, 1]] * 3, [1, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(found, wanted)


def test_day_and_month_may_change_places_and_dates_are_written_in_many_ways():
    found = rows_of("date", ["1956-04-09", "19560904", "9.4.1956", "04/09/1956", "1956-04-09T00:00", "1956"])
    for other in found[1:5]:
        np.testing.assert_array_equal(other, found[0])
    assert found[0] @ found[5] == 3  # decade, year of the century, last digit
    odd = rows_of("date", ["1956-44-99", "soon", "0000-00-00"])
    assert odd.sum(axis=1).tolist() == [3, 0, 0]


def test_a_row_alone_and_among_longer_ones_and_a_text_without_end_are_read_alike():
    fields = {"a": TypedField("text", 64), "b": TypedField("category", 2, names=("<other>", "x"))}
    kind = TypedRecordRows(fields)
    table = pa.table({"b": ["x", "y", ""], "a": ["short", "é" * 100_000, "much longer than that"]})
    together = kind.read(table).toarray()
    for row in range(3):
        np.testing.assert_array_equal(kind.read(table.slice(row, 1)).toarray()[0], together[row])
    assert together[1].sum() < 1100


def test_a_kind_comes_back_from_its_configuration():
    fields = {"a": TypedField("text", 64, 2.5), "n": TypedField("number", 2, cuts=(0.0, 1.5))}
    kind = TypedRecordRows(fields, ["tba"], RecordErrors(typo=0.9))
    again = TypedRecordRows.from_config(json.loads(json.dumps(kind.get_config())))
    assert again.get_config() == kind.get_config()
    assert again.blocks == {"a": (64, 2.5), "n": (2, 1.0)}
    table = pa.table({"a": ["n/a", "tba"], "n": [1, 0]})
    np.testing.assert_array_equal(again.read(table).toarray(), kind.read(table).toarray())
    assert kind.read(table)[[0], :64].nnz
    assert not kind.read(table)[[1], :64].nnz


def test_records_are_written_again_with_errors_the_same_for_a_seed():
    names = [f"Anna Maria Schmidt {i}" for i in range(400)]
    table = pa.table({"name": names, "town": ["Bern"] * 400, "born": ["1956-04-19"] * 400, "sex": ["f"] * 400})
    fields = {
        name: TypedField(reads, 9)
        for name, reads in zip(table.column_names, ["text", "text", "date", "category"], strict=True)
    }
    kind = TypedRecordRows(fields, errors=RecordErrors(emptied=0.25, day_month=0.5, digit=0))
    one, same, other = (kind.rewritten(table, seed) for seed in (3, 3, 4))
    assert one.equals(same)
    assert not one.equals(other)
    empty = np.asarray([[cell == "" for cell in one.column(name).to_pylist()] for name in table.column_names])
    np.testing.assert_allclose(empty.mean(axis=1), 0.25, atol=0.07)
    born = set(one.column("born").to_pylist())
    assert born == {"", "1956-04-19", "1956-19-04"}
    assert set(one.column("sex").to_pylist()) == {"", "f"}
    kept = np.mean([a == b for a, b in zip(one.column("name").to_pylist(), names, strict=True)])
    assert 0.2 < kept < 0.6
    untouched = TypedRecordRows(fields, errors=RecordErrors(**dict.fromkeys(RecordErrors.__dataclass_fields__, 0.0)))
    assert untouched.rewritten(table, 1).to_pydict() == {name: table.column(name).to_pylist() for name in fields}


def test_shares_of_errors_are_shares():
    with pytest.raises(ValueError, match="between 0 and 1"):
        RecordErrors(typo=1.5)
