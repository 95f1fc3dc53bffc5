"""A cell has one reading: what a table's rows were trained on is what the served graph makes of their raw cells."""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.data import CategoricalTable
from zoo.errors import InputError, ZooError
from zoo.quiet import import_tensorflow
from zoo.rows import RecordRows
from zoo.types import MISSING, OTHER

ROWS = 120
BLANKS = ["\u00a0", "\u2009", "\u3000", "\t", "\u0085", "\u2028", "\x0b", "  "]


def written(tmp_path, columns, name="table.csv"):
    path = tmp_path / name
    frame = pd.DataFrame(columns)
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
    return str(path)


def read_by_the_graph(kind, rows):
    """The column of each field that the graph finds, [rows, fields]."""
    tensors = {name: import_tensorflow().constant(cells) for name, cells in kind.arrays(rows).items()}
    return kind.features(tensors)["indices"].numpy()


def trained_on(splits):
    return np.sort(splits.features.indices.reshape(len(splits), -1), axis=1)


def test_unicode_blanks_and_cases_are_one_reading(tmp_path):
    towns = [f"{blank}New{blank}YORK{blank}" for blank in BLANKS] + ["İzmir", "ΣΑΣ", "Straße", "new york"]
    splits = CategoricalTable(written(tmp_path, {"town": towns * 10})).load()
    assert splits.categories["town"][2:].count("new york") == 1
    assert len(splits.categories["town"]) == 2 + 4
    raw = pd.DataFrame({"town": towns * 10})
    np.testing.assert_array_equal(read_by_the_graph(splits.kind, raw), trained_on(splits))
    np.testing.assert_array_equal(read_by_the_graph(splits.kind, splits.inputs(np.arange(120))), trained_on(splits))


@pytest.mark.parametrize("factor", [1, 1e-9, 1e12, 1 / 3])
def test_intervals_are_cut_at_the_same_numbers(tmp_path, factor):
    numbers = np.random.default_rng(0).normal(5e5, 1, size=2000) * factor
    path = written(tmp_path, {"x": numbers}, "table.parquet")
    splits = CategoricalTable(path, bins={"x": 40}).load()
    for rows in (pd.DataFrame({"x": numbers}), pd.DataFrame({"x": [repr(float(each)) for each in numbers]})):
        np.testing.assert_array_equal(read_by_the_graph(splits.kind, rows), trained_on(splits))
    edges = list(splits.kind.fields["x"].cuts)
    below = [np.nextafter(edge, -np.inf) for edge in edges]
    found = read_by_the_graph(splits.kind, {"x": edges})[:, 0] - read_by_the_graph(splits.kind, {"x": below})[:, 0]
    assert (found == 1).all()


def test_float32_columns_fall_into_the_bins_of_training(tmp_path):
    numbers = np.random.default_rng(0).integers(0, 99, 500).astype(np.float32) / 10
    splits = CategoricalTable(written(tmp_path, {"x": numbers}, "table.parquet"), bins={"x": 30}).load()
    np.testing.assert_array_equal(read_by_the_graph(splits.kind, pd.DataFrame({"x": numbers})), trained_on(splits))


