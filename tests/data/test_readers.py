"""Every format gives the rows that were written, and every fault of a file is named."""

import gzip
import inspect
import re
import shutil

import numpy as np
import pyarrow as pa
import pytest

from zoo.data import readers
from zoo.errors import InputError


def read(path, limit=None, **options):
    return readers.read(path, limit, **{name: str(value) for name, value in options.items()})


def fixed_lists(vectors):
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(vectors)), np.shape(vectors)[1])


def word2vec_bin(write, table):
    return write.word2vec(table.keys, table.vectors), {}


def word2vec_bin_gz(write, table):
    return write.word2vec(table.keys, table.vectors, "v.bin.gz"), {}


def word2vec_text(write, table):
    return write.word2vec(table.keys, table.vectors, "v.vec"), {}


def word2vec_text_gz(write, table):
    return write.word2vec(table.keys, table.vectors, "V.TXT.GZ"), {}


def glove_text(write, table):
    return write.glove(table.keys, table.vectors, "v.glove"), {}


def glove_text_gz(write, table):
    return write.glove(table.keys, table.vectors, "v.w2v.gz"), {}


def gensim_kv(write, table):
    return write.gensim(table.keys, table.vectors), {}


def gensim_in_parts(write, table):
    return write.gensim(table.keys, table.vectors, "v.wordvectors", separately=["vectors"]), {}


def numpy_and_lines(write, table):
    path, keys = write.npy(table.keys, table.vectors)
    return path, {"vocabulary": keys}


def numpy_and_parquet(write, table):
    path, _ = write.npy(table.keys, table.vectors)
    return path, {"vocabulary": write.parquet({"n": list(range(200)), "word": table.keys}, "keys.data")}


def parquet_lists(write, table):
    return write.parquet({"vector": table.vectors.tolist(), "word": table.keys}), {}


def parquet_fixed_lists(write, table):
    columns = {"word": pa.array(table.keys).dictionary_encode(), "n": list(range(200)), "v": fixed_lists(table.vectors)}
    return write.parquet(columns, "v.pq", row_group_size=30), {}


FORMATS = [
    word2vec_bin,
    word2vec_bin_gz,
    word2vec_text,
    word2vec_text_gz,
    glove_text,
    glove_text_gz,
    gensim_kv,
    gensim_in_parts,
    numpy_and_lines,
    numpy_and_parquet,
    parquet_lists,
    parquet_fixed_lists,
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("limit", [None, 1, 37, 200, 5000])
def test_rows_come_back_as_written(form, limit, write, table):
    path, options = form(write, table)
    found = read(path, limit, **options)
    assert list(found.keys) == table.keys[:limit]
    assert np.array_equal(found.vectors, table.vectors[:limit])
    assert found.available in ({200, None} if "glove" in form.__name__ else {200})


def test_the_folder_holds_five_readers_without_a_shared_suffix():
    suffixes = [suffix for reader in readers.all_readers() for suffix in reader.suffixes]
    assert len(readers.all_readers()) >= 5
    assert len(suffixes) == len(set(suffixes)) >= 16
    for reader in readers.all_readers():
        assert list(inspect.signature(reader.read).parameters)[:2] == ["path", "limit"]


def test_a_new_file_in_the_folder_is_a_new_format(write, tmp_path, monkeypatch):
    code = """
        from zoo.data.readers._table import Table
        class UpperVectors:
            suffixes = (".bin.upper",)
            def read(self, path, limit=None):
                return Table(path.read_text().split()[:limit], None, None)
    """
    (tmp_path / "upper_vectors.py").write_text(inspect.cleandoc(code))
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(tmp_path)])
    assert read(write.lines("A B C", "x.bin.upper"), 2).keys == ["A", "B"]


def test_unknown_suffix_lists_what_is_readable(write):
    with pytest.raises(InputError, match=r"vectors\.h5: no reader .* readable: .*\.bin, .*\.npy, .*\.parquet"):
        read(write.lines("x", "vectors.h5"))
    with pytest.raises(InputError, match=r"no reader of word vectors .*; a table with columns is read by recipe=dense"):
        read(write.lines("x", "vectors.csv"))


def test_an_option_of_another_format_is_refused(write, table):
    path, _ = word2vec_bin(write, table)
    with pytest.raises(InputError, match=r"data\.vocabulary means nothing for this format, only for \.npy"):
        read(path, vocabulary="keys.txt")
    with pytest.raises(InputError, match=r"data\.key_column means nothing .* only for \.parquet, \.pq"):
        read(path, key_column="word")


# Files that others wrote.


