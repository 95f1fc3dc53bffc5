"""Tables larger than memory: what an epoch sees, in which order, and that it is what memory would have held."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.data import OneClass, Vectors, _streamed_vectors
from zoo.data._shuffle import buffered, in_batches, in_turn
from zoo.errors import InputError, RecipeError
from zoo.recipe import compose

ROWS, WIDTH = 3000, 4


def table(rows=ROWS, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((rows, WIDTH)).astype(np.float32)
    vectors[:, 0] = np.arange(rows) + 0.25  # which tells a row from every other, and is no id
    return vectors


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files with row groups of 250 rows; keys, classes and vectors in columns of numbers."""
    place = tmp_path_factory.mktemp("parts")
    vectors = table()
    frame = pd.DataFrame({f"n{column}": vectors[:, column] for column in range(WIDTH)})
    frame["name"] = [f"row {row}" for row in range(ROWS)]
    frame["sort"] = np.arange(ROWS) % 3
    for part in range(3):
        frame[part * 1000 : part * 1000 + 1000].to_parquet(place / f"{part}.parquet", index=False, row_group_size=250)
    return str(place)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Row groups of 250 rows then take three blocks, and are not read together."""
    monkeypatch.setattr(_streamed_vectors, "_BLOCK", 100)


def source(path, **options):
    return Vectors(path, key_column="name", label_column="sort", **options)


def epoch(splits, number=0, seed=0, batch=10, **shard):
    """The first column of the whole batches of an epoch: the numbers of the rows, in the order they come in."""
    batches = splits.stream.epoch(seed, number, batch, **shard)
    return np.concatenate([next(batches)[:, 0] for _ in range(splits.stream.rows // batch)]).astype(int)


def test_a_stream_holds_the_splits_that_memory_would(folder):
    memory, stream = source(folder).load(), source(folder, stream=True).load()
    assert memory.stream is None
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(memory, name), getattr(stream, name))
    np.testing.assert_array_equal(memory.features, stream.features)
    np.testing.assert_array_equal(memory.labels, stream.labels)
    assert memory.keys.tolist() == stream.keys.tolist()
    assert stream.kind == memory.kind
    assert stream.in_parts == memory.in_parts
    assert (stream.total, stream.training_rows) == (ROWS, len(memory.train))
    together = np.concatenate([block for block, _ in stream.training_batches()])
    np.testing.assert_array_equal(together, memory.features[memory.train])


def test_a_url_gives_the_epochs_of_the_folder_behind_it(folder):
    here, there = source(folder, stream=True).load(), source(f"file://{folder}", stream=True).load()
    np.testing.assert_array_equal(here.features, there.features)
    np.testing.assert_array_equal(epoch(here, 2), epoch(there, 2))


@pytest.mark.parametrize("buffer", [64, 10_000])
def test_an_epoch_sees_each_training_row_once_in_an_order_of_its_own(folder, buffer):
    splits = source(folder, stream=True, shuffle_buffer=buffer).load()
    own = set(splits.features[splits.train, 0].astype(int).tolist())
    first, again, second, other = epoch(splits), epoch(splits), epoch(splits, 1), epoch(splits, seed=1)
    assert len(set(first.tolist())) == len(first) == len(own) // 10 * 10
    assert set(first.tolist()) <= own
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert np.abs(np.corrcoef(np.arange(len(first)), first)[0, 1]) < 0.4  # groups are shuffled whatever the buffer
    assert set(first[:100].tolist()) != set(second[:100].tolist())


def test_a_buffer_as_long_as_the_table_makes_any_order_as_likely_as_another():
    blocks = np.arange(30, dtype=np.float32).reshape(3, 10, 1)
    places = np.zeros((30, 30))
    for seed in range(3000):
        order = np.concatenate(list(buffered(blocks, 30, np.random.default_rng(seed))))[:, 0].astype(int)
        places[order, np.arange(30)] += 1
    assert np.abs(places / 3000 - 1 / 30).max() < 0.02  # 6 deviations of a share of 3,000


def test_a_pass_longer_than_the_table_begins_another(folder):
    splits = source(folder, stream=True).load()
    batches = splits.stream.epoch(0, 0, 100)
    seen = np.concatenate([next(batches)[:, 0] for _ in range(2 * splits.stream.rows // 100)])
    _, counts = np.unique(seen, return_counts=True)
    assert counts.max() == 2
    assert counts.min() >= 1


@pytest.mark.parametrize("shards", [2, 3, 40])  # 40 are more than there are row groups
def test_shards_have_each_row_once_and_equally_many(folder, shards):
    splits = source(folder, stream=True, shuffle_buffer=100).load()
    assert splits.stream.rows_of_groups == [250] * 12
    own = set(splits.features[splits.train, 0].astype(int).tolist())
    each = splits.stream.rows // shards
    read = [first_rows(splits, shard, shards, each + 1) for shard in range(shards)]
    seen = [row for rows in read for row in rows[:each]]
    assert len(seen) == len(set(seen)) == shards * each  # of an epoch of whole batches no row is seen twice
    assert set(seen) <= own
    assert {row for rows in read for row in rows} == own  # and each row is in reach
    again = first_rows(splits, 1, shards, each, epoch=1)
    assert again != read[1][:each]
    assert again == first_rows(splits, 1, shards, each, epoch=1)
    with pytest.raises(InputError, match="no row to train on is left for worker 0 of 9999"):
        next(splits.stream.epoch(0, 0, 1, shard=0, shards=9999))


def first_rows(splits, shard, shards, count, epoch=0):
    rows = splits.stream.epoch(0, epoch, 1, shard=shard, shards=shards)
    return [int(next(rows)[0, 0]) for _ in range(count)]


def test_samples_are_of_the_rows_and_not_of_their_order(folder, tmp_path):
    whole = pa.concat_tables(pq.read_table(f"{folder}/{part}.parquet") for part in range(3))
    pq.write_table(
        whole.take(np.random.default_rng(0).permutation(ROWS)), tmp_path / "other.parquet", row_group_size=99
    )
    one = source(folder, stream=True, sample_rows=50).load()
    other = source(str(tmp_path / "other.parquet"), stream=True, sample_rows=50).load()
    for name in ("train", "validation", "test"):
        chosen = one.keys[getattr(one, name)]
        assert len(chosen) == 50
        assert set(chosen) == set(other.keys[getattr(other, name)])
    assert one.training_rows == other.training_rows > 2000
    assert any("50 of" in note and "data.sample_rows" in note for note in one.notes)
    assert not np.isin(one.test, one.train).any()


def test_the_output_says_how_rows_are_shuffled(folder, tmp_path):
    said = source(folder, stream=True, shuffle_buffer=500).load().notes
    assert any("12 row groups of up to 250 rows in a shuffled order, 4 side by side" in note for note in said)
    assert any("shuffle buffer of 500 rows" in note for note in said)
    np.save(tmp_path / "rows.npy", table())
    splits = Vectors(str(tmp_path / "rows.npy"), stream=True, sample_rows=100).load()
    assert splits.keys is None
    assert splits.training_rows == len(Vectors(str(tmp_path / "rows.npy")).load().train)


def test_whole_vectors_with_missing_ones(tmp_path):
    vectors = [None if row % 10 == 3 else each.tolist() for row, each in enumerate(table(500))]
    pq.write_table(pa.table({"v": pa.array(vectors, pa.list_(pa.float32()))}), tmp_path / "t.parquet", row_group_size=7)
    path = str(tmp_path / "t.parquet")
    memory, stream = Vectors(path, invalid="drop").load(), Vectors(path, invalid="drop", stream=True).load()
    np.testing.assert_array_equal(memory.features, stream.features)
    np.testing.assert_array_equal(memory.features[memory.test], stream.features[stream.test])
    with pytest.raises(InputError, match=r"NaN or infinite .*data.invalid=drop"):
        Vectors(path, stream=True).load()


def test_principal_components_are_those_of_all_rows(folder):
    from types import SimpleNamespace

    from zoo.representations import PCA, Mahalanobis

    memory, stream = source(folder).load(), source(folder, stream=True, sample_rows=300).load()
    trained = SimpleNamespace(model=SimpleNamespace(latent_dim=2))
    found, wanted = (PCA().fit("pca", each, trained) for each in (stream, memory))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-5)
    np.testing.assert_allclose(np.abs(found.directions), np.abs(wanted.directions), atol=1e-5)
    found, wanted = (Mahalanobis().fit("odd", each, trained) for each in (stream, memory))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-5)
    with pytest.raises(InputError, match="rank_power: rows that are streamed have no ranks"):
        PCA(rank_power=1.0).require("pca", stream)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"judged": "other.parquet"}, "leave out data.fit_on_all"),
        ({"fit_on_all": True}, "leave out data.fit_on_all"),
        ({"labels": "classes.npy"}, "leave out data.fit_on_all"),
    ],
)
def test_what_goes_with_a_table_in_memory_alone_is_refused(options, wanted):
    with pytest.raises(InputError, match=wanted):
        Vectors("table.parquet", stream=True, **options)


def test_text_is_not_streamed_and_the_error_says_what_is(tmp_path):
    pd.DataFrame(table(50)).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="write the table as Parquet"):
        Vectors(str(tmp_path / "t.csv"), stream=True).load()
    pd.DataFrame({"a": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no such column"):
        Vectors(str(tmp_path / "t.parquet"), columns=["b"], stream=True).load()


def test_a_source_that_streams_nothing_says_which_does():
    with pytest.raises(
        RecipeError, match=r"data\.stream: unknown key; .*; zoo\.data\.MixedTable and zoo\.data\.Vectors have it"
    ):
        compose("vae_word2vec", ["data.stream=true"])


def test_rows_of_one_class_are_not_chosen_from_a_stream(folder):
    with pytest.raises(InputError, match=r"OneClass of Vectors: the table is streamed.*data\.data\.stream=false"):
        OneClass(source(folder, stream=True), normal=["0"]).load()


def test_a_split_without_rows_is_refused(tmp_path):
    pd.DataFrame(table(2)).rename(columns=str).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no row is left for"):
        Vectors(str(tmp_path / "t.parquet"), stream=True, allow_constant=True).load()


def test_large_tables_are_streamed_by_themselves(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(_streamed_vectors, "_HEAD", 100)
    assert source(folder).load().stream is None
    monkeypatch.setattr(_streamed_vectors, "_SHARE", 1e-9)
    assert source(folder).load().stream is not None
    assert source(folder, stream=False).load().stream is None


def test_blocks_take_turns_and_are_cut_into_batches():
    sources = [iter([np.full((3, 1), 10 * number + piece) for piece in range(3 - number)]) for number in range(3)]
    order = [int(block[0, 0]) for block in in_turn(sources, 2)]
    assert order == [0, 10, 1, 11, 2, 20]
    assert [len(batch) for batch in in_batches(iter([np.zeros((3, 1)), np.zeros((9, 1))]), 5)] == [5, 5]
    assert list(in_turn([], 2)) == []