def same_table(tmp_path):
    """A table as Parquet, where numbers with gaps are floats, and as CSV, where they may be written in other ways."""
    rooms = [None, 1, 2, 7] * (ROWS // 4)
    town = ["Rome", None, "Oslo", "Bern"] * (ROWS // 4)
    parquet = tmp_path / "table.parquet"
    pq.write_table(pa.table({"rooms": pa.array(rooms, pa.float64()), "town": town}), parquet)
    ways = {None: ["", "NA", "NaN"], 1: ["1", "1.0", "01"], 2: ["2", "2.", "2.00"], 7: ["007", "7", "+7"]}
    csv = [{"rooms": ways[room][row % 3], "town": name or "NA"} for row, (room, name) in enumerate(zip(rooms, town))]  # noqa: B905
    pd.DataFrame(csv).to_csv(tmp_path / "table.csv", index=False)
    return str(parquet), str(tmp_path / "table.csv"), pd.DataFrame(csv)


@pytest.mark.parametrize("bins", [None, {"rooms": 3}])
def test_one_table_as_parquet_and_as_csv_gives_the_same_rows(tmp_path, bins):
    parquet, _, as_text = same_table(tmp_path)
    splits = CategoricalTable(parquet, bins=bins).load()
    wanted = trained_on(splits)
    for rows in (as_text, pq.read_table(parquet), pd.read_parquet(parquet), pa.Table.from_pandas(as_text)):
        np.testing.assert_array_equal(read_by_the_graph(splits.kind, rows), wanted)


def test_numbers_written_as_codes_stay_text(tmp_path):
    splits = CategoricalTable(written(tmp_path, {"zip": ["007", "7", "1.10", "1.1"] * 30})).load()
    assert splits.categories["zip"][2:] == ("007", "1.1", "1.10", "7")
    splits = CategoricalTable(written(tmp_path, {"rooms": ["1", "1.0", "2", ""] * 30})).load()
    assert splits.categories["rooms"][2:] == ("1", "2")


def test_words_for_nothing_are_missing_unless_they_are_categories(tmp_path):
    country = CategoricalTable(written(tmp_path, {"code": ["NA", "DE", "FR"] * 40})).load()
    assert country.categories["code"][2:] == ("de", "fr", "na")
    number = CategoricalTable(written(tmp_path, {"n": ["NaN", "3", "4"] * 40}), bins={"n": 2}).load()
    assert {OTHER} & {number.categories["n"][each] for each in trained_on(number)[:, 0]} == set()
    cells = ["NaN", "nan", "inf", "-Infinity", "1_000", "1e999", "three", " 4 ", ""]
    found = read_by_the_graph(number.kind, {"n": cells})[:, 0]
    low, high = 2, len(number.categories["n"]) - 1
    assert found.tolist() == [0, 0, high, low, 1, high, 1, high, 0]


def test_what_is_no_number_to_the_graph_is_refused_before_training(tmp_path):
    path = written(tmp_path, {"n": [str(row) for row in range(100)] + ["1_000"]})
    with pytest.raises(InputError, match=r"column 'n', row 100 \(from 0\): '1_000' is not a number"):
        CategoricalTable(path, bins={"n": 3}).load()


def test_cells_left_as_they_are_written_are_still_told_to_be_missing(tmp_path):
    answers = ["Yes", " ? ", "?", "", "  ", "no\u00a0"] * 20
    splits = CategoricalTable(written(tmp_path, {"a": answers, "b": range(120)}), normalise=False, missing=["?"]).load()
    assert splits.categories["a"] == (MISSING, OTHER, "Yes", "no\u00a0")
    rows = pd.DataFrame({"a": answers, "b": range(120)})
    np.testing.assert_array_equal(read_by_the_graph(splits.kind, rows), trained_on(splits))
    assert (read_by_the_graph(splits.kind, rows)[:5, 0] == [2, 0, 0, 0, 0]).all()


def test_a_number_may_stand_for_a_missing_cell_however_it_is_written(tmp_path):
    splits = CategoricalTable(written(tmp_path, {"n": [-1.0, 2.0, 3.0] * 40}, "t.parquet"), missing=["-1"]).load()
    assert splits.categories["n"] == (MISSING, OTHER, "2", "3")
    assert read_by_the_graph(splits.kind, {"n": ["-1", "-1.0", -1, "2.0"]})[:, 0].tolist() == [0, 0, 0, 2]


def test_features_are_found_again_in_the_cells_that_stand_for_them(tmp_path):
    columns = {"n": [1, 2, None] * 40, "x": np.linspace(0, 1, 120), "t": ["a", "b", "c"] * 40}
    splits = CategoricalTable(written(tmp_path, columns, "t.parquet"), bins={"x": 5}, min_frequency=3).load()
    without = dataclasses.replace(splits, raw=None)
    np.testing.assert_array_equal(read_by_the_graph(splits.kind, without.inputs(np.arange(120))), trained_on(splits))


def test_an_export_whose_raw_cells_are_read_otherwise_is_refused(tmp_path):
    from zoo.bottlenecks import Linear
    from zoo.export import Exporter
    from zoo.likelihoods import Product
    from zoo.models import Autoencoder
    from zoo.networks import MLP, EmbeddingBag

    splits = CategoricalTable(written(tmp_path, {"t": ["a", "b", "c"] * 40})).load()
    model = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Product({"t": 5}))
    model.build((None, 5))
    wrong = pa.table({"t": ["b", "b", "c"] * 40})
    spoilt = dataclasses.replace(splits, raw=wrong)
    exporter = Exporter(str(tmp_path / "store"))
    message = r"test rows get other codes from their raw cells.*nothing was published"
    with pytest.raises(ZooError, match=message), exporter.candidate("records", model, spoilt, {}):
        pass
    assert not list((tmp_path / "store").glob("records/[0-9]*"))


def test_fields_with_any_name_are_served(tmp_path):
    from zoo.bottlenecks import Linear
    from zoo.encoder import Encoder
    from zoo.export._signatures import write_saved_model
    from zoo.likelihoods import Product
    from zoo.models import Autoencoder
    from zoo.networks import MLP, EmbeddingBag

    names = ["stalk-root", "given name", "größe", "1st", "self", "stalk_root"]
    kind = RecordRows(dict.fromkeys(names, (MISSING, OTHER, "a", "b")))
    model = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Product(dict.fromkeys(names, 4)))
    model.build((None, 24))
    write_saved_model(tmp_path / "saved", model, kind)
    rows = pd.DataFrame([["a", "b", "b", "a", "x", ""], ["b", "a", "a", "a", "b", "a"]], columns=names)
    wanted = Encoder.from_model("m", model, kind=kind).encode(rows)
    loaded = Encoder.from_saved_model(tmp_path / "saved")
    np.testing.assert_allclose(loaded.encode(kind.arrays(rows)), wanted, atol=1e-6)
    assert np.abs(wanted[0] - wanted[1]).max() > 0
