"""An encoder in Ray Data: alone on Arrow's batches, and in actors of a real Ray."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import zoo
from zoo.errors import InputError
from zoo.ray import Encode


def codes(table):
    return np.stack(table.column("embedding").to_numpy(zero_copy_only=False))


def test_a_batch_keeps_its_other_columns_and_gets_what_encode_gives(dense, named, integers, rng):
    rows = rng.normal(size=(20, 4)).astype(np.float32)
    ids = np.arange(20) + 7
    vectors = pa.table({"id": ids, "v": list(rows)})
    for encoder in (dense, integers):
        coded = Encode(encoder)(vectors)
        assert coded.column_names == ["id", "embedding"]
        np.testing.assert_array_equal(coded["id"], ids)
        np.testing.assert_array_equal(codes(coded), zoo.load(encoder).encode(rows))
    columns = pa.table({"id": ids, **{name: rows[:, place] for place, name in enumerate("dcba")}})
    coded = Encode(named, keep=["none"])(columns)
    assert coded.column_names == ["embedding"]
    np.testing.assert_array_equal(codes(coded), zoo.load(named).encode(rows[:, ::-1]))
    assert Encode(dense)(vectors.slice(0, 0)).num_rows == 0


def test_batches_that_cannot_be_read_are_refused(dense, rng):
    rows = rng.normal(size=(20, 4))
    encode = Encode(dense)
    # which of five columns is the id only the cells tell, and those of another batch may tell otherwise
    five = pa.table({name: np.arange(20) if name == "id" else rows[:, 0] for name in ("id", "a", "b", "c", "d")})
    with pytest.raises(InputError, match="say which columns are the rows, with columns="):
        encode(five.set_column(0, "id", pa.array(np.arange(20.0))))
    assert Encode(dense, columns=["a", "b", "c", "d"])(five).column_names == ["id", "embedding"]
    with pytest.raises(InputError, match='batch_format="pyarrow"'):
        encode({"v": rows})
    with pytest.raises(InputError, match="a column 'embedding' already; leave it out by keep="):
        encode(pa.table({"embedding": np.arange(20), "v": list(rows)}))
    rows[3, 1] = np.nan
    with pytest.raises(InputError, match="row 3"):
        encode(pa.table({"v": list(rows)}))


@pytest.mark.slow
def test_a_dataset_is_encoded_by_actors_with_its_ids(dense, tmp_path, monkeypatch, rng):
    ray = pytest.importorskip("ray", reason="needs Ray: pip install 'encoder-zoo[ray]'")
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(zoo.__file__).parents[1]))
    rows = rng.normal(size=(1000, 4)).astype(np.float32)
    frame = pd.DataFrame({"id": np.arange(1000), "v": list(rows)})
    expected = zoo.load(dense).encode(rows)
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = True
        how = {"fn_constructor_args": (str(dense),), "batch_format": "pyarrow", "batch_size": 64, "concurrency": 1}
        coded = ray.data.from_pandas(frame).repartition(8).map_batches(Encode, **how)
        assert [row["id"] for row in coded.take_all()] == list(range(1000))
        coded.write_parquet(str(tmp_path / "coded"))
        written = pd.concat(map(pd.read_parquet, (tmp_path / "coded").glob("*.parquet"))).sort_values("id")
        assert written["id"].tolist() == list(range(1000))
        np.testing.assert_allclose(np.stack(written["embedding"]), expected, atol=1e-6)
        tensors = ray.data.from_numpy(rows).map_batches(Encode, **how).take_all()
        np.testing.assert_allclose(np.stack([row["embedding"] for row in tensors]), expected, atol=1e-6)
    finally:
        ray.shutdown()
