"""Every format in and out, every kind of rows: equal to the encoder on the same rows, carried columns beside them."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

import zoo
from zoo.encode import main
from zoo.errors import InputError


def run(encoder, source, output, **options):
    return zoo.encode(encoder, source, output, quiet=True, **options)


def embeddings(path):
    return np.stack(pd.read_parquet(path)["embedding"])


def lists(array, kind=None):
    return pa.array(array.tolist(), pa.list_(kind or pa.float32()))


def inputs(folder, table):
    """The same rows in every way that is read."""
    columns = {f"x_{place}": table[:, place] for place in range(4)}
    ids = {"id": np.arange(len(table)), "title": [f"row {i}" for i in range(len(table))]}
    np.save(folder / "rows.npy", table)
    pd.DataFrame({**ids, **columns}).to_csv(folder / "rows.csv", index=False)
    pd.DataFrame({**ids, **columns}).to_csv(folder / "rows.tsv", index=False, sep="\t")
    pq.write_table(pa.table({**ids, **columns}), folder / "columns.parquet", row_group_size=170)
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(table.reshape(-1)), 4)
    pq.write_table(pa.table({**ids, "vector": fixed}), folder / "fixed.parquet", row_group_size=99)
    pq.write_table(pa.table({"vector": lists(table), **ids}), folder / "lists.parquet")
    pq.write_table(pa.table({**ids, "vector": lists(table, pa.float64())}), folder / "small.parquet", row_group_size=7)


@pytest.mark.parametrize(
    "file",
    ["rows.npy", "rows.csv", "rows.tsv", "columns.parquet", "fixed.parquet", "lists.parquet", "small.parquet"],
)
@pytest.mark.parametrize("block", [64, 1000, None])
def test_all_formats_give_what_the_encoder_gives_in_the_same_order(dense, table, tmp_path, file, block):
    inputs(tmp_path, table)
    expected = zoo.load(dense).encode(table)
    assert run(dense, tmp_path / file, tmp_path / "out.parquet", block=block) == tmp_path / "out.parquet"
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.field("embedding").type == pa.list_(pa.float32(), 2)
    np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), expected, atol=1e-6)
    if file != "rows.npy":
        assert [int(each) for each in found["id"].to_pylist()] == list(range(1000))
        assert found["title"].to_pylist() == [f"row {i}" for i in range(1000)]
        assert found.column_names == ["id", "title", "embedding"]
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out.parquet"]


def test_all_outputs_hold_the_same(dense, table, tmp_path):
    inputs(tmp_path, table)
    expected = zoo.load(dense).encode(table)
    for end in ("parquet", "csv", "npy"):
        run(dense, tmp_path / "fixed.parquet", tmp_path / f"out.{end}", block=300)
    codes = np.load(tmp_path / "out.npy")
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes, expected, atol=1e-6)
    np.testing.assert_array_equal(embeddings(tmp_path / "out.parquet"), codes)
    frame = pd.read_csv(tmp_path / "out.csv")
    assert list(frame) == ["id", "title", "embedding_0", "embedding_1"]
    np.testing.assert_array_equal(frame[["embedding_0", "embedding_1"]].to_numpy(np.float32), codes)
    assert frame["title"].tolist() == [f"row {i}" for i in range(1000)]


def test_columns_and_carried_columns_can_be_named(dense, table, tmp_path):
    columns = {f"x_{place}": table[:, place] for place in (2, 0, 1, 3)}
    pq.write_table(pa.table({"weight": table[:, 0], "id": np.arange(1000), **columns}), tmp_path / "t.parquet")
    run(dense, tmp_path / "t.parquet", tmp_path / "a.parquet", columns=["x_0", "x_1", "x_2", "x_3"], keep=["id", "x_0"])
    found = pq.read_table(tmp_path / "a.parquet")
    assert found.column_names == ["id", "x_0", "embedding"]
    np.testing.assert_allclose(embeddings(tmp_path / "a.parquet"), zoo.load(dense).encode(table), atol=1e-6)
    arguments = [f"name={dense}", f"input={tmp_path}/t.parquet", f"output={tmp_path}/b.parquet"]
    assert main([*arguments, "columns=x_*", "keep=none"]) == 0
    assert pq.read_table(tmp_path / "b.parquet").column_names == ["embedding"]
    shuffled = zoo.load(dense).encode(table[:, [2, 0, 1, 3]])  # x_* are taken in the file's order
    np.testing.assert_allclose(embeddings(tmp_path / "b.parquet"), shuffled, atol=1e-6)


def test_integers_come_out_as_integers_with_their_scale(integers, table, tmp_path):
    np.save(tmp_path / "t.npy", table)
    run(integers, tmp_path / "t.npy", tmp_path / "out.parquet", block=300)
    run(integers, tmp_path / "t.npy", tmp_path / "out.npy")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.field("embedding").type == pa.list_(pa.int8(), 2)
    scale = float(found.schema.metadata[b"code_scale"])
    assert scale == 0.25
    codes = embeddings(tmp_path / "out.parquet")
    assert len(np.unique(codes)) > 5
    np.testing.assert_array_equal(codes * np.float32(scale), zoo.load(integers).encode(table))
    assert np.load(tmp_path / "out.npy").dtype == np.int8
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), codes)


def test_images_in_npy_and_in_nested_lists(images, rng, tmp_path):
    rows = rng.integers(0, 256, size=(30, 8, 8, 1)).astype(np.uint8)
    expected = zoo.load(images).encode(rows)
    np.save(tmp_path / "images.npy", rows)
    pq.write_table(pa.table({"image": rows.tolist()}), tmp_path / "nested.parquet")
    pq.write_table(pa.table({"image": rows.reshape(30, -1).tolist()}), tmp_path / "flat.parquet")
    for source in (tmp_path / "images.npy", tmp_path / "nested.parquet", tmp_path / "flat.parquet", rows):
        run(images, source, tmp_path / "out.npy", block=7, overwrite=True)
        np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-5)


def test_sparse_rows(sparse, rng, tmp_path):
    rows = csr_array(rng.integers(1, 4, size=(50, 8)) * (rng.random((50, 8)) < 0.3))
    parts = [slice(start, stop) for start, stop in zip(rows.indptr, rows.indptr[1:], strict=False)]
    columns = {
        "id": np.arange(50),
        "indices": [rows.indices[part].tolist() for part in parts],
        "values": [rows.data[part].astype(float).tolist() for part in parts],
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=20)
    for source in (tmp_path / "t.parquet", rows):
        run(sparse, source, tmp_path / "out.parquet", block=15, overwrite=True)
        np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), zoo.load(sparse).encode(rows), atol=1e-6)


def test_baskets(baskets, tmp_path):
    rows = [["item1", "item2"], [], ["unknown", "item7"], ["item3"] * 3] * 9
    pq.write_table(pa.table({"who": [str(i) for i in range(36)], "bought": rows}), tmp_path / "t.parquet")
    for source in (tmp_path / "t.parquet", rows):
        run(baskets, source, tmp_path / "out.parquet", block=5, overwrite=True)
        np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), zoo.load(baskets).encode(rows), atol=1e-6)


def test_records_in_parquet_and_in_csv(records, tmp_path):
    frame = pd.DataFrame(
        {"size": [1, 2, None, 3] * 20, "name": 'a, "b"\nc', "colour": ["red", None, "green", "blue"] * 20}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    frame.astype({"size": "Int64"}).to_csv(tmp_path / "t.csv", index=False)
    expected = zoo.load(records).encode(frame)
    assert len(np.unique(expected.round(4), axis=0)) == 4
    for file in ("t.parquet", "t.csv"):
        run(records, tmp_path / file, tmp_path / "out.parquet", block=7, overwrite=True)
        np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), expected, atol=1e-6)
        assert set(pq.read_table(tmp_path / "out.parquet")["name"].to_pylist()) == {'a, "b"\nc'}


def test_csv_with_empty_lines_windows_line_ends_and_breaks_in_cells(dense, table, tmp_path):
    cells = [f'"{i}\r\n ""x"""' if i % 3 else str(i) for i in range(1000)]
    lines = [",".join([cell, *map(str, row)]) for cell, row in zip(cells, table.astype(float), strict=True)]
    text = "name,a,b,c,d\r\n\r\n" + "\r\n\r\n".join(lines)  # every other line is empty, and the last has no end
    (tmp_path / "t.csv").write_bytes(text.encode())
    for block in (1, 250, 333, 2000):
        run(dense, tmp_path / "t.csv", tmp_path / "out.parquet", block=block, overwrite=True)
        names = pq.read_table(tmp_path / "out.parquet")["name"].to_pylist()
        assert names == [f'{i}\r\n "x"' if i % 3 else str(i) for i in range(1000)]
        np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), zoo.load(dense).encode(table), atol=1e-6)


