"""The client sends what `zoo.Encoder.encode` makes of the same rows, and says the same of rows that it cannot use."""

import datetime
import decimal
import re
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp

from serving.client_rows import InputRows
from serving.client_signature import Signature, Tensor
from zoo.quiet import import_tensorflow
from zoo.rows import DenseRows, ImageRows, ItemRows, RecordRows, SparseRows

tf = import_tensorflow()
NAMES = ("age", "income in €", "rooms")
FRAME = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list(NAMES))
RECORDS = pd.DataFrame(
    {
        "colour": ["red", " Blue\u00a0", None, "1.50"],
        "size": [1.0, 2.5, np.nan, 1e300],
        "no": [7, 8, 9, 2**60],
        "day": pd.to_datetime(["2020-01-01", None, "2021-05-05 12:00", "1999-12-31"], format="ISO8601"),
        "small": np.asarray([0.1, 3, np.nan, np.inf], dtype=np.float32),
        "yes": [True, False, None, True],
        "code": pd.array([1, None, 3, 2**60], dtype="Int64"),
        "kind": pd.Categorical(["a", None, "b", "a"]),
    }
)


def signature_of(specs, name="serving_default"):
    inputs = {
        key: Tensor(np.dtype(spec.dtype.as_numpy_dtype), tuple(-1 if size is None else size for size in spec.shape))
        for key, spec in specs.items()
    }
    return Signature(name, inputs, {})


def sent(kind, rows, signature="serving_default"):
    """What the client sends for rows of a kind, as the arrays of `serving_default`."""
    named = kind.named_inputs()
    by_column = None
    if named:
        specs = {name: tf.TensorSpec((None,), tf.float32) for name in named.values()}
        by_column = signature_of(specs, "serving_columns")
    given = InputRows("m", signature_of(kind.specs(), signature), by_column, rows)
    arrays = given.chunk(0, len(given))
    if given.signature is by_column:
        return {kind.name: np.stack([arrays[named[column]] for column in kind.column_names], axis=1)}
    return arrays


def is_alike(array, wanted):
    if wanted.dtype == object:
        return array.tolist() == [
            [cell.encode("utf-8") for cell in row] if isinstance(row, list) else row.encode("utf-8")
            for row in wanted.tolist()
        ]
    return array.dtype == wanted.dtype and np.array_equal(array, wanted)


VECTORS = DenseRows("vector", (3,))
NAMED = DenseRows("vector", (3,), NAMES)
IMAGES = ImageRows((2, 2, 1))
ITEMS, WEIGHTED = ItemRows(["a", "b", "3"]), ItemRows(["a", "b", "3"], weighted=True)
TABLE = pa.Table.from_pandas(FRAME)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        (VECTORS, [[1, 2, 3], [4, 5, 6]]),
        (VECTORS, ((1, 2, 3), (4, 5, 6))),
        (VECTORS, [["1", "2.5", "1e3"]]),
        (VECTORS, np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3))),
        (VECTORS, np.arange(6, dtype=np.int64).reshape(2, 3)),
        (VECTORS, np.asarray([[True, False, True]])),
        (VECTORS, tf.ones((2, 3))),
        (VECTORS, FRAME),
        (VECTORS, TABLE),
        (VECTORS, FRAME.convert_dtypes()),
        (VECTORS, pd.DataFrame({"any": [[1.0, 2, 3], [4, 5, 6]]})),
        (VECTORS, pd.DataFrame({"vector": list(np.arange(6.0).reshape(2, 3))})),
        (VECTORS, pa.table({"any": [[1.0, 2, 3], [4, 5, 6]]})),
        (VECTORS, pd.Series([[1.0, 2, 3], [4, 5, 6]])),
        (VECTORS, {"vector": np.ones((2, 3))}),
        (VECTORS, []),
        (VECTORS, np.empty((0, 3))),
        (NAMED, FRAME),
        (NAMED, FRAME[["rooms", "age", "income in €"]].assign(id=1, label="x")),
        (NAMED, FRAME[["rooms", "age", "income in €"]].to_dict("list")),
        (NAMED, FRAME[["rooms", "age", "income in €"]].to_dict("records")),
        (NAMED, TABLE.select(["rooms", "age", "income in €"])),
        (NAMED, pa.RecordBatch.from_pandas(FRAME[["rooms", "age", "income in €"]])),
        (NAMED, FRAME.convert_dtypes()[["rooms", "age", "income in €"]]),
        (NAMED, FRAME.to_numpy()),
        (NAMED, pd.DataFrame(FRAME.to_numpy())),
        (NAMED, pd.DataFrame({"vector": list(FRAME.to_numpy())})),
        (IMAGES, np.arange(8, dtype=np.uint8).reshape(2, 2, 2)),
        (IMAGES, np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1)),
        (ITEMS, [["a", "b"], [], ["3"], ["c", "a", "a"]]),
        (ITEMS, [["a", 3.0, None], (3, b"b")]),
        (ITEMS, pd.Series([["a"], ["b", "a"]])),
        (ITEMS, pd.DataFrame({"items": [["a"], ["b", "a"]]})),
        (ITEMS, pa.table({"items": [["a"], ["b", "a"]]})),
        (ITEMS, {"items": [["a"], ["b", "a"]]}),
        (WEIGHTED, [["a", "b"], [], ["3"]]),
        (WEIGHTED, [{"a": 1.5, "b": 2}, {}, {"3": -1.0}]),
        (WEIGHTED, {"items": [["a", "b"], ["3"]], "values": [[1.5, 2], [0.5]]}),
        (WEIGHTED, pa.table({"items": [["a", "b"], ["3"]], "values": [[1.5, 2.0], [0.5]]})),
        (WEIGHTED, pd.DataFrame({"items": [["a", "b"], ["3"]], "values": [[1.5, 2], [0.5]]})),
        (SparseRows(5), sp.csr_array(np.asarray([[0, 2.5, 0, 0, 1], [0, 0, 0, 0, 0], [3, 0, 0, 0, 0]]))),
        (SparseRows(5), sp.coo_matrix(([1.0, 2.0], ([0, 0], [3, 3])), shape=(2, 5))),
        (SparseRows(5), {"indices": [[0, 3], [1, -1]], "values": [[1.0, 2.0], [0.5, 0.0]]}),
        (RecordRows(dict.fromkeys(RECORDS.columns, ())), RECORDS),
        (RecordRows(dict.fromkeys(RECORDS.columns, ())), RECORDS[sorted(RECORDS.columns)].assign(more=1)),
        (RecordRows(dict.fromkeys(RECORDS.columns, ())), pa.Table.from_pandas(RECORDS)),
        (RecordRows(dict.fromkeys(RECORDS.columns, ())), RECORDS.to_dict("list")),
        (RecordRows(dict.fromkeys(RECORDS.columns, ())), RECORDS.to_dict("records")),
        (RecordRows(dict.fromkeys(RECORDS.columns, ())), {name: RECORDS[name].to_numpy() for name in RECORDS}),
        (RecordRows({"a b": (), "c": ()}), [{"a b": "x", "c": 1}, {"c": 2.0}]),
        (
            RecordRows({"a": ()}),
            {"a": [decimal.Decimal("1.50"), datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3), np.int8(3)]},
        ),
        (RecordRows({"a": ()}), {"a": np.asarray([0.1, 2.0], dtype=np.float32)}),
        (RecordRows({"a": ()}), pa.table({"a": pa.array([1, None, 2**60], pa.int64())})),
        (RecordRows({"a": ()}), pa.table({"a": pa.array(["x", None, "x"]).dictionary_encode()})),
    ],
)  # fmt: skip
def test_rows_become_the_same(kind, rows):
    wanted = kind.arrays(rows)
    arrays = sent(kind, rows)
    assert set(arrays) == set(wanted)
    for name, array in arrays.items():
        assert is_alike(array, wanted[name]), (name, array, wanted[name])


