"""What MLflow makes of a registered encoder: columns go by their names, in any type that holds the numbers."""

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.bottlenecks import Linear  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods import Multinomial, Product  # noqa: E402
from zoo.models import Autoencoder, DenseAutoencoder  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402
from zoo.rows import DenseRows, ItemRows, RecordRows  # noqa: E402
from zoo.rows.field import Field  # noqa: E402
from zoo.tracking import Tracker  # noqa: E402
from zoo.tracking._model_signature import model_signature  # noqa: E402
from zoo.types import MISSING, OTHER  # noqa: E402


@pytest.fixture
def registered(tmp_path, monkeypatch, store_here):
    """Registers an encoder and loads it as MLflow does."""
    monkeypatch.chdir(tmp_path)

    def registered(model, width, kind, rows):
        model.build((None, width))
        write_saved_model(tmp_path / "saved_model", model, kind)
        tracker = Tracker()
        tracker.require_writable()
        with tracker.run("recipe") as run:
            run.keep(tmp_path / "saved_model", kind.arrays(rows), 2).register("name")
        with store_here() as mlflow:
            return mlflow.pyfunc.load_model("models:/name/1"), Encoder.from_model("in memory", model, kind=kind)

    return registered


def test_named_columns_are_enforced_and_ordered(registered):
    names = ("rooms", "year built", "area")
    frame = pd.DataFrame(np.arange(30).reshape(10, 3), columns=list(names))
    model, encoder = registered(DenseAutoencoder(2, [3]), 3, DenseRows("vector", (3,), names), frame)
    wanted = encoder.encode(frame)
    assert [column.name for column in model.metadata.get_input_schema().inputs] == list(names)
    shuffled = frame[["area", "rooms", "year built"]].assign(id=7)
    floats, mixed = shuffled.astype(np.float32), shuffled.astype({"area": float})
    for rows in (frame, shuffled, floats, mixed, shuffled.to_dict("records")):
        np.testing.assert_allclose(model.predict(rows), wanted, atol=1e-6)
    with pytest.raises(MlflowException, match=r"missing inputs \['rooms'\]"):
        model.predict(shuffled.rename(columns={"rooms": "zimmer"}))


def test_codes_are_told_as_they_are_given():
    kind = DenseRows("vector", (3,))
    rows = kind.arrays(np.zeros((1, 3)))
    for given in ("float32", "uint8"):
        (codes,) = model_signature(kind, rows, 2, given).outputs.inputs
        assert (codes.type, codes.shape) == (np.dtype(given), (-1, 2))


def test_numbers_without_names_go_by_position(registered):
    numbers = np.arange(12).reshape(4, 3)
    model, encoder = registered(DenseAutoencoder(2, [3]), 3, DenseRows("vector", (3,)), numbers)
    for rows in (numbers, numbers.astype(np.float32), pd.DataFrame(numbers, columns=list("xyz")), numbers.tolist()):
        np.testing.assert_allclose(model.predict(rows), encoder.encode(numbers), atol=1e-6)


def test_records_come_with_the_names_of_their_fields(registered):
    kind = RecordRows({"stalk-root": (MISSING, OTHER, "a", "b"), "n": Field((MISSING, OTHER, "3", "4"), "number")})
    frame = pd.DataFrame({"n": [3, 4, 5], "stalk-root": ["A ", None, "b"]})
    bag = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Product({"stalk-root": 4, "n": 4}))
    model, encoder = registered(bag, 8, kind, frame)
    wanted = encoder.encode(frame)
    for rows in (frame, frame[["stalk-root", "n"]].assign(n=[3.0, 4.0, 5.0]), frame.astype({"n": str})):
        np.testing.assert_allclose(model.predict(rows), wanted, atol=1e-6)


def test_weights_of_items_come_beside_them(registered):
    frame = pd.DataFrame({"items": [["tea"], ["milk", "tea"]], "values": [[0.5], [1.25, 2.0]]})
    bag = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Multinomial())
    model, encoder = registered(bag, 3, ItemRows(["milk", "bread", "tea"], weighted=True), frame)
    np.testing.assert_allclose(model.predict(frame), encoder.encode(frame), atol=1e-6)
