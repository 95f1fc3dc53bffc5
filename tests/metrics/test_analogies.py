"""Analogies, against a search by hand."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.metrics.analogies import Analogies
from zoo.types import Splits


@pytest.fixture
def words(rng):
    """60 words in 15 groups of 4 forms that differ by the same offsets, up to noise; the last 30 are held out."""
    groups, forms = rng.normal(size=(15, 1, 8)), rng.normal(size=(1, 4, 8))
    features = (groups + forms + 0.5 * rng.normal(size=(15, 4, 8))).reshape(60, 8).astype(np.float32)
    keys = np.asarray([f"w{group}x{form}" for group in range(15) for form in range(4)], dtype=object)
    rows = np.arange(60)
    return Splits(features, train=rows[:30], validation=rows[:0], test=rows[30:], keys=keys)


@pytest.fixture
def questions(tmp_path, rng):
    """300 questions as word2vec writes them, some with a capital letter, one of unknown words."""
    lines = [": forms"]
    for _ in range(300):
        (g, h), (p, q) = rng.choice(15, 2, replace=False), rng.choice(4, 2, replace=False)
        lines.append(f"W{g}x{p} w{g}x{q} w{h}x{p} w{h}x{q}")
    path = tmp_path / "questions.txt"
    path.write_text("\n".join([*lines, ": others", "a b c d"]))
    return str(path)


def by_hand(words, lines, among, held_out):
    rows = words.features.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    names = {key: row for row, key in enumerate(words.keys[:among])}
    right = []
    for line in lines:
        asked = [names.get(word.lower()) for word in line.split()]
        if None in asked or (held_out and asked[3] not in words.test):
            continue
        cosines = rows[:among] @ (rows[asked[1]] - rows[asked[0]] + rows[asked[2]])
        cosines[asked[:3]] = -np.inf
        right.append(cosines.argmax() == asked[3])
    return right


@pytest.mark.parametrize(("among", "held_out"), [(60, True), (60, False), (50, True)])
def test_it_is_the_share_of_answers_nearest_to_b_minus_a_plus_c(among, held_out, words, questions, raw):
    lines = [line for line in open(questions).read().splitlines() if ":" not in line]  # noqa: SIM115, PTH123
    expected = by_hand(words, lines, among, held_out)
    metric = Analogies(questions, among=among, held_out=held_out)
    np.testing.assert_array_equal(metric.values(raw.on(words), words), expected)
    assert 0.1 < np.mean(expected) < 1
    assert metric.members(words).shape == (len(expected), 4)
    assert metric.shortage(words) == ""


def test_a_table_of_four_columns_gives_the_same(words, questions, raw, tmp_path):
    lines = [line for line in open(questions).read().splitlines() if ":" not in line]  # noqa: SIM115, PTH123
    path = tmp_path / "questions.csv"
    path.write_text("\n".join(["a,b,c,d", *(line.replace(" ", ",") for line in lines)]))
    expected = Analogies(questions).values(raw.on(words), words)
    np.testing.assert_array_equal(Analogies(str(path)).values(raw.on(words), words), expected)


def test_the_set_that_gensim_carries_is_asked_in_lower_case(raw):
    names = ["athens", "greece", "oslo", "norway", "madrid", "spain"]
    features = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)
    rows = np.arange(6)
    table = Splits(features, train=rows[:0], validation=rows[:0], test=rows, keys=np.asarray(names, dtype=object))
    metric = Analogies()
    assert len(metric.members(table)) == 7  # of the ordered pairs of three countries, those that the set asks
    assert metric.values(raw.on(table), table).shape == (7,)
    assert "7 questions of google have all words among the first rows" in metric.shortage(table)


def test_too_few_questions_and_codes_that_say_nothing_are_said(words, questions, raw, codes, once, tmp_path):
    metric = Analogies(questions)
    assert metric.values(raw, replace(words, keys=None)) is None
    assert "have no keys" in metric.shortage(replace(words, keys=None))
    none = replace(words, test=words.test[:0])
    assert metric.values(raw, none) is None
    assert "0 questions" in metric.shortage(none)
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), words))
    assert once(metric, codes(np.ones_like), words) == pytest.approx(1 / 57)  # one of the words that may be answers
    bad = tmp_path / "bad.txt"
    bad.write_text(": forms\na b c\n")
    with pytest.raises(InputError, match="line 2: expected four words, found 3"):
        Analogies(str(bad)).shortage(words)
    bad.write_bytes(": forms\na b c d\nZoë b c d\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"bad\.txt, line 3: b'\\xeb b c d\\n' is not UTF-8; save the file as UTF-8"):
        Analogies(str(bad)).shortage(words)
    bad.write_text(": forms\n")
    with pytest.raises(InputError, match="no questions"):
        Analogies(str(bad)).shortage(words)
    with pytest.raises(InputError, match="no such file"):
        Analogies(str(tmp_path / "none.txt")).shortage(words)
