"""What training reads bulk encoding reads, and by the same names."""

import gzip
import json
import sqlite3

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

import zoo
from zoo.encode import main
from zoo.tables.query import Query

NAMES = ["a", "b", "c", "d"]
WORDS = [f"word {i}" if i % 50 == 7 else f"w{i}" for i in range(1000)]


@pytest.fixture
def run(tmp_path, capsys):
    def run(encoder, source, *more, status=0):
        output = tmp_path / "out.npy"
        given = [f"name={encoder}", f"input={source}", f"output={output}", "overwrite=true", *more]
        assert main(given) == status
        said = capsys.readouterr()
        return np.load(output) if status == 0 else said.err

    return run


def frame(table):
    return pd.DataFrame(table.astype(np.float64), columns=NAMES)


def texts(table):
    return ["[" + ", ".join(map(repr, row)) + "]" for row in table.tolist()]


def write_all(folder, table):
    """The same rows in every way that training reads."""
    columns, text = frame(table), pd.DataFrame({"n": 1, "v": texts(table)}).to_csv(index=False)
    columns.to_csv(folder / "t.csv.gz", index=False)
    (folder / "v.csv").write_text(text)
    (folder / "v.tsv.gz").write_bytes(gzip.compress(text.replace(",", "\t", 1).replace('1,"', '1\t"').encode()))
    columns.to_csv(folder / "bare.csv", index=False, header=False)
    np.save(folder / "fortran.npy", np.asfortranarray(table))
    np.save(folder / "long.npy", table.astype(np.longdouble))
    np.savez(folder / "t.npz", X=table, y=np.arange(len(table)))
    feather.write_feather(columns, folder / "t.feather")
    (folder / "t.jsonl").write_text("".join(json.dumps({"v": row}) + "\n" for row in table.astype(float).tolist()))
    (folder / "folder").mkdir()
    for part in range(4):
        columns[250 * part : 250 * (part + 1)].to_parquet(folder / "folder" / f"{part}.parquet", index=False)
    lists = [None if row is None else list(row) for row in table.astype(float).tolist()]
    fixed = pa.array(lists, pa.list_(pa.float64(), 4))
    pq.write_table(pa.table({"v": fixed, "key": pa.array(WORDS, pa.string_view())}), folder / "views.parquet")
    return sorted(path.name for path in folder.iterdir())


def test_every_format_gives_the_same_embeddings(dense, table, tmp_path, run):
    files = tmp_path / "files"
    files.mkdir()
    expected = zoo.load(dense).encode(table)
    for name in write_all(files, table):
        columns = [] if name != "t.npz" else ["columns=X"]
        np.testing.assert_allclose(run(dense, files / name, "block=96", *columns), expected, atol=1e-5, err_msg=name)
    memory = fsspec.filesystem("memory")
    memory.pipe("/bulk/t.csv.gz", (files / "t.csv.gz").read_bytes())
    np.testing.assert_allclose(run(dense, "memory://bulk/t.csv.gz"), expected, atol=1e-5)
    np.testing.assert_allclose(run(dense, files / "folder" / "*.parquet"), expected, atol=1e-5)


def test_word_vectors_with_their_keys(dense, table, tmp_path):
    from gensim.models import KeyedVectors

    loaded = KeyedVectors(4)
    loaded.add_vectors([word.replace(" ", "_") for word in WORDS], table)
    loaded.save_word2vec_format(str(tmp_path / "t.bin"), binary=True)
    loaded.save_word2vec_format(str(tmp_path / "t.vec"))
    loaded.save(str(tmp_path / "t.kv"))
    lines = [f"{word} {' '.join(map(repr, row))}\n" for word, row in zip(WORDS, table.tolist(), strict=True)]
    (tmp_path / "spaces.txt").write_text("".join(lines))
    expected = zoo.load(dense).encode(table)
    for name in ("t.bin", "t.vec", "t.kv", "spaces.txt"):
        given = [
            f"name={dense}",
            f"input={tmp_path}/{name}",
            f"output={tmp_path}/out.parquet",
            "overwrite=true",
            "block=70",
        ]
        assert main([*given, *(["token_spaces=true"] if name == "spaces.txt" else [])]) == 0
        found = pq.read_table(tmp_path / "out.parquet")
        np.testing.assert_allclose(np.stack(found["embedding"].to_numpy()), expected, atol=1e-5)
        assert [key.replace("_", " ") for key in found["key"].to_pylist()] == WORDS


def test_marks_encodings_and_headers_are_said_as_in_training(named, dense, table, tmp_path, run):
    expected = zoo.load(named).encode(table)
    path = tmp_path / "t.csv"
    path.write_text(frame(table).to_csv(index=False, sep=";", decimal=","))
    assert "say delimiter=semicolon decimal=comma" in run(named, path, status=2)
    np.testing.assert_allclose(run(named, path, "delimiter=;", "decimal=,"), expected, atol=1e-5)
    path.write_bytes(frame(table).to_csv(index=False).encode("utf-16"))
    np.testing.assert_allclose(run(named, path), expected, atol=1e-5)
    path.write_text("1,2,3,7\n" * 10)
    assert "say header=true or header=false" in run(dense, path, status=2)
    assert len(run(dense, path, "header=false")) == 10
    assert len(run(dense, path, "header=true")) == 9


