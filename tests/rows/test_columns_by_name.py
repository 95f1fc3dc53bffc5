"""Columns have names: a table in another order gives the same codes, a stranger is refused, in memory and served."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

tf = import_tensorflow()

from zoo.data import CategoricalTable  # noqa: E402
from zoo.export._serving_requests import serialised_examples  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.models import DenseAutoencoder  # noqa: E402
from zoo.rows import DenseRows, ItemRows, RecordRows  # noqa: E402
from zoo.rows._columns import widths_of_places  # noqa: E402
from zoo.tables.held_table import held_table, spread  # noqa: E402
from zoo.types import MISSING, OTHER  # noqa: E402

NAMES = ("age", "income in €", "children", "rooms")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = DenseAutoencoder(2, [3])
    model.build((None, 4))
    folder = tmp_path_factory.mktemp("named") / "saved_model"
    write_saved_model(folder, model, DenseRows("vector", (4,), NAMES))
    return folder, Encoder.from_model("in memory", model, kind=DenseRows("vector", (4,), NAMES))


@pytest.fixture
def frame(rng):
    return pd.DataFrame(rng.normal(size=(30, 4)), columns=list(NAMES))


def test_rows_go_by_the_names_of_their_columns(saved, frame):
    folder, in_memory = saved
    wanted = in_memory.encode(frame.to_numpy())
    shuffled = frame[["rooms", "age", "children", "income in €"]]
    trained_from = shuffled.assign(id=range(30), label="x")
    loaded = Encoder.from_saved_model(folder)
    assert loaded.kind == in_memory.kind
    for encoder in (in_memory, loaded):
        for rows in (
            shuffled,
            trained_from,
            pa.Table.from_pandas(trained_from),
            pa.RecordBatch.from_pandas(trained_from),
            trained_from.to_dict("list"),
            trained_from.to_dict("records"),
            trained_from.convert_dtypes(),
            frame.to_numpy(),
            frame.to_numpy().tolist(),
            pd.DataFrame(frame.to_numpy()),
            pd.DataFrame({"vector": list(frame.to_numpy())}),
        ):
            np.testing.assert_allclose(encoder.encode(rows), wanted, atol=1e-5)


class Streamed:
    """A table of another library, such as polars, that hands its columns over through Arrow's C interface."""

    def __init__(self, table):
        self._table = table
        self.columns = table.column_names

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def test_tables_of_other_libraries_come_through_arrow(saved, frame):
    _, encoder = saved
    streamed = Streamed(pa.Table.from_pandas(frame[list(reversed(NAMES))]))
    np.testing.assert_allclose(encoder.encode(streamed), encoder.encode(frame), atol=1e-6)
    baskets = [["tea"], ["milk", "tea"]]
    kind = ItemRows(["milk", "tea"])
    for rows in (Streamed(pa.table({"items": baskets})), pa.table({"items": baskets}), pa.array(baskets)):
        assert kind.arrays(rows)["items"].tolist() == [["tea", ""], ["milk", "tea"]]
    records = RecordRows({"town": (MISSING, OTHER, "ulm"), "n": (MISSING, OTHER)})
    found = records.arrays(Streamed(pa.table({"n": [1.0, None], "town": ["ulm", None]})))
    assert {name: cells.tolist() for name, cells in found.items()} == {"town": ["ulm", ""], "n": ["1", ""]}


def test_arrays_of_records_have_the_width_that_was_trained_on():
    rows = np.random.default_rng(0).integers(3, size=(200, 4))
    held = held_table(rows, "mine")
    kind = CategoricalTable(table=spread(held), columns=["0", "2"]).load().kind
    for same in (kind, RecordRows.from_config(kind.get_config())):
        assert list(same.arrays(rows).values())[1].tolist() == [str(each) for each in rows[:, 2]]
        for other in (rows[:, :3], np.hstack([rows, rows])):
            with pytest.raises(ValueError, match=rf"an array of {other.shape[1]} columns, .*; give all 4, or a table"):
                same.arrays(other)
    assert len(RecordRows({"0": ()}).arrays(rows)) == 1  # of which no width is known
    assert widths_of_places(["0", "1", "2"], ["2"]) == (2, 3)  # new rows may have no label
    assert widths_of_places(["0", "2"]) == widths_of_places(["town"]) == ()


def test_strangers_are_named_with_what_may_be_meant(saved, frame):
    _, encoder = saved
    with pytest.raises(
        ValueError, match=r"in memory takes rows of 4 named columns; missing are age \(did you mean 'Age'\?\)"
    ):
        encoder.encode(frame.rename(columns={"age": "Age"}))
    with pytest.raises(ValueError, match=r"missing are rooms; there are age, income in €, children, z"):
        encoder.encode(frame.rename(columns={"rooms": "z"}))
    with pytest.raises(ValueError, match="missing are children"):
        encoder.encode(frame.drop(columns="children"))
    with pytest.raises(ValueError, match="without names of columns: give an array"):
        DenseRows("v", (4,)).arrays(frame.to_dict("list"))
    with pytest.raises(ValueError, match=r"takes dense rows \[n, 4\], and these are sparse"):
        encoder.encode(csr_array(frame.to_numpy()))


def test_the_served_model_takes_each_column_by_its_name(saved, frame):
    folder, in_memory = saved
    wanted = in_memory.encode(frame)
    loaded = tf.saved_model.load(str(folder))
    by_column = loaded.signatures["serving_columns"]
    names = in_memory.kind.named_inputs()
    assert set(by_column.structured_input_signature[1]) == {"age", "income_in__", "children", "rooms"}
    given = {names[column]: tf.constant(frame[column], tf.float32) for column in reversed(NAMES)}
    np.testing.assert_allclose(by_column(**given)["embedding"], wanted, atol=1e-5)
    columns = {column: frame[column].to_numpy(np.float32) for column in reversed(NAMES)}
    examples = tf.constant(serialised_examples(columns))
    found = loaded.signatures["serving_column_examples"](examples=examples)["embedding"]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_very_many_columns_have_no_input_each():
    names = tuple(f"c{i}" for i in range(600))
    assert DenseRows("v", (600,), names).named_inputs() == {}


def test_the_one_column_of_vectors_is_taken_from_a_table_of_others():
    vectors = np.arange(8.0, dtype=np.float32).reshape(2, 4)
    kind = DenseRows("vector", (4,))
    columns = {"text": ["a", "b"], "tags": [["x"] * 4, ["y"]], "emb": list(vectors)}
    for held in (pd.DataFrame(columns), pa.table(columns), columns):
        assert (kind.arrays(held)["vector"] == vectors).all()
    with pytest.raises(ValueError, match="takes"):
        kind.arrays(pd.DataFrame({"a": list(vectors), "b": list(vectors)}))