@pytest.mark.parametrize(
    ("kind", "rows", "words"),
    [
        (VECTORS, np.ones((2, 4)), "takes rows [n, 3], not [2, 4]"),
        (VECTORS, [1.0, 2.0, 3.0], "takes rows [n, 3], not [3]; a single row is encode([row])"),
        (VECTORS, [[1, 2, 3], [4, 5]], "differ in length"),
        (VECTORS, [["a", "b", "c"]], "are not all numbers"),
        (VECTORS, [[1e39, 0, 0]], "cannot hold"),
        (VECTORS, {"a": [1], "b": [2], "c": [3]}, "vector"),
        (VECTORS, sp.csr_array(np.ones((2, 3))), "rows.toarray() makes"),
        (NAMED, FRAME.rename(columns={"age": "Age"}), "age (did you mean 'Age'?)"),
        (NAMED, FRAME.drop(columns="rooms"), "rooms"),
        (NAMED, pd.DataFrame(FRAME.to_numpy(), columns=["a", "b", "c"]), "there are a, b, c"),
        (NAMED, [{"age": 1, "income in €": 2, "room": 3}], "rooms (did you mean 'room'?)"),
        (ITEMS, ["a", "b"], "a list of lists of items"),
        (WEIGHTED, {"items": [["a", "b"]], "values": [[1.0]]}, "one"),
        (RecordRows({"colour": (), "size": ()}), {"colour": ["a"]}, "missing: size"),
        (RecordRows({"colour": (), "size": ()}), {"color": ["a"], "size": [1]}, "colour (did you mean 'color'?)"),
        (RecordRows({"colour": (), "size": ()}), {"colour": ["a", "b"], "size": [1]}, "the columns differ in length"),
        (
            RecordRows({"colour": (), "size": ()}),
            [{"colour": "a", "size": 1}, {"color": "a", "size": 1}],
            "row 1 (from 0) has 'color' and no 'colour': did you mean 'colour'?",
        ),
        (RecordRows({"colour": (), "size": ()}), [["a", 1]], "by name: colour, size"),
    ],
)  # fmt: skip
def test_the_same_rows_are_refused(kind, rows, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        sent(kind, rows)
    with pytest.raises(ValueError, match=r"\w"):
        kind.arrays(rows)


def test_a_table_for_a_signature_without_names_is_refused_where_the_model_knows_names():
    with pytest.raises(ValueError, match="give an array with the columns in the order of training"):
        sent(NAMED, FRAME[["rooms", "age", "income in €"]], "score")
    np.testing.assert_array_equal(sent(NAMED, FRAME.to_numpy(), "score")["vector"], FRAME.to_numpy())
    np.testing.assert_array_equal(sent(VECTORS, FRAME, "score")["vector"], FRAME.to_numpy())


def test_chunks_of_any_size_are_the_whole(rng):
    for kind, rows in ((NAMED, FRAME), (RecordRows(dict.fromkeys(RECORDS.columns, ())), RECORDS), (VECTORS, FRAME)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            named = kind.named_inputs()
            specs = {name: tf.TensorSpec((None,), tf.float32) for name in named.values()}
            given = InputRows("m", signature_of(kind.specs()), signature_of(specs, "c") if named else None, rows)
            whole = given.chunk(0, 4)
            parts = list(given.chunks(3))
        assert [len(next(iter(part.values()))) for part in parts] == [3, 1]
        for name, array in whole.items():
            assert np.concatenate([part[name] for part in parts]).tolist() == array.tolist()