def test_columns_are_found_by_their_names(named, table, tmp_path, run):
    expected = zoo.load(named).encode(table)
    assert zoo.load(named).kind.column_names == tuple(NAMES)
    columns = frame(table)
    path = tmp_path / "t.csv"
    for written in (
        columns[["d", "b", "a", "c"]],
        columns.assign(id=range(1000), x=1.5)[["x", "c", "id", "a", "b", "d"]],
    ):
        written.to_csv(path, index=False)
        np.testing.assert_allclose(run(named, path), expected, atol=1e-5)
        written.to_parquet(tmp_path / "t.parquet")
        np.testing.assert_allclose(run(named, tmp_path / "t.parquet"), expected, atol=1e-5)
    np.testing.assert_allclose(run(named, path, "columns=d,c,b,a"), expected, atol=1e-5)
    columns.rename(columns={"d": "dd"}).to_csv(path, index=False)
    said = run(named, path, status=2)
    assert "trained on the columns a, b, c, d, and 1 of them is missing: 'd': did you mean 'dd'?" in said
    np.testing.assert_allclose(run(named, path, "columns=a,b,c,dd"), expected, atol=1e-5)
    np.save(tmp_path / "t.npy", table)
    np.testing.assert_allclose(run(named, tmp_path / "t.npy"), expected, atol=1e-5)
    pq.write_table(pa.table({"v": table.astype(float).tolist()}), tmp_path / "t.parquet")
    np.testing.assert_allclose(run(named, tmp_path / "t.parquet"), expected, atol=1e-5)


@pytest.mark.parametrize("name", [None, "customer_id", "index"])
def test_an_index_is_no_feature(dense, table, tmp_path, run, name):
    columns = frame(table).rename_axis(name)
    expected = zoo.load(dense).encode(table)
    columns.to_csv(tmp_path / "t.csv")
    np.testing.assert_allclose(run(dense, tmp_path / "t.csv"), expected, atol=1e-5)
    columns.reset_index(drop=name is None).to_parquet(tmp_path / "t.parquet")
    np.testing.assert_allclose(run(dense, tmp_path / "t.parquet"), expected, atol=1e-5)


def test_a_query(dense, table, tmp_path, run):
    pytest.importorskip("adbc_driver_sqlite", reason="the extra sql is not installed")
    with sqlite3.connect(tmp_path / "t.db") as connection:
        frame(table).assign(place=range(1000)).to_sql("t", connection, index=False)
    sql = "SELECT a, b, c, d FROM t ORDER BY place"
    expected = zoo.load(dense).encode(table)
    found = run(dense, f"sqlite:///{tmp_path}/t.db", f"sql={sql}", "block=300")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    query = Query(f"sqlite:///{tmp_path}/t.db", sql)
    zoo.encode(dense, query, tmp_path / "out.npy", overwrite=True, quiet=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-5)
    assert "the database says" in run(dense, f"sqlite:///{tmp_path}/t.db", "sql=SELECT * FROM nothing", status=2)


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl", "query"])
def test_an_interrupted_job_goes_on(dense, table, tmp_path, monkeypatch, capsys, kind):
    from zoo.encoder import Encoder

    source = tmp_path / f"t.{kind}"
    more = []
    if kind == "csv.gz":
        frame(table).to_csv(source, index=False)
    elif kind == "jsonl":
        frame(table).to_json(source, orient="records", lines=True, double_precision=15)
    else:
        pytest.importorskip("adbc_driver_sqlite", reason="the extra sql is not installed")
        with sqlite3.connect(tmp_path / "t.db") as connection:
            frame(table).to_sql("t", connection, index_label="place")
        source, more = f"sqlite:///{tmp_path}/t.db", ["sql=SELECT a, b, c, d FROM t ORDER BY place"]
    original, calls = Encoder.call, []

    def counted(self, *given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(self, *given)

    monkeypatch.setattr(Encoder, "call", counted)
    given = [f"name={dense}", f"input={source}", f"output={tmp_path}/out.npy", "block=100", *more]
    assert main(given) == 130
    assert main(given) == 0
    assert "going on: " in capsys.readouterr().out
    assert len(calls) < 4 + 10
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), zoo.load(dense).encode(table), atol=1e-5)


def test_lines_of_baskets(baskets, tmp_path, run):
    rows = [["item1", "item2"], ["unknown", "item7"], ["item3"] * 3, ["item, 4"]] * 9
    text = "".join(",".join(f'"{item}"' if "," in item else f" {item} " for item in row) + "\n\n" for row in rows)
    (tmp_path / "t.csv").write_text(text)
    expected = zoo.load(baskets).encode(rows)
    np.testing.assert_allclose(run(baskets, tmp_path / "t.csv", "lines=true", "block=5"), expected, atol=1e-6)
    (tmp_path / "t.txt.gz").write_bytes(gzip.compress(text.replace(",", ";").replace("; 4", ", 4").encode()))
    found = run(baskets, tmp_path / "t.txt.gz", "lines=true", "delimiter=;", "block=5")
    np.testing.assert_allclose(found[:3], expected[:3], atol=1e-6)
    assert "if each line is a basket, say lines=true" in run(baskets, tmp_path / "t.csv", status=2)
    (tmp_path / "t.csv").write_text('item1,"item2\n')
    assert "lines 0 to 0 (from 0, without empty ones)" in run(baskets, tmp_path / "t.csv", "lines=true", status=2)
