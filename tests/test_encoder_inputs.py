"""Everything a user may hand to an encoder: it gives the right codes or says what is wrong, and never fewer rows."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from zoo.encoder import Encoder, Vocabulary
from zoo.rows.dense_rows import DenseRows

MATRIX = np.asarray([[1.0, 0.0], [10.0, 0.0], [0.0, 1.0]], np.float32)
ROWS = np.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)
CODES = np.asarray([[21.0, 3.0], [54.0, 6.0]], np.float32)


@pytest.fixture
def encoder():
    """A map by a matrix: what happens before the function is called needs no TensorFlow."""
    return Encoder(
        "linear", {"encode": lambda x: x @ MATRIX, "reconstruct": lambda x: x}, DenseRows("x", (3,)), latent_dim=2
    )


@pytest.mark.parametrize(
    "vectors",
    [
        ROWS.astype(object),
        pd.DataFrame(ROWS).astype(object),
        pd.DataFrame(ROWS, dtype="Float64"),
        pd.DataFrame(ROWS.astype(int), dtype="Int64"),
        pd.DataFrame({"a": [1.0, 4.0], "b": [2, 5], "c": [Decimal(3), Decimal(6)]}),
        pd.DataFrame({"vector": [list(row) for row in ROWS]}),
        pd.DataFrame({"vector": [tuple(row) for row in ROWS]}, index=["x", "y"]),
        [tuple(row) for row in ROWS],
        list(ROWS),
        ROWS.astype(np.int8),
        ROWS.astype(np.float16),
        np.ma.masked_array(ROWS),
        ROWS[::-1][::-1],
    ],
    ids=lambda vectors: type(vectors).__name__,
)
def test_numbers_in_any_container(vectors, encoder):
    codes = encoder.encode(vectors)
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes, CODES)


@pytest.mark.parametrize(
    "vectors",
    [
        [[1, 2, 3], [4, 5]],
        [np.ones(3), np.ones(2)],
        pd.Series([[1, 2, 3], [4, 5]]),
        pd.DataFrame({"v": [[1, 2, 3], [4]]}),
    ],
)
def test_rows_of_different_lengths_are_named_as_such(vectors, encoder):
    with pytest.raises(ValueError, match=r"3 numbers; these differ in length"):
        encoder.encode(vectors)


@pytest.mark.parametrize("vectors", [[["a", "b", "c"]], pd.DataFrame([["a", "b", "c"]]), pd.Series(["abc", "def"])])
def test_text_is_not_said_to_differ_in_length(vectors, encoder):
    with pytest.raises(ValueError, match="numbers") as caught:
        encoder.encode(vectors)
    assert "differ in length" not in str(caught.value)


@pytest.mark.parametrize(
    "vectors",
    [
        pd.DataFrame({"a": [1.0, None], "b": [2.0, 5.0], "c": [3.0, 6.0]}),
        pd.DataFrame({"a": [1.0, None], "b": [2.0, 5.0], "c": [3.0, 6.0]}, dtype="Float64"),
        [[1.0, 2.0, 3.0], [1e300, 5.0, 6.0]],
        [[1.0, 2.0, 3.0], [float("-inf"), 5.0, 6.0]],
    ],
)
def test_missing_and_overflowing_numbers_are_counted_and_located(vectors, encoder):
    with pytest.raises(ValueError, match=r"1 of 2 rows hold NaN or infinity, the first at \[1\]"):
        encoder.encode(vectors)


def test_no_row_is_dropped_without_a_word(encoder):
    for vectors in (np.ones((5, 0)), pd.DataFrame(index=range(5)), [[], []]):
        with pytest.raises(ValueError, match=r"takes rows \[n, 3\]"):
            encoder.encode(vectors)
    for nothing in ([], np.empty((0, 3)), pd.DataFrame(columns=list("abc"))):
        assert encoder.encode(nothing).shape == (0, 2)
        assert encoder.reconstruct(nothing).shape == (0, 3)


@pytest.mark.parametrize("count", [1, 8191, 8192, 8193, 20_000])
def test_every_row_comes_back_in_its_place(count):
    sizes = []

    def encode(x):
        sizes.append(len(x))
        return x[:, :1]

    encoder = Encoder("first", {"encode": encode}, DenseRows("x", (2,)), latent_dim=1)
    rows = np.column_stack([np.arange(count), np.zeros(count)])
    np.testing.assert_array_equal(encoder.encode(rows)[:, 0], np.arange(count))
    assert max(sizes) <= 8192
    assert sum(sizes) == count


def test_the_callers_rows_are_left_as_they_were(encoder):
    rows = ROWS.copy()
    encoder.encode(rows)
    np.testing.assert_array_equal(rows, ROWS)
    rows.flags.writeable = False
    np.testing.assert_array_equal(encoder.encode(rows), CODES)


def test_the_vocabularys_codes_are_fetched_once_and_only_when_asked_for():
    calls = []

    def codes():
        calls.append(1)
        return CODES

    encoder = Encoder("words", {"encode": lambda x: x}, DenseRows("x", (3,)), 2, Vocabulary(["cat", "dog"], codes))
    encoder.encode(ROWS)
    assert not calls
    np.testing.assert_array_equal(encoder.encode_words(["dog", "cat", "dog"]), CODES[[1, 0, 1]])
    np.testing.assert_array_equal(encoder.encode_words(("cat",)), CODES[:1])
    assert calls == [1]
    with pytest.raises(KeyError) as caught:
        encoder.encode_words(["dgo", "a", "b", "c", "d", "dog"])
    assert "and 2 more" in str(caught.value)
    assert "'dog'" not in str(caught.value).replace("did you mean 'dog'", "")
