"""Mixed tables larger than memory: what memory would have held, and the training rows from where they lie."""

import resource
import signal

import numpy as np
import pandas as pd
import pytest

from zoo.data import MixedTable, _streamed_mixed
from zoo.data._kept_rows import KeptRows
from zoo.errors import InputError
from zoo.tables.table import Block

ROWS = 2400


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files with row groups of 200 rows."""
    place, rng = tmp_path_factory.mktemp("mixed"), np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{row:05}" for row in range(ROWS)],
            "age": rng.normal(40, 10, ROWS).round(2),
            "city": rng.choice(["Rome", "Oslo", "Lima"], ROWS, p=[0.6, 0.3, 0.1]),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, ROWS), "D"),
            "segment": rng.choice(["a", "b"], ROWS),
        }
    )
    frame.loc[rng.random(ROWS) < 0.2, "age"] = None
    frame.loc[rng.random(ROWS) < 0.1, "city"] = None
    for part in range(3):
        piece = frame[part * 800 : part * 800 + 800]
        piece.to_parquet(place / f"{part}.parquet", index=False, row_group_size=200)
    return str(place)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(_streamed_mixed, "_BLOCK", 100)


def source(path, **options):
    return MixedTable(path, label_column="segment", key_column="customer_id", **options)


def test_a_stream_holds_what_memory_would(folder):
    memory, stream = source(folder).load(), source(folder, stream=True).load()
    assert memory.stream is None
    assert stream.kind.get_config() == memory.kind.get_config()
    for name in ("train", "validation", "test", "features", "labels"):
        np.testing.assert_array_equal(getattr(memory, name), getattr(stream, name))
    assert memory.keys.tolist() == stream.keys.tolist()
    assert memory.raw.equals(stream.raw)
    assert stream.in_parts == memory.in_parts
    assert (stream.total, stream.training_rows) == (ROWS, len(memory.train))
    together = np.concatenate([block for block, _ in stream.training_batches()])
    np.testing.assert_array_equal(together, memory.features[memory.train])


@pytest.mark.parametrize("key", ["customer_id", None])
def test_an_epoch_sees_each_training_row_once(folder, key):
    """Of rows whose columns are learnt from a sample, which stays the same whatever else there is."""
    options = {"stream": True, "sample_rows": 300, "shuffle_buffer": 256}
    splits = MixedTable(folder, key_column=key, drop=[] if key else ["customer_id"], **options).load()
    assert [len(getattr(splits, name)) for name in ("train", "validation", "test")] == [
        300,
        pytest.approx(240, abs=60),
        300,
    ]
    assert any("learnt from the 300 training rows in memory" in note for note in splits.notes)
    assert splits.provenance["rows"] == ROWS
    batches = splits.stream.epoch(0, 0, 50)
    seen = np.concatenate([next(batches) for _ in range(splits.training_rows // 50)])
    every = np.concatenate([block for block, _ in splits.training_batches()])
    assert len(every) == splits.training_rows
    known = {row.tobytes() for row in every}
    assert all(row.tobytes() in known for row in seen)
    assert len({row.tobytes() for row in seen}) > 0.98 * len(seen)  # some customers are alike
    assert not np.array_equal(seen, every[: len(seen)])
    np.testing.assert_allclose(every.mean(axis=0), 0, atol=0.25)  # of the scales of 300 rows
    names = splits.keys[splits.train].tolist()
    held = splits.features[splits.train]
    assert all(row.tobytes() in known for row in held)
    assert len(set(names)) == 300


def test_rows_keep_their_split_whatever_the_sample(folder):
    few, every = source(folder, stream=True, sample_rows=100).load(), source(folder).load()
    for name in ("train", "validation", "test"):
        assert set(few.keys[getattr(few, name)]) <= set(every.keys[getattr(every, name)])


def test_what_cannot_be_streamed_is_said(folder, tmp_path):
    pd.read_parquet(folder).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="write the table as Parquet"):
        source(str(tmp_path / "t.csv"), stream=True).load()
    with pytest.raises(InputError, match=r"data\.columns=agee: no such column.*age"):
        source(folder, stream=True, columns=["agee"]).load()
    with pytest.raises(InputError, match=r"data\.key_column=customer: no such column"):
        MixedTable(folder, key_column="customer", stream=True).load()
    with pytest.raises(InputError, match=r"leave out data\.table"):
        MixedTable(table="a query", stream=True)


def test_cells_are_read_once_and_their_numbers_kept(folder, monkeypatch):
    splits = source(folder, stream=True, sample_rows=300, shuffle_buffer=256).load()
    assert any(note.startswith("Read once, the training rows are kept in a temporary file") for note in splits.notes)
    first = np.concatenate([block for block, _ in splits.training_batches()])

    def gone(*_):
        raise AssertionError("the table was read again")

    monkeypatch.setattr(type(splits.stream.table), "_batches", gone)
    np.testing.assert_array_equal(np.concatenate([block for block, _ in splits.training_batches()]), first)
    batches = splits.stream.epoch(0, 0, 50)
    seen = {row.tobytes() for _ in range(splits.training_rows // 50) for row in next(batches)}
    assert seen <= {row.tobytes() for row in first}


def test_without_room_for_them_cells_are_read_in_each_epoch(folder, monkeypatch):
    wanted = source(folder, stream=True, sample_rows=300, shuffle_buffer=256).load()
    monkeypatch.setattr("zoo.data._kept_rows._SPARE", 2**60)
    splits = source(folder, stream=True, sample_rows=300, shuffle_buffer=256).load()
    assert splits.stream.kept is None
    assert any("set TMPDIR to a folder on a larger disk" in note for note in splits.notes)
    for _ in range(2):
        for (block, _), (expected, _) in zip(splits.training_batches(), wanted.training_batches(), strict=True):
            np.testing.assert_array_equal(block, expected)


def test_rows_are_kept_on_a_disk_and_not_in_memory(monkeypatch, tmp_path):
    """Whatever this machine mounts where."""
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    memory.mkdir()
    disk.mkdir()
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\ntmpfs {tmp_path} tmpfs rw 0 0\n/dev/sdb {disk} xfs rw 0 0\n")
    monkeypatch.setattr("zoo.data._kept_rows._MOUNTS", mounts)
    monkeypatch.setattr("tempfile.tempdir", str(memory))
    monkeypatch.setattr("zoo.data._kept_rows._LARGE", str(disk))
    assert KeptRows.of(100, 3).where.endswith(str(disk))
    monkeypatch.setattr("zoo.data._kept_rows._LARGE", str(memory))
    assert KeptRows.of(100, 3) is None
    with mounts.open("a") as file:
        file.write(f"/dev/sdc {memory} ext4 rw 0 0\n")
    assert KeptRows.of(100, 3).where.endswith(str(memory))


def test_a_disk_that_fills_up_keeps_what_it_has(tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = KeptRows(3, str(tmp_path))
    rows = np.arange(300, dtype=np.float32).reshape(100, 3)
    kept.keep(Block(0, 0, 100), rows)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit is then an error
    resource.setrlimit(resource.RLIMIT_FSIZE, (1800, limit[1]))
    try:
        kept.keep(Block(1, 100, 100), rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    kept.keep(Block(2, 200, 100), rows)
    assert [Block(number, 100 * number, 100) in kept for number in range(3)] == [True, False, False]
    np.testing.assert_array_equal(kept.read(Block(0, 0, 100)), rows)