def test_keys_in_csv_stay_as_they_are_written(dense, tmp_path):
    (tmp_path / "t.csv").write_text("id,a,b,c,d\n007,1,2,3,4\nx8,1,2,3,4.5\n")
    run(dense, tmp_path / "t.csv", tmp_path / "out.csv", columns=["a", "b", "c", "d"])
    assert pd.read_csv(tmp_path / "out.csv", dtype=str)["id"].tolist() == ["007", "x8"]


def test_types_of_carried_columns_survive(dense, table, tmp_path):
    columns = {
        "when": pa.array(np.arange(1000), pa.timestamp("ms", "UTC")),
        "tags": pa.array([["a"], None] * 500, pa.list_(pa.string())),
        "kind": pa.array(["x", "y", None, "x"] * 250).dictionary_encode(),
        "group": pa.chunked_array([pa.array([f"g{part}"] * 100).dictionary_encode() for part in range(10)]),
        "vector": lists(table),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=300)
    run(dense, tmp_path / "t.parquet", tmp_path / "out.parquet", block=128)
    found, given = pq.read_table(tmp_path / "out.parquet"), pq.read_table(tmp_path / "t.parquet")
    for name in ("when", "tags", "kind", "group"):
        assert found[name].to_pylist() == given[name].to_pylist()
        assert found.schema.field(name).type == given.schema.field(name).type


