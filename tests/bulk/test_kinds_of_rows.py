"""Bulk encoding asks the kind of row what to read, and says what the encoder does not know."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.bottlenecks import Linear  # noqa: E402
from zoo.bulk.encode_file import Wanted, encode_file  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods import Multinomial, Product  # noqa: E402
from zoo.models import Autoencoder, DenseAutoencoder  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402
from zoo.rows import DenseRows, ItemRows, RecordRows  # noqa: E402
from zoo.rows.field import Field  # noqa: E402
from zoo.types import MISSING, OTHER  # noqa: E402


@pytest.fixture
def console(capsys):
    from rich.console import Console

    return Console(width=200, force_terminal=False)


@pytest.fixture
def encoded(tmp_path, console):
    """Exports an encoder, encodes a file with it, and gives the codes and the encoder."""

    def encoded(model, width, kind, source, **wanted):
        model.build((None, width))
        write_saved_model(tmp_path / "saved_model", model, kind)
        output = tmp_path / "codes.parquet"
        encode_file(str(tmp_path / "saved_model"), str(source), output, Wanted(**wanted), console)
        table = pq.read_table(output)
        return np.stack(table["embedding"].to_numpy()), Encoder.from_model("m", model, kind=kind), table.column_names

    return encoded


def bag(likelihood):
    return Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), likelihood)


def test_columns_are_found_by_the_names_of_training(encoded, tmp_path, rng):
    names = ("rooms", "area", "year")
    frame = pd.DataFrame(rng.normal(size=(20, 3)), columns=list(names))
    frame[["year", "rooms", "area"]].assign(id=range(20), other=1.5).to_csv(tmp_path / "houses.csv", index=False)
    codes, encoder, columns = encoded(DenseAutoencoder(2, [3]), 3, DenseRows("v", (3,), names), tmp_path / "houses.csv")
    np.testing.assert_allclose(codes, encoder.encode(frame), atol=1e-5)
    assert columns == ["id", "other", "embedding"]


def test_records_of_any_file_are_read_as_trained(encoded, tmp_path):
    kind = RecordRows({"n": Field((MISSING, OTHER, "1", "7"), "number"), "town": (MISSING, OTHER, "new york", "ulm")})
    texts = pd.DataFrame({"n": ["1.0", "007", "NA", ""], "town": ["New\u00a0York", "ULM", "", "x"]})
    texts.to_csv(tmp_path / "records.csv", index=False)
    codes, encoder, _ = encoded(bag(Product({"n": 4, "town": 4})), 8, kind, tmp_path / "records.csv")
    typed = pd.DataFrame({"n": [1, 7, None, None], "town": ["new york", "ulm", None, "Köln"]})
    np.testing.assert_allclose(codes, encoder.encode(typed), atol=1e-6)


def test_values_of_items_are_read_beside_them(encoded, tmp_path):
    frame = pd.DataFrame({"values": [[0.5], [1.5, 2.0]], "items": [["tea"], [" milk", "tea"]]})
    frame.to_parquet(tmp_path / "terms.parquet")
    kind = ItemRows(["milk", "rye", "tea"], weighted=True)
    codes, encoder, columns = encoded(bag(Multinomial()), 3, kind, tmp_path / "terms.parquet")
    np.testing.assert_allclose(codes, encoder.encode(frame), atol=1e-6)
    assert columns == ["embedding"]


def test_what_is_not_known_is_noted_before_the_job(encoded, tmp_path, capsys):
    pd.DataFrame({"town": ["Köln"] * 30}).to_csv(tmp_path / "records.csv", index=False)
    kind = RecordRows({"town": (MISSING, OTHER, "new york", "ulm")})
    encoded(bag(Product({"town": 4})), 4, kind, tmp_path / "records.csv")
    told = " ".join(capsys.readouterr().out.split())
    assert "note: of the first 30 rows, 30 of 30 cells of 'town' are not known to the encoder, such as 'Köln'" in told
