"""Cells and items that an encoder does not know: noted in Python, counted when served; misspelt fields are refused."""

import warnings

import numpy as np
import pandas as pd
import pytest

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

tf = import_tensorflow()

from zoo.bottlenecks import Linear  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods import Multinomial, Product  # noqa: E402
from zoo.models import Autoencoder  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402
from zoo.rows import ItemRows, RecordRows  # noqa: E402
from zoo.rows.field import Field  # noqa: E402
from zoo.types import MISSING, OTHER  # noqa: E402

TOWNS = (MISSING, OTHER, "rome", "ulm")


def saved(folder, model, columns, kind):
    model.build((None, columns))
    write_saved_model(folder, model, kind)
    return Encoder.from_model("in memory", model, kind=kind), Encoder.from_saved_model(folder, "loaded")


@pytest.fixture(scope="module")
def records_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def records(records_folder):
    kind = RecordRows({"town": TOWNS, "age": Field.of_intervals([20.0, 0.1 + 20], [True] * 3)}, missing=["?"])
    model = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Product({"town": 4, "age": 5}))
    return saved(records_folder, model, 9, kind)


@pytest.fixture(scope="module")
def baskets(tmp_path_factory):
    model = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Multinomial())
    return saved(tmp_path_factory.mktemp("baskets"), model, 3, ItemRows(["milk", "bread", "tea"]))


def test_a_column_of_unknown_cells_is_noted(records):
    rows = pd.DataFrame({"town": ["Köln"] * 9 + ["ulm"], "age": range(10)})
    for encoder in records:
        told = r"9 of 10 cells of 'town' are not known to the encoder, such as 'Köln': is it the column"
        with pytest.warns(UserWarning, match=told):
            encoder.encode(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records[1].encode(rows.assign(town=["ulm", "Köln", None, "?", ""] * 2))
        records[1].encode(rows[:3])
        records[1].encode(rows.assign(town=None))


def test_unknown_items_are_counted_with_the_nearest(baskets):
    for encoder in baskets:
        with pytest.warns(
            UserWarning, match=r"2 of 4 items are not known .* do not count: 'Milk' .*'milk'\?\), 'soap'"
        ):
            encoder.encode([["Milk", "soap"], ["tea", " bread"]])


def test_a_served_encoder_counts_what_it_does_not_know(records, baskets, records_folder):
    for encoder, rows, wanted in (
        (records[0], {"town": ["Köln", "ulm", None], "age": ["old", "3", ""]}, {"town": [1, 0, 0], "age": [1, 0, 0]}),
        (baskets[0], [["soap", "tea", "x"], []], {"items": [2, 0]}),
    ):
        arrays = encoder.kind.arrays(rows)
        found = encoder.kind.unknown({name: tf.constant(each) for name, each in arrays.items()})
        assert {name: each.numpy().tolist() for name, each in found.items()} == wanted
    loaded = tf.saved_model.load(str(records_folder))
    given = {"town": tf.constant(["Köln", "ulm"]), "age": tf.constant(["1", "x"])}
    found = loaded.signatures["unknown"](**given)
    assert {name: each.numpy().tolist() for name, each in found.items()} == {"town": [1, 0], "age": [0, 1]}


def test_misspelt_fields_are_refused(records):
    encoder = records[1]
    with pytest.raises(ValueError, match=r"fields are missing: town \(did you mean 'twon'\?\); there are twon, age"):
        encoder.encode([{"twon": "ulm", "age": 3}])
    with pytest.raises(ValueError, match=r"row 1 \(from 0\) has 'Town' and no 'town': did you mean 'town'\?"):
        encoder.encode([{"town": "ulm", "age": 3}, {"Town": "rome", "age": 4}])
    with pytest.raises(ValueError, match="fields are missing: town, age; there are none"):
        encoder.encode([{}])
    left_out, empty = (
        encoder.encode([{"town": "ulm"}, {"town": "ulm", "age": 3}]),
        encoder.encode([{"town": "ulm", "age": None}, {"town": "ulm", "age": 3, "id": 7}]),
    )
    np.testing.assert_array_equal(left_out, empty)


def test_a_kind_is_restored_with_all_it_knows(records, baskets):
    for in_memory, loaded in (records, baskets):
        assert loaded.kind.get_config() == in_memory.kind.get_config()
        assert repr(loaded).replace("loaded", "in memory") == repr(in_memory)
    assert records[1].kind.fields["age"].cuts == (20.0, 20.1)