def test_google_word2vec(googlenews):
    found = read(googlenews)
    assert found.vectors.shape == (1000, 300)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1, abs=1e-4)
    man, woman = (found.vectors[found.keys.index(word)] for word in ("man", "woman"))
    assert float(man @ woman) == pytest.approx(0.7664, abs=1e-4)  # as in GoogleNews


@pytest.mark.parametrize(
    ("name", "shape", "first"),
    [
        ("euclidean_vectors.bin", (2747, 10), None),
        ("EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", (20, 300), "one"),
        ("lee_fasttext.vec", (1762, 10), "the"),
        ("crime-and-punishment.vec", (291, 5), "и"),
        ("test_glove.txt", None, "the"),
    ],
)
def test_files_in_gensims_wheel(name, shape, first):
    from pathlib import Path

    from gensim.test.utils import datapath

    found = read(Path(datapath(name)))
    assert shape is None or found.vectors.shape == shape
    assert first is None or found.keys[0] == first
    assert found.vectors.shape[0] == len(found.keys)
    assert found.vectors.dtype == np.float32


# word2vec binary


def test_every_duplicate_is_seen_even_over_gensims_blocks(write):
    # gensim reads 100 KiB at a time and, left alone, gives up on a limit after a repeated key in an earlier block.
    vector = np.arange(300, dtype=np.float32).tobytes()
    rows = [b"%d %s" % (0 if number == 7 else number, vector) for number in range(300)]
    found = read(write.lines(b"300 300\n" + b"\n".join(rows), "v.bin"), 200)
    assert len(found.keys) == 200
    assert found.keys[7] == "0"


def test_truncated_binary(write, table):
    path, _ = word2vec_bin(write, table)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"vectors\.bin: its first line promises 200 .* at most \d+; it is cut off"):
        read(path)
    assert len(read(path, 20).keys) == 20
    path.write_bytes(data[:-3])
    with pytest.raises(InputError, match=r"promises 200 vectors of 6 .* ends before vector 200; it is cut off"):
        read(path)


def test_a_header_that_promises_too_much_sets_no_memory_aside(write):
    with pytest.raises(InputError, match=r"promises 999,999,999,999 vectors of 300"):
        read(write.lines(b"999999999999 300\na " + bytes(1200), "v.bin"))
    with pytest.raises(InputError, match=r"promises 999,999,999,999 vectors, but the file ends after 1"):
        read(write.lines("999999999999 2\na 1 2\n"))


def test_truncated_gzip(write, table):
    for name in ("v.bin.gz", "v.vec.gz"):
        path = write.word2vec(table.keys, table.vectors, name)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(InputError, match=rf"{name}: .*(cannot be read to its end|is cut off)"):
            read(path)
        path.write_bytes(b"not gzip at all")
        with pytest.raises(InputError, match=rf"{name}: cannot be read to its end .*gzip"):
            read(path)


def test_another_format_named_bin(write, table):
    glove = write.glove(table.keys, table.vectors, "glove.txt").rename(write.folder / "glove.bin")
    with pytest.raises(InputError, match=r"glove\.bin: expected word2vec binary.*text must end in \.txt"):
        read(glove)
    text = write.word2vec(table.keys, table.vectors, "text.vec").rename(write.folder / "text.bin")
    with pytest.raises(InputError, match=r"text\.bin: the vectors are written as text.*rename"):
        read(text)
    with pytest.raises(InputError, match=r"promises 0 vectors of width 5"):
        read(write.lines("0 5\n", "none.bin"))


def test_binary_keys_that_are_not_utf8(write):
    path = write.lines(b"1 2\n" + "Zoë ".encode("latin-1") + bytes(8), "v.bin")
    with pytest.raises(InputError, match=r"v\.bin: the key b'Zo\\xeb' is not UTF-8"):
        read(path)


