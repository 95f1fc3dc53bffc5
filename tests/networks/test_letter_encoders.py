"""Texts read letter by letter: in their order, wherever they stand in a row, and nothing where there is none."""

import keras
import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.networks import LetterEncoders
from zoo.rows._cells import padded
from zoo.types import TableSchema

PLACES = 3


def row(name, town, other):
    cells = [np.zeros((PLACES, 128)), np.zeros((PLACES, 128))]
    for cell, text in zip(cells, (name, town), strict=True):
        for place, letter in enumerate(text):
            cell[place, ord(letter) - 32] = 1
    return np.concatenate([cells[0].ravel(), np.eye(3)[other], cells[1].ravel()])


def built(by):
    keras.utils.set_random_seed(0)
    network = LetterEncoders(6, by=by, letters=4, width=5)
    blocks = {"name": (PLACES * 128, 2.0), "other": (3, 1.0), "town": (PLACES * 128, 2.0)}
    network.apply_schema(TableSchema((771,), True, None, blocks, ("name", "town"), spelt=("name", "town")))
    network.build((None, 771))
    return network


def codes_of(network, *rows):
    return np.asarray(network(padded(csr_array(np.asarray(rows, np.float32)))))


@pytest.mark.parametrize("by", ["lstm", "convolution"])
def test_what_a_field_says_depends_on_its_own_letters_and_their_order(by):
    network = built(by)
    assert network.places == {"name": (0, 2), "other": (2, 4), "town": (4, 6)}
    one, turned, longer, none = codes_of(
        network, row("abc", "x", 0), row("cba", "x", 0), row("abc", "xyz", 1), row("", "x", 0)
    )
    np.testing.assert_allclose(one[2:], turned[2:], atol=1e-6)
    assert np.abs(one[:2] - turned[:2]).max() > 1e-3
    np.testing.assert_allclose(one[:2], longer[:2], atol=1e-6)
    assert one @ one == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(none[:2], 0)
    assert none @ one == pytest.approx(0.6, abs=1e-5)  # the evidence of what both say
    np.testing.assert_allclose(codes_of(network, row("abc", "x", 0))[0], one, atol=1e-6)  # alone, beside nothing longer


def test_the_lstm_is_the_one_of_the_papers():
    network = built("lstm")
    letters = np.asarray(network.vectors.embeddings)[[ord(each) - 32 for each in "ab"]]
    kernel, recurrent, bias = map(np.asarray, network.reader.get_weights())
    state, cell = np.zeros(5), np.zeros(5)
    for letter in letters:
        into, forget, new, out = np.split(letter @ kernel + state @ recurrent + bias, 4)
        cell = _sigmoid(forget) * cell + _sigmoid(into) * np.tanh(new)
        state = _sigmoid(out) * np.tanh(cell)
    wanted = state @ np.asarray(network.heads)[0]
    found = codes_of(network, row("ab", "", 0))[0, :2]
    np.testing.assert_allclose(found / np.linalg.norm(found), wanted / np.linalg.norm(wanted), atol=1e-5)


def _sigmoid(values):
    return 1 / (1 + np.exp(-values))


def test_without_letters_it_is_refused():
    with pytest.raises(ValueError, match="texts=letters"):
        LetterEncoders(2, {"a": 3}, spelt=[]).build((None, 3))