def test_columns_that_csv_cannot_hold_are_left_out_before_anything_is_encoded(dense, table, tmp_path, capsys):
    columns = {"id": np.arange(1000), "raw": pa.array([b"\xff"] * 1000), "tags": pa.array([["a"]] * 1000)}
    pq.write_table(pa.table({**columns, "vector": lists(table)}), tmp_path / "t.parquet")
    run(dense, tmp_path / "t.parquet", tmp_path / "out.csv")
    assert list(pd.read_csv(tmp_path / "out.csv")) == ["id", "embedding_0", "embedding_1"]


def test_the_facts_of_a_file_are_kept(dense, table, tmp_path):
    np.save(tmp_path / "t.npy", table.astype(">f8"))
    run(dense, tmp_path / "t.npy", tmp_path / "out.parquet")
    metadata = pq.read_schema(tmp_path / "out.parquet").metadata
    assert metadata[b"encoder"].decode() == zoo.load(dense).name
    assert json.dumps(sorted(key.decode() for key in metadata)) == '["encoder"]'
    np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), zoo.load(dense).encode(table), atol=1e-6)


def test_rows_in_memory(dense, named, table, tmp_path):
    expected = zoo.load(dense).encode(table)
    frame = pd.DataFrame(table, columns=[f"x_{place}" for place in range(4)], index=[f"row {i}" for i in range(1000)])
    for rows in (table, frame):
        run(dense, rows, tmp_path / "out.parquet", block=300, overwrite=True)
        np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), expected, atol=1e-6)
    assert pq.read_table(tmp_path / "out.parquet")["index"].to_pylist() == list(frame.index)
    by_name = pd.DataFrame(table, columns=list("abcd"))[list("dbca")]
    run(named, by_name, tmp_path / "out.parquet", overwrite=True)
    np.testing.assert_allclose(embeddings(tmp_path / "out.parquet"), zoo.load(named).encode(table), atol=1e-6)
    with pytest.raises(InputError, match="rows: this object cannot be read as a table"):
        run(dense, object(), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="rows in memory are encoded in this process"):
        run(dense, table, tmp_path / "other.parquet", runner="DirectRunner")
