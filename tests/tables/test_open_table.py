"""Every format, here and at URLs, gives the same rows; folders, globs and partitions are tables."""

import gzip
import json

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from zoo.errors import InputError
from zoo.tables.open_table import open_table
from zoo.tables.table import batches, read_whole

VECTORS = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
NAMES = [f"row {i}" for i in range(60)]
TABLE = pa.table({"name": NAMES, "n": list(range(60)), "vector": VECTORS.astype(float).tolist()})


def json_lines(table=TABLE):
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def write_all(folder):
    pq.write_table(TABLE, folder / "t.parquet", row_group_size=13)
    pq.write_table(TABLE, folder / "t.PQ", row_group_size=7)
    feather.write_feather(TABLE, folder / "t.feather")
    with pa.OSFile(str(folder / "t.arrow"), "wb") as file, pa.ipc.new_file(file, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=11)
    with pa.OSFile(str(folder / "s.arrow"), "wb") as file, pa.ipc.new_stream(file, TABLE.schema) as writer:
        writer.write_table(TABLE)
    (folder / "t.jsonl").write_bytes(json_lines())
    (folder / "t.ndjson").write_bytes(json_lines() + b"\n\n")
    (folder / "t.json.gz").write_bytes(gzip.compress(json_lines()))
    return ["t.parquet", "t.PQ", "t.feather", "t.arrow", "s.arrow", "t.jsonl", "t.ndjson", "t.json.gz"]


