"""Embeddings of a file, matched with rows by their keys."""

import datetime
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.errors import InputError
from zoo.metrics.neighbour_overlap import NeighbourOverlap
from zoo.representations.file import File
from zoo.types import Reconstructs, Scores


@pytest.fixture
def codes(rng):
    return rng.normal(size=(600, 5)).astype(np.float32)


@pytest.fixture
def written(tmp_path):
    """Writes columns as a Parquet file; gives its path."""

    def write(columns):
        path = tmp_path / "embeddings.parquet"
        pq.write_table(pa.table(columns), path)
        return str(path)

    return write


def encoded(splits, path, rows=None, **options):
    return File(path, **options).fit("file", splits, None).encode(np.arange(len(splits)) if rows is None else rows)


def test_rows_are_matched_by_key_in_any_order_and_others_left_out(splits, codes, rng, written):
    order = rng.permutation(600)
    keys = [*splits.keys[order], "another"]
    vectors = [*codes[order].tolist(), [9.0] * 5]
    path = written({"note": ["x"] * 601, "embedding": vectors, "word": keys})
    np.testing.assert_array_equal(encoded(splits, path), codes)
    np.testing.assert_array_equal(encoded(splits, path, rows=np.asarray([7, 3])), codes[[7, 3]])
    np.testing.assert_array_equal(encoded(splits, path, key_column="word", columns=["embedding"]), codes)


def test_columns_of_numbers_and_keys_that_are_numbers(splits, codes, rng, written):
    order = rng.permutation(600)
    numbered = replace(splits, keys=np.asarray([str(row) for row in range(600)], object))
    columns = {"id": order, **{f"e{place}": codes[order, place] for place in range(5)}}
    np.testing.assert_array_equal(encoded(numbered, written(columns)), codes)
    np.testing.assert_array_equal(encoded(numbered, written(columns), columns=["e3", "e0"]), codes[:, [3, 0]])
    np.testing.assert_array_equal(encoded(replace(splits, keys=None), written(columns)), codes)


def test_without_keys_as_many_rows_are_in_the_same_order(splits, codes, tmp_path):
    np.save(tmp_path / "codes.npy", codes)
    np.testing.assert_array_equal(encoded(splits, str(tmp_path / "codes.npy")), codes)
    np.save(tmp_path / "fewer.npy", codes[1:])
    with pytest.raises(InputError, match=r"599 embeddings without keys for 600 rows.*write the rows' keys"):
        File(str(tmp_path / "fewer.npy")).require("file", splits)


def test_word2vec_and_csv(splits, codes, tmp_path):
    lines = [f"{key} {' '.join(map(str, row))}" for key, row in zip(splits.keys, codes.tolist(), strict=True)]
    (tmp_path / "codes.txt").write_text("600 5\n" + "\n".join(lines[::-1]) + "\n")
    np.testing.assert_allclose(encoded(splits, str(tmp_path / "codes.txt")), codes, rtol=1e-6)
    (tmp_path / "codes.csv").write_text("key,a,b,c,d,e\n" + "\n".join(line.replace(" ", ",") for line in lines))
    np.testing.assert_allclose(encoded(splits, str(tmp_path / "codes.csv")), codes, rtol=1e-6)


@pytest.mark.parametrize(
    ("alter", "options", "message"),
    [
        (lambda keys, rows: (keys[:-2], rows[:-2]), {}, r"column 'word' lacks 2 of the 600 keys.*key598.*key599"),
        (lambda keys, rows: ([*keys[:-1], "key0"], rows), {"key_column": "word"}, r"lacks 1 of the 600 keys.*key599"),
        (lambda keys, rows: ([*keys, "key7"], [*rows, rows[0]]), {}, r"occur more than once: 'key7'; keep one row"),
        (
            lambda keys, rows: (keys, [rows[0][:3], *rows[1:]]),
            {},
            r"embeddings\.parquet: column 'embedding', row 1 .*5 numbers, expected 3",
        ),
        (
            lambda keys, rows: (keys, [[float("nan")] * 5, *rows[1:]]),
            {},
            r"1 row, the first of them row 0 .*'embedding'; repair the rows",
        ),
        (
            lambda keys, rows: (keys, rows),
            {"key_column": "wird"},
            r"key_column=wird: no such column; did you mean 'word'",
        ),
        (lambda keys, rows: (keys, rows), {"columns": ["embeding"]}, r"columns=embeding: no such column; did you mean"),
    ],
)
def test_what_cannot_be_used_is_refused_before_the_training(alter, options, message, splits, codes, written):
    keys, rows = alter(list(splits.keys), codes.tolist())
    with pytest.raises(InputError, match=message):
        File(written({"word": keys, "embedding": rows}), **options).require("file", splits)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (["a", "b"], "type list<.*string>, and embeddings are plain lists of numbers"),
        ([[1.0, 2.0], [3.0, 4.0]], "type list<.*list<.*>, and embeddings are plain lists of numbers"),
        ([], "has empty lists|is of type list<"),
        (None, "row 0|NaN, infinity or no number"),
        ("some text", "row 0 .*'some text' is not a vector such as"),
        ({"a": 1.0}, "type struct<.*, not of numbers; name columns of numbers with columns="),
        (datetime.date(2020, 1, 1), "not of numbers; name columns of numbers with columns="),
        (b"\x00", "type binary, not of numbers"),
    ],
)
def test_columns_that_are_no_embeddings_are_named_with_their_type(cell, said, splits, written):
    path = written({"word": list(splits.keys), "odd": [cell] * len(splits), "number": [1.0] * len(splits)})
    with pytest.raises(InputError, match=rf"embeddings\.parquet: .*'odd'.*({said})|{said}.*'odd'"):
        File(path, columns=["odd"]).require("file", splits)
    if cell is not None:
        with pytest.raises(
            InputError, match=r"embeddings\.parquet: column 'odd'.*name columns of numbers with columns="
        ):
            File(path, columns=["odd", "number"]).require("file", splits)


def test_vectors_may_be_text_and_lists_of_whole_numbers_are_no_keys(splits, codes, written):
    table = {"tags": [[1, 2]] * len(splits), "word": list(splits.keys), "text": [str(row) for row in codes.tolist()]}
    np.testing.assert_allclose(encoded(splits, written(table), columns=["text"]), codes, rtol=1e-6)


def test_two_columns_of_vectors_are_asked_about(splits, codes, written):
    with pytest.raises(InputError, match=r"2 columns hold vectors, 'a', 'b'; name the right one with columns="):
        File(written({"a": codes.tolist(), "b": codes.tolist()})).require("file", splits)
    with pytest.raises(InputError, match=r"no columns of fractions.*columns: word \(text\)"):
        File(written({"word": list(splits.keys)})).require("file", splits)
    with pytest.raises(InputError, match=r"gone\.parquet"):
        File("gone.parquet").require("file", splits)


def test_rows_that_the_file_cannot_have_are_not_a_number(splits, codes, written):
    given = File(written({"embedding": codes.tolist()})).fit("file", splits, None)
    assert not isinstance(given, Reconstructs | Scores)
    np.testing.assert_array_equal(given.on(replace(splits, test=splits.train)).encode(splits.test), codes[splits.test])
    assert np.isnan(given.on(replace(splits, features=splits.features + 1)).encode(splits.test)).all()


def test_the_raw_rows_from_a_file_keep_all_neighbours(splits, written):
    path = written({"key": list(splits.keys), "vector": splits.features.tolist()})
    values = NeighbourOverlap(among=600).values(File(path).fit("file", splits, None), splits)
    np.testing.assert_array_equal(values, 1)
