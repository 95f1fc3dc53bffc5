"""The nearest texts by n-grams, against scikit-learn."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from zoo.matching import similar_texts as module
from zoo.matching.field_values import FieldValues
from zoo.matching.similar_texts import affordable, similar_texts


def texts(rng, count):
    words = ["".join(rng.choice(list("abcdef"), 5)) for _ in range(60)]
    return [" ".join(rng.choice(words, 3)) for _ in range(count)]


def cosines(left, right):
    fitted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=False).fit([*left, *right])
    return (fitted.transform(left) @ fitted.transform(right).T).toarray()


def found_in(values, k):
    return np.concatenate(list(similar_texts(values, k)))


def test_they_are_those_of_the_greatest_cosine(rng, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 400)  # several blocks
    left, right = texts(rng, 50), texts(rng, 80)
    found = found_in(FieldValues.of_columns("f", pa.array(left), pa.array(right)), 5)
    expected = cosines(left, right)
    assert found.shape == (50, 5)
    values = np.sort(np.take_along_axis(expected, found, axis=1), axis=1)
    np.testing.assert_allclose(values, np.sort(expected, axis=1)[:, -5:], atol=1e-6)


def test_within_a_table_no_row_finds_itself(rng):
    cells = texts(rng, 40)
    found = found_in(FieldValues.of_columns("f", pa.array(cells)), 4)
    assert not (found == np.arange(40)[:, None]).any()
    fitted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=False).fit_transform(cells)
    expected = (fitted @ fitted.T).toarray() - 2 * np.eye(40)
    values = np.sort(np.take_along_axis(expected, found, axis=1), axis=1)
    np.testing.assert_allclose(values, np.sort(expected, axis=1)[:, -4:], atol=1e-6)


def test_rows_without_texts_find_none_and_few_rows_what_there_is():
    values = FieldValues.of_columns("f", pa.array(["anna", None, "zzz"]), pa.array(["anna", "hanna", None]))
    found = [sorted(row) for row in found_in(values, 10).tolist()]
    assert found == [[-1, 0, 1], [-1, -1, -1], [-1, -1, -1]]


def test_frequent_n_grams_are_left_out_where_they_would_cost_too_much(rng, monkeypatch):
    cells = [f"the shop {text}" for text in texts(rng, 300)]
    values = FieldValues.of_columns("f", pa.array(cells[:150]), pa.array([f"{cell}x" for cell in cells]))
    whole = found_in(values, 3)
    monkeypatch.setattr(module, "_PRODUCTS", 150 * 300 * 8)
    pruned = found_in(values, 3)
    assert not np.array_equal(whole, pruned)
    assert (pruned == np.arange(150)[:, None]).any(axis=1).mean() > 0.95


@pytest.mark.parametrize(("rows", "expected"), [(20_000, True), (20_001, False)])
def test_large_tables_are_too_large(rows, expected):
    assert affordable(rows, 20_000) is expected
