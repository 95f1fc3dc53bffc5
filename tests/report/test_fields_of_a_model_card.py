"""The fields of records, in the card of their encoder."""

import numpy as np
from scipy.sparse import csr_array

from zoo.bottlenecks import Identity
from zoo.likelihoods import Product
from zoo.models import Autoencoder
from zoo.networks import MLP, FieldEncoders
from zoo.report.model_card import _fields
from zoo.rows import TypedRecordRows
from zoo.rows.typed_field import TypedField
from zoo.types import Splits, Trained


def test_each_field_says_how_it_is_read_and_where_it_is():
    kind = TypedRecordRows(
        {"a|name": TypedField("text", 8, 3.0), "town": TypedField("category", 4, 1.0, ("<other>", "a", "b", "c"))}
    )
    parts = np.arange(3), np.arange(1), np.arange(1)
    splits = Splits(csr_array(np.ones((3, 12), np.float32)), *parts, kind=kind)
    model = Autoencoder(FieldEncoders(6), Identity(6), MLP([4]), Product())
    model.apply_schema(splits.schema)
    model.build((None, 12))
    trained = Trained(model=model, untrained=model, history=(), best_epoch=0, seconds=0.0)
    assert "\n".join(_fields(splits, trained)).splitlines()[2:] == [
        "| field | read as | nats of agreeing | numbers of the code |",
        "|---|---|---|---|",
        "| a\\|name | text | 3.0 | 0 to 3 |",
        "| town | category | 1.0 | 4 to 5 |",
    ]
