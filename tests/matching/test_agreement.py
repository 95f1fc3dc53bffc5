import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from zoo.matching.agreement import Agreement, agreements
from zoo.matching.fellegi_sunter import BOTH_MISSING, ONE_MISSING
from zoo.matching.field_values import LONGEST, FieldValues, Reading, joined


def field(left, right=None, name="f", **options):
    right = None if right is None else pa.array(right)
    return FieldValues.of_columns(name, pa.array(left), right, **options)


def all_pairs(values):
    left, right = np.indices((len(values.left), len(values.right))).reshape(2, -1)
    return Agreement(values).of_pairs(left, right).reshape(len(values.left), -1)


def test_texts_agree_by_the_cosine_that_scikit_learn_gives():
    left = ["Anna Müller", "Bruno", "anna muller", "Jo", "Xx"]
    right = ["ana müller", "bruno b.", "anna", "yy", "Bruno"]
    found = all_pairs(field(left, right))
    texts = [text.lower().replace("ü", "u").replace(".", "") for text in left + right]
    rows = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)).fit_transform(texts)
    np.testing.assert_allclose(found, (rows[:5] @ rows[5:].T).toarray(), atol=1e-6)
    assert found[1, 4] == 1  # exactly


def test_missing_is_neither_agreement_nor_disagreement():
    found = all_pairs(field(["anna", None, "n/a", "-"], ["anna", "", None, "bruno"]))
    assert found[0].tolist() == [1, ONE_MISSING, ONE_MISSING, 0]
    for row in found[1:]:
        assert row.tolist() == [ONE_MISSING, BOTH_MISSING, BOTH_MISSING, ONE_MISSING]


def test_words_for_missing_can_be_said():
    assert all_pairs(field(["0.0", "x"], ["0.0", "x"], reading=Reading(missing=["0.0"])))[0].tolist() == [
        BOTH_MISSING,
        ONE_MISSING,
    ]


def test_scripts_that_cannot_be_compared_do_not_agree():
    found = all_pairs(field(["Иванов", "محمد", "ivanov"], ["ivanov", "mohammed", "Петров"]))
    assert found[0, 0] == found[0, 1] == found[1, 1] == found[2, 2] == 0


def test_categories_are_the_same_or_not():
    values = field(["full day", "half day"] * 20, ["full day", "half day"] * 20)
    assert values.kind == "category"
    assert np.unique(all_pairs(values)[0]).tolist() == [0, 1]


def test_dates_agree_by_their_digits_and_days_may_stand_for_months():
    found = all_pairs(field(["1970-03-04", "04.03.1970"], ["1970-03-04", "19700403", "1970-03-05", "2001-12-21"]))
    np.testing.assert_allclose(found[0], [1, 0.9, (7 / 8) ** 3, 0], atol=1e-6)
    assert found[1, 1] == np.float32(0.9)


def test_mistyped_dates_are_compared_as_texts():
    values = field(["1970-03-04"] * 8 + ["1970-o3-04"], ["1970-03-04", "2001-12-21"])
    assert values.kind == "date"
    found = all_pairs(values)
    assert 0.3 < found[8, 0] < 1
    assert found[8, 1] < 0.1


def test_the_same_date_written_otherwise_is_the_same():
    assert all_pairs(field(["1970-03-14"], ["14/03/1970"]))[0, 0] == 1


def test_numbers_agree_the_more_the_nearer_they_are():
    found = all_pairs(field([1.5, 2.5, 100.25], [1.5, 1.6, 3.5, 99.5, None]))[0]
    assert found[0] == 1
    assert 1 > found[1] > found[2] > found[3] > 0
    assert found[4] == ONE_MISSING


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["12", "7", "1999"], "text"),  # house numbers and years are typed digit by digit
        ([12.5, 3.25, 7.0], "number"),
        (["7731234.0", "7735678.0", "1234567"], "text"),
        (["1970-01-01", "1980-02-03"], "date"),
        (["word " * 20, "other " * 20], "long text"),
        ([None, None], "text"),
        ([True, False] * 30, "category"),
    ],
)
def test_kinds_are_told_from_the_cells(cells, kind):
    assert field(cells).kind == kind


def test_swapped_names_agree_nearly():
    first = field(["anna", "karl"], ["becker", "karl"], "first")
    last = field(["becker", "may"], ["anna", "june"], "last")
    found = agreements([Agreement(first), Agreement(last)], np.asarray([0, 1]), np.asarray([0, 1]))
    assert found[0].tolist() == [np.float32(0.9), np.float32(0.9)]
    assert found[1, 0] == 1
    assert found[1, 1] < 0.5


def test_very_long_cells_are_cut_and_counted():
    values = field(["x" * 1_000_000, "x" * 999_999, "y\0z"])
    assert values.cut == 2
    assert max(map(len, values.texts)) == LONGEST
    assert values.left.tolist() == [0, 1, 2]  # they are compared by what is read of them, and are no exact copies
    assert Agreement(values).of_pairs(np.asarray([0]), np.asarray([1])) == pytest.approx(1)
    assert values.texts[2] == "y z"


def test_a_date_written_two_ways_is_the_same_date():
    dates = field(["1990-05-05", "1980-01-02", "1980-01-02"], ["05/05/1990", "02/01/1980", "01/02/1980"])
    assert dates.kind == "date"
    rows = np.arange(3)
    assert Agreement(dates).of_pairs(rows, rows).tolist() == [1, pytest.approx(0.9), 1] or Agreement(dates).of_pairs(
        rows, rows
    ).tolist() == [1, 1, pytest.approx(0.9)]


def test_joined_texts_are_those_of_the_row():
    fields = [field(["a", None, "b"], name="one"), field(["c", "d", None], name="two")]
    values = joined("both", fields)
    assert [values.texts[value] for value in values.left] == ["a c", "d", "b"]
    assert values.is_single_table