@pytest.mark.parametrize("size", [1, 16, 1000])
def test_all_formats_hold_the_same_rows_and_any_block_can_be_read_alone(tmp_path, size):
    for name in write_all(tmp_path):
        table = open_table(tmp_path / name)
        assert table.schema.names == ["name", "n", "vector"]
        blocks = table.blocks(size)
        assert sum(block.rows for block in blocks) == 60
        assert max(block.rows for block in blocks) <= size
        for block in (blocks[-1], blocks[0], blocks[len(blocks) // 2]):
            (piece,) = table.read([block], ["n", "vector"])
            assert piece.column("n").to_pylist() == list(range(block.first, block.first + block.rows))
            found = np.asarray(piece.column("vector").to_pylist(), np.float32)
            np.testing.assert_array_equal(found, VECTORS[block.first : block.first + block.rows])
        some = [row for piece in batches(table, ["name"], first=5, size=size, limit=33) for row in piece.to_pylist()]
        assert [row["name"] for row in some] == NAMES[5:33]


def test_urls(tmp_path):
    memory = fsspec.filesystem("memory")
    for name in write_all(tmp_path):
        memory.pipe(f"/rows/{name}", (tmp_path / name).read_bytes())
        for url in (f"memory://rows/{name}", f"file://{tmp_path}/{name}"):
            table = open_table(url)
            assert read_whole(table, ["name"]).column(0).to_pylist() == NAMES
            assert table.name == url
            assert table.identity() == open_table(url).identity()
    assert read_whole(open_table("memory://rows/*.parquet"), ["n"]).num_rows == 60
    for name in (".new-part-0.parquet", "_old/t.parquet"):  # hidden, as in a folder here
        memory.pipe(f"/folder/{name}", (tmp_path / "t.parquet").read_bytes())
    with pytest.raises(InputError, match="holds no Parquet files"):
        open_table("memory://folder")
    memory.pipe("/folder/t.parquet", (tmp_path / "t.parquet").read_bytes())
    assert open_table("memory://folder").rows == len(NAMES)
    before = open_table("memory://rows/t.jsonl").identity()
    memory.pipe("/rows/t.jsonl", json_lines(TABLE.slice(1)))
    assert open_table("memory://rows/t.jsonl").identity() != before
    for url, said in [
        ("memory://nowhere/t.csv", "nothing is there"),
        ("nosuch://x/t.csv", "cannot be opened"),
    ]:
        with pytest.raises(InputError, match=said):
            open_table(url)


def test_a_folder_a_glob_and_partitions(tmp_path):
    for place in range(3):
        folder = tmp_path / "parts" / f"year=202{place}" / f"kind={'ab'[place % 2]}"
        folder.mkdir(parents=True)
        pq.write_table(TABLE.slice(20 * place, 20), folder / "part.parquet", row_group_size=6)
    (tmp_path / "parts" / "_SUCCESS").write_text("")
    (tmp_path / "parts" / ".hidden.parquet").write_text("")
    for place in (tmp_path / "parts", f"{tmp_path}/parts/year=*", f"{tmp_path}/parts/*/*/*.parquet"):
        table = open_table(place)
        assert table.rows == 60
        found = read_whole(table)
        assert found.column("name").to_pylist() == NAMES
        assert found.column("year").to_pylist() == [2020] * 20 + [2021] * 20 + [2022] * 20
        assert found.column("kind").to_pylist() == ["a"] * 20 + ["b"] * 20 + ["a"] * 20
        assert sum(block.rows for block in table.blocks(7)) == 60
    pq.write_table(TABLE.drop_columns(["n"]), tmp_path / "parts" / "year=2020" / "other.parquet")
    with pytest.raises(InputError, match=r"other\.parquet has no column 'n'|has no column"):
        read_whole(open_table(tmp_path / "parts"))


def test_a_folder_is_the_table_of_its_own_files(tmp_path):
    for place in ("a/1", "b"):
        (tmp_path / place).mkdir(parents=True)
        pq.write_table(TABLE.slice(0, 20), tmp_path / place / "part.parquet")
    nested = open_table(tmp_path)
    assert nested.rows == 40
    assert "read 2 Parquet files of folders in it ('a', 'b') as one table" in nested.notes[0]
    pq.write_table(TABLE, tmp_path / "own.parquet")
    for place in (tmp_path, tmp_path.as_uri()):
        own = open_table(place if place is tmp_path else str(place))
        assert own.rows == 60
        assert "left out 2 Parquet files of folders in it ('a', 'b')" in own.notes[0]


def test_a_table_that_a_recipe_tries_itself_on_is_found_by_zoo_data(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(InputError, match=rf"folder that holds onehot/t\.csv with ZOO_DATA=FOLDER \(now {tmp_path}\)"):
        open_table(f"{tmp_path}/onehot/t.csv")
    monkeypatch.delenv("ZOO_DATA")
    with pytest.raises(InputError, match=r"holds onehot/t\.csv with ZOO_DATA=.* of your own with data.path="):
        open_table("../shared/data/onehot/t.csv")


def test_what_is_no_table_says_what_is(tmp_path):
    (tmp_path / "t.xlsx").write_text("x")
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\n1\n")
    (tmp_path / "list.json").write_text('[{"a": 1}, 2]')
    (tmp_path / "bad.jsonl").write_text('{"a": 1}\n{"a": "x"}\n')
    (tmp_path / "bad.arrow").write_text("ARROW1 and no more")
    (tmp_path / "latin.jsonl").write_bytes(b'{"a": "caf\xe9"}\n')
    (tmp_path / "none").mkdir()
    for name, said in [
        ("t.xlsx", r"no reader for files with this ending; readable: .*\.csv.*\.jsonl.*\.npz.*\.parquet"),
        ("none", "this is a folder, give one file; it holds no files"),
        ("*.csv", r"only Parquet files are read together, and .*a\.csv is none"),
        ("*.nothing", "no file has such a name"),
        ("list.json", "its array holds more than objects"),
        ("bad.jsonl", "not JSON objects of like fields"),
        ("bad.arrow", "not a complete Arrow or Feather file"),
        ("c.csv", "no such file; did you mean"),
        ("latin.jsonl", r"not UTF-8 .*encoding=latin-1"),
    ]:
        with pytest.raises(InputError, match=said):
            read_whole(open_table(tmp_path / name))


def test_numpy_in_any_order_and_of_any_number(tmp_path):
    from zoo.tables.npy_table import COLUMN

    table = np.random.default_rng(0).normal(size=(50, 2, 3))
    expected = table.reshape(50, -1)
    for array in (table, np.asfortranarray(table), table.astype(">f8"), table.astype(np.longdouble)):
        np.save(tmp_path / "t.npy", array)
        opened = open_table(tmp_path / "t.npy")
        pieces = [piece.column(COLUMN).to_pylist() for piece in opened.read(opened.blocks(7), [COLUMN])]
        np.testing.assert_array_equal(np.concatenate(pieces), expected)
        assert opened.row_shape == (2, 3)


def test_arrays_of_an_npz_are_columns(tmp_path):
    np.savez(tmp_path / "t.npz", X=VECTORS, y=np.arange(60), other=np.zeros(3), wide=VECTORS.astype(np.longdouble))
    table = open_table(tmp_path / "t.npz")
    assert table.schema.names == ["X", "y", "wide"]
    np.testing.assert_array_equal(np.asarray(read_whole(table).column("X").to_pylist(), np.float32), VECTORS)
    np.savez(tmp_path / "none.npz", y=np.arange(60))
    with pytest.raises(InputError, match="no array holds rows"):
        open_table(tmp_path / "none.npz")


def test_text_that_is_not_utf8_is_refused_at_reading(tmp_path):
    from zoo.tables.read_table import read_table

    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0"), pa.py_buffer(b"caf\xe9")])
    pq.write_table(pa.table({"name": broken}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="column 'name' holds text that is not UTF-8"):
        read_table(tmp_path / "t.parquet")


def test_a_fingerprint_is_of_the_content_and_not_of_its_layout():
    from zoo.tables.fingerprint import fingerprint

    rows = VECTORS.astype("<f4")
    assert fingerprint("60 4 ", NAMES, rows) == fingerprint("60 4 ", tuple(NAMES), np.asfortranarray(rows))
    prints = [
        fingerprint("60 4 ", NAMES, rows),
        fingerprint("60 4", NAMES, rows),
        fingerprint("60 4 ", NAMES[::-1], rows),
    ]
    assert len({*prints, fingerprint("60 4 ", NAMES, rows[::-1])}) == 4