# text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 1 2\nb 1 2\nc 1\n", r"line 3: 1 numbers after the key, expected 2"),
        ("3 2\na 1 2\nb 1 2 3\nc 1 2\n", r"line 3: 3 numbers after the key, expected 2"),
        ("a 1 2\n. . 1 2\n", r"line 2: 3 numbers after the key, expected 2.*a key holds none"),
        ("2 2\na 1 2\nb 1 two\n", r"line 3: number 2 of 2 is 'two'"),
        ("a 1 2\n\nb 1 2\n", r"line 2: the line is empty"),
        ("3 2\na 1 2\nb 1 2\n", r"promises 3 vectors, but the file ends after 2"),
        (b"a 1 2\nZo\xeb 1 2\n", r"line 2: byte 2 is not UTF-8 \(b'\\xeb 1 '\)"),
        (b"\x80\x04pickle\x94", r"line 1: byte 0 is not UTF-8 .*gensim's own format in \.kv"),
        ("a\t1\t2\nb 1 2\n", r"line 1: no numbers after the key; numbers are separated by one space"),
        ("\n\n", r"holds no vectors"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_faults_of_text_name_the_line(text, message, packed, write):
    text = text if isinstance(text, bytes) else text.encode()
    path = write.lines(gzip.compress(text) if packed else text, "v.txt.gz" if packed else "v.txt")
    with pytest.raises(InputError, match=rf"{re.escape(str(path))}.*{message}"):
        read(path)


def test_a_fault_after_the_limit_is_not_read(write):
    assert read(write.lines("a 1 2\nb 1 2\nc 1\n"), 2).keys == ["a", "b"]
    with pytest.raises(InputError, match="line 3"):
        read(write.lines("a 1 2\nb 1 2\nc 1\n"), 3)


@pytest.mark.parametrize(
    ("text", "keys", "width"),
    [
        ("2 1\na 5\nb 6\n", ["a", "b"], 1),
        ("7 3\n8 4\n", ["7", "8"], 1),
        ("2 2\n7 3 1\n8 4 1\n", ["7", "8"], 2),
        ("7 3 1\n8 4 1\n", ["7", "8"], 2),
    ],
)
def test_the_header_line_is_told_from_a_row(text, keys, width, write):
    found = read(write.lines(text))
    assert list(found.keys) == keys
    assert found.vectors.shape == (len(keys), width)


# gensim


def test_a_whole_word2vec_model(write):
    from gensim.models import Word2Vec

    model = Word2Vec([["zoo", "cat", "dog"], ["dog", "zoo"]], vector_size=4, min_count=1, epochs=1, workers=1)
    model.save(str(write.folder / "whole.model"))
    found = read(write.folder / "whole.model")
    assert list(found.keys) == model.wv.index_to_key
    assert np.array_equal(found.vectors, model.wv.vectors)


def test_a_table_in_its_own_file_stays_on_disk(write, table):
    path, _ = gensim_in_parts(write, table)
    assert isinstance(read(path).vectors, np.memmap)
    shutil.move(f"{path}.vectors.npy", write.folder / "elsewhere.npy")
    with pytest.raises(InputError, match=r"its other part .*vectors\.npy is missing"):
        read(path)


def test_what_gensim_cannot_load(write, table):
    broken, _ = gensim_kv(write, table)
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(InputError, match=r"vectors\.kv: gensim cannot load it .*binary must end in \.bin"):
        read(broken)


def test_a_model_without_word_vectors(write):
    from gensim.models import TfidfModel

    TfidfModel([[(0, 1.0)]]).save(str(write.folder / "weights.model"))
    with pytest.raises(InputError, match=r"weights\.model: holds a TfidfModel, which has no word vectors"):
        read(write.folder / "weights.model")


# .npy


def test_npy_is_mapped_and_only_as_far_as_the_limit(write, table):
    path, keys = write.npy(table.keys, table.vectors)
    found = read(path, 10, vocabulary=keys)
    assert isinstance(found.vectors, np.memmap)
    assert found.vectors.shape == (10, 6)


def test_npy_needs_a_vocabulary_of_its_length(write, table):
    path, keys = write.npy(table.keys, table.vectors)
    with pytest.raises(InputError, match=r"vectors\.npy: a \.npy file has no keys; .*data\.vocabulary="):
        read(path)
    with pytest.raises(InputError, match=r"data\.vocabulary=.*kyes\.txt: no such file; did you mean '.*keys\.txt'"):
        read(path, vocabulary=write.folder / "kyes.txt")
    with keys.open("a") as file:
        file.write("one more\n")
    with pytest.raises(InputError, match=r"vectors\.npy has 200 rows, but .*keys\.txt has 201 keys"):
        read(path, 10, vocabulary=keys)


def test_vocabulary_lines(write):
    path, _ = write.npy([], np.ones((3, 2), dtype=np.float32))
    keys = write.lines(b"\xef\xbb\xbfone\r\ntwo words\r\n\r\n", "keys.txt")
    assert read(path, vocabulary=keys).keys == ["one", "two words", ""]
    with pytest.raises(InputError, match=r"keys\.txt, line 2: not UTF-8"):
        read(path, vocabulary=write.lines(b"one\nZo\xeb\nthree\n", "keys.txt"))


def test_vocabulary_in_parquet(write):
    path, _ = write.npy([], np.ones((3, 2), dtype=np.float32))
    with pytest.raises(InputError, match=r"no string column to take keys from; columns: number"):
        read(path, vocabulary=write.parquet({"number": [1, 2, 3]}))
    with pytest.raises(InputError, match=r"column 'word' has no key in row 1"):
        read(path, vocabulary=write.parquet({"word": ["a", None, "c"]}))
    with pytest.raises(InputError, match="not a complete Parquet file"):
        read(path, vocabulary=write.lines(b"PAR1 and nothing more", "v.parquet"))


def test_what_numpy_cannot_map(write, table):
    path, keys = write.npy(table.keys, table.vectors)
    data = path.read_bytes()
    for damaged in (data[:-10], b"no numpy file at all", data[:20]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"vectors\.npy: not a complete \.npy file of numbers"):
            read(path, vocabulary=keys)
    np.save(path, np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"not a complete \.npy file of numbers"):
        read(path, vocabulary=keys)
    np.save(path, np.ones((2, 3, 4)))
    with pytest.raises(InputError, match=r"expected a table \[rows, width\], found an array of shape \[2, 3, 4\]"):
        read(path, vocabulary=keys)


# Parquet


def test_parquet_columns_can_be_chosen(write):
    columns = {"id": [7, 8], "a": [[1.0, 2.0], [3.0, 4.0]], "b": [[5], [6]], "word": ["x", "y"], "other": ["p", "q"]}
    path = write.parquet(columns)
    found = read(path, key_column="id", vector_column="b")
    assert found.keys == ["7", "8"]
    assert found.vectors.tolist() == [[5], [6]]
    assert found.vectors.dtype == np.float32
    with pytest.raises(InputError, match=r"several columns hold vectors; .*data\.vector_column=.*'a', 'b'"):
        read(path)
    found = read(path, vector_column="a")
    assert found.keys == ["x", "y"]
    assert "first column of strings, 'word'" in found.notes[0]


def test_parquet_without_keys_counts_rows(write):
    found = read(write.parquet({"n": [5, 6], "v": [[1.0], [2.0]]}))
    assert found.keys == ["0", "1"]
    assert "row numbers" in found.notes[0]


def test_parquet_rows_are_numbered_over_blocks(write, monkeypatch):
    from zoo.data.readers import _collect

    monkeypatch.setattr(_collect, "_BLOCK", 2)
    found = read(write.parquet({"v": [[1.0], [2.0], [3.0], [4.0], [5.0]]}))
    assert found.keys == ["0", "1", "2", "3", "4"]
    assert found.vectors.ravel().tolist() == [1, 2, 3, 4, 5]
    for vectors, message in [
        ([[1.0], [2.0], [3.0], None], "no vector in row 3"),
        ([[1.0], [2.0], [3.0], [1.0, 2.0]], r"row 3 \(from 0\): 2 numbers, expected 1"),
        ([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [1.0, None]], r"row 3 \(from 0\): number 2 of 2 is missing"),
    ]:
        with pytest.raises(InputError, match=rf"vectors\.parquet: column 'v'.*{message}"):
            read(write.parquet({"v": vectors}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vector_column": "vektor"}, r"data\.vector_column=vektor: no such column; did you mean 'vector'\?"),
        (
            {"key_column": "Word"},
            r"data\.key_column=Word: no such column; did you mean 'word'\? columns: score, vector",
        ),
        ({"vector_column": "score"}, r"data\.vector_column=score is of type double, .*columns of lists: vector"),
        ({"key_column": "score"}, r"column 'score' is of type double; keys are strings or whole numbers"),
    ],
)
def test_parquet_columns_that_do_not_serve(options, message, write):
    path = write.parquet({"word": ["a", "b"], "vector": [[1.0], [2.0]], "score": [0.5, 0.6]})
    with pytest.raises(InputError, match=message):
        read(path, **options)


def test_parquet_faults(write):
    with pytest.raises(InputError, match=r"no column holds vectors .*columns: word \(string\), x \(double\)"):
        read(write.parquet({"word": ["a"], "x": [1.0]}))
    with pytest.raises(InputError, match=r"column 'word' has no key in row 1"):
        read(write.parquet({"word": ["a", None], "v": [[1.0], [2.0]]}))
    with pytest.raises(InputError, match=r"column 'word' holds keys that are not UTF-8"):
        read(write.parquet({"word": [b"a", b"\xff"], "v": [[1.0], [2.0]]}), key_column="word")
    whole = write.parquet({"v": [[1.0], [2.0]]})
    whole.write_bytes(whole.read_bytes()[:-6])
    with pytest.raises(InputError, match=r"vectors\.parquet: not a complete Parquet file"):
        read(whole)
