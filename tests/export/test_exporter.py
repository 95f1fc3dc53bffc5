import fcntl
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from zoo.errors import InputError, ZooError
from zoo.export._serving_requests import write_warmup
from zoo.export._signatures import calls_on_probes, write_saved_model
from zoo.export.exporter import Exporter
from zoo.quiet import import_tensorflow
from zoo.rows.dense_rows import DenseRows

import_tensorflow()
from zoo.encoder import Encoder  # noqa: E402
from zoo.models.vae import VAE  # noqa: E402


@pytest.fixture(scope="module")
def model():
    model = VAE(3, [8])
    model.build((None, 12))
    return model


@pytest.fixture
def exporter(tmp_path):
    exporter = Exporter(store=str(tmp_path / "store"))
    exporter.require_writable("name")
    return exporter


def warm_up(directory, calls):
    write_warmup(directory, "name", {signature: inputs for signature, (inputs, _) in calls.items()})


def entries(exporter):
    return sorted(path.name for path in Path(exporter.store, "name").iterdir())


def test_a_candidate_is_published_by_one_rename(exporter, model, splits):
    assert exporter.newest_version("name") == 0
    with exporter.candidate("name", model, splits, {"recipe.yaml": "a: 1"}) as candidate:
        assert candidate.largest_difference <= 1e-5
        assert all(not entry.isdigit() for entry in entries(exporter))
        directory = exporter.publish(candidate, "name", 7)
    assert entries(exporter) == ["7"]
    assert exporter.newest_version("name") == 7
    assert (directory / "recipe.yaml").read_text() == "a: 1"
    table = pq.read_table(directory / "assets.extra" / "embeddings.parquet")
    assert table["key"].to_pylist() == list(splits.keys)
    codes = np.asarray(table["embedding"].to_pylist(), np.float32)
    np.testing.assert_allclose(codes, Encoder.from_saved_model(directory).encode(splits.features), atol=1e-6)


def test_what_is_not_published_and_what_died_is_removed_and_a_taken_version_is_refused(exporter, model, splits):
    home = Path(exporter.store) / "name"
    for each in ("dead", "alive"):
        (home / f".candidate-{each}").mkdir()
        (home / f".candidate-{each}.lock").touch()
    (home / "3").mkdir()
    with (home / ".candidate-alive.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with (
            exporter.candidate("name", model, splits, {}) as candidate,
            pytest.raises(ZooError, match="exists already"),
        ):
            exporter.publish(candidate, "name", 3)
    assert entries(exporter) == [".candidate-alive", ".candidate-alive.lock", "3"]


def test_other_values_than_in_memory_are_refused(exporter, model, splits, tmp_path):
    write_saved_model(tmp_path / "saved", model, DenseRows("vector", model.row_shape))
    weights = model.get_weights()
    try:
        model.set_weights([weight + 1e-3 for weight in weights])
        calls = calls_on_probes(model, splits)
        warm_up(tmp_path / "saved", calls)
        with pytest.raises(ZooError, match="differ from the model's in memory"):
            exporter._verified(tmp_path / "saved", calls)
        assert not (tmp_path / "saved" / "INFRA_BLESSED").exists()
    finally:
        model.set_weights(weights)
    calls = calls_on_probes(model, splits)
    warm_up(tmp_path / "saved", calls)
    verified = exporter._verified(tmp_path / "saved", calls)
    assert (tmp_path / "saved" / "INFRA_BLESSED").exists()
    assert verified.largest_difference < 1e-5
    assert {"serving_default", "serving_examples", "reconstruct", "score", "decode", "sample"} == set(
        verified.signatures
    )


def test_a_model_that_a_fresh_process_cannot_load_is_refused(exporter, model, splits, tmp_path):
    write_saved_model(tmp_path / "saved", model, DenseRows("vector", model.row_shape))
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"not a model")
    with pytest.raises(ZooError, match="a fresh process could not serve the exported model"):
        exporter._verified(tmp_path / "saved", calls_on_probes(model, splits))


def test_a_store_elsewhere_is_refused_with_the_way_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"zoo\.push name target=s3://bucket/models"):
        Exporter(store="s3://bucket/models").require_writable("name")
    assert not list(tmp_path.iterdir())


def test_a_store_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written to.*export\.store"):
        Exporter(store=str(tmp_path / "file")).require_writable("name")
