"""One spelling of texts: Python's and the graph's are the same, and nothing that differs comes out as equal."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest

from zoo.quiet import import_tensorflow
from zoo.rows._cells import OTHER
from zoo.rows.plain_text import (
    MISSING_WORDS,
    MissingCells,
    missing_keys,
    missing_table,
    plain,
    plain_characters,
    plain_texts,
)
from zoo.rows.typed_field import TypedField
from zoo.rows.typed_record_rows import TypedRecordRows

tf = import_tensorflow()


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("  Jean-Luc  O\u2019Brien ", "jean luc obrien"),
        ("MÜLLER, Ørsted; Łódź", "muller orsted lodz"),
        ("Straße ﬁn Ⅻ ①", "strasse fin xii 1"),
        ("İstanbul \u0131I", "istanbul ii"),
        ("e\u0301cole", "ecole"),
        ("\u0410\u041d\u041d\u0410", "анна"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("مُحَمَّد", "محمد"),
        ("soft\u00adhyphen \u200bx\u00a0y\x00z\ufffd", "softhyphen x y z"),
        ("-?.*", ""),
        ("x²\t½", "x2 1 2"),
    ],
)
def test_what_texts_are_spelt_like(text, spelt):
    assert plain(text) == spelt
    assert plain_texts(tf.constant([text])).numpy()[0].decode() == spelt


def test_the_graph_spells_every_character_as_python_does():
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = ["a".join(every[start : start + 97]) for start in range(0, len(every), 97)]
    read = [each.decode() for each in plain_texts(tf.constant(texts)).numpy()]
    assert read == [plain(text) for text in texts]


def test_a_spelling_is_its_own_spelling_and_decomposed_letters_are_the_same():
    letters = [chr(code) for code in range(0x3000) if unicodedata.category(chr(code))[0] == "L"]
    for letter in letters:
        assert plain(plain(letter)) == plain(letter)
        assert plain(unicodedata.normalize("NFD", letter)) == plain(letter)


def test_letters_of_other_scripts_are_never_latin_ones():
    scripts = ("CYRILLIC", "ARABIC LETTER", "GREEK SMALL", "HEBREW LETTER", "ARMENIAN", "GEORGIAN", "CJK UNIFIED")
    others = [chr(code) for code in range(0x9FFF) if unicodedata.name(chr(code), "").startswith(scripts)]
    assert len(others) > 20_000
    assert not any(plain(letter).isascii() and plain(letter) for letter in others)


def test_bytes_that_are_no_text_and_texts_without_end_are_read():
    assert plain_texts(tf.constant([b"Andr\xe9 B", b"\xff\xfe", b""])).numpy().tolist() == [b"andr b", b"", b""]
    long = tf.constant(["é" * 1_000_000, "ab"])
    assert [len(row) for row in plain_characters(long, most=5).to_list()] == [5, 2]


@pytest.mark.parametrize("cell", ["", " N/A ", "n.a", "UNKNOWN", "-", "?", "--", "NaN", "#N/A", "<NA>", "(null)"])
def test_what_stands_for_a_missing_cell(cell):
    assert plain(cell) in missing_keys()
    assert missing_table().lookup(plain_texts(tf.constant([cell]))).numpy().tolist() == [1]


def test_words_for_a_missing_cell_are_the_users():
    assert plain("unknown") not in missing_keys(["tba"])
    assert {"", "tba"} == missing_keys(["TBA "])
    assert "na" in missing_keys(MISSING_WORDS)
    table = missing_table(["T.B.A."])
    np.testing.assert_array_equal(table.lookup(plain_texts(tf.constant(["t b a", "tba", "na"]))), [1, 0, 0])


@pytest.mark.parametrize(("one", "other"), [("C++", "C#"), ("C", "C#"), ("A+", "A-"), ("AB+", "AB")])
def test_signs_that_are_part_of_a_name_tell_names_apart(one, other):
    assert plain(one) != plain(other)
    assert plain_texts(tf.constant([one])).numpy()[0].decode() == plain(one)


def test_words_for_missing_cells_that_are_numbers_are_compared_as_numbers():
    nothing = MissingCells(("-1", "0.0", "n/a"))
    assert [cell in nothing for cell in ("-1", "-1.0", "1", "0", "0.00", "00", "N/A", "-", "")] == [
        *(True, True, False, True, True, True, True, True, True)
    ]
    rows = TypedRecordRows({"score": TypedField("category", 4, names=(OTHER, "1", "0", "2"))}, ("-1", "0.0"))
    cells = pa.table({"score": ["-1", "1", "0", "-1.0", "0.0", "", "2"]})
    assert rows.read(cells).toarray().sum(axis=1).tolist() == [0, 1, 0, 0, 0, 0, 1]
    assert "#N/A" in MissingCells()
