"""Whole jobs: files in, files out; the same as in memory; interrupted and gone on with."""

import subprocess
import sys

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

import zoo
from zoo.cli import matching_arguments
from zoo.cli.deduplicate import main as deduplicate
from zoo.cli.match import main as match
from zoo.errors import InputError
from zoo.matching.nearest_codes import NearestCodes

NAMES = ["first", "last", "town", "born", "phone"]
TRUE = {(row, row) for row in range(200)}


@pytest.fixture
def files(two_tables, tmp_path):
    """Two tables with ids, as CSV and Parquet."""
    a = two_tables[0].append_column("id", pa.array([f"a{row}" for row in range(300)]))
    b = two_tables[1].append_column("id", pa.array(range(300)))
    csv.write_csv(a, tmp_path / "a.csv")
    pq.write_table(b, tmp_path / "b.parquet")
    return tmp_path / "a.csv", tmp_path / "b.parquet"


def arguments(encoder, files, output, *more):
    return [f"name={encoder}", f"a={files[0]}", f"b={files[1]}", f"output={output}", *more]


def pairs_of(table):
    return {
        (int(one[1:]), other)
        for one, other in zip(*(table.column(n).to_pylist() for n in ("id_a", "id_b")), strict=True)
    }


def f1(found):
    return 2 * len(found & TRUE) / (len(found) + len(TRUE))


def test_two_files_are_matched(encoder, files, tmp_path, capsys):
    assert match(arguments(encoder, files, tmp_path / "pairs.parquet", "one_to_one=true")) == 0
    table = pq.read_table(tmp_path / "pairs.parquet")
    assert f1(pairs_of(table)) > 0.95
    assert table.column_names[:4] == ["id_a", "id_b", "cosine", "probability"]
    said = capsys.readouterr().out
    for words in (
        "compared: first (text)",
        "of which an estimated",
        "matching pairs, of",
        "of exact copies",
        "pairs.parquet",
    ):
        assert words in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.parquet", "pairs.parquet"]


def test_csv_and_memory_give_the_same(encoder, files, two_tables, tmp_path):
    zoo.match(encoder, *files, tmp_path / "pairs.csv", quiet=True)
    written = csv.read_csv(tmp_path / "pairs.csv")
    as_written = csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string()))
    held = zoo.match(
        encoder, csv.read_csv(files[0], convert_options=as_written).to_pandas(), pq.read_table(files[1]), quiet=True
    )
    again = zoo.match(encoder, *files, quiet=True)
    assert held.equals(again)
    assert pairs_of(written) == pairs_of(held)
    np.testing.assert_allclose(written["probability"], held["probability"], atol=1e-6)


def test_one_file_falls_into_entities(encoder, files, tmp_path, capsys):
    both = pa.concat_tables([csv.read_csv(files[0]), csv.read_csv(files[0])])
    both = both.set_column(5, "id", pa.array(range(600)))
    pq.write_table(both, tmp_path / "both.parquet")
    given = [f"name={encoder}", f"input={tmp_path / 'both.parquet'}", f"output={tmp_path / 'entities.csv'}"]
    assert deduplicate(given) == 0
    found = csv.read_csv(tmp_path / "entities.csv")
    entity = np.asarray(found["entity"])
    np.testing.assert_array_equal(entity[:300], entity[300:])
    assert (entity[:300] == np.arange(300)).mean() > 0.98
    assert "300 of them exact copies of an earlier one" in capsys.readouterr().out


def test_an_output_at_a_url_is_sent_once_it_is_whole(encoder, files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    url, memory = f"memory://{tmp_path.name}/pairs.parquet", fsspec.filesystem("memory")

    def away(*_, **__):
        raise ConnectionError("no route to host")

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "put_file", away)
        assert match(arguments(encoder, files, url)) == 1
    assert "no route to host); pairs.parquet.sending/pairs.parquet has all of it" in capsys.readouterr().err
    kept = tmp_path / "pairs.parquet.sending" / "pairs.parquet"
    assert f1(pairs_of(pq.read_table(kept))) > 0.95
    assert match(arguments(encoder, files, url)) == 2
    assert "could not be sent" in capsys.readouterr().err
    kept.unlink()
    with pytest.raises(InputError, match="no such file"):
        zoo.match(encoder, "absent.csv", files[1], url, quiet=True)
    assert not kept.parent.exists()

    def job(place):
        place.write_text("rows")
        return place

    assert matching_arguments.carried_out(url, "pairs.parquet", job, overwrite=False) == url
    assert memory.cat_file(url) == b"rows"
    assert not kept.parent.exists()
    with pytest.raises(InputError, match="is there already"):
        matching_arguments.carried_out(url, "pairs.parquet", job, overwrite=False)


def test_new_rows_find_their_entities_by_an_index(encoder, two_tables, tmp_path):
    known = pa.concat_tables([two_tables[0], two_tables[1].slice(100, 100)])
    known = known.append_column("id", pa.array([f"k{row}" for row in range(400)]))
    entities = zoo.deduplicate(encoder, known, index=tmp_path / "index", quiet=True)
    new = two_tables[1].slice(10, 5)
    found = zoo.match(encoder, new, index=tmp_path / "index", quiet=True).to_pylist()
    pairs = {(row["id_a"], row["id_b"]) for row in found}
    assert pairs <= {(row, f"k{row + 10}") for row in range(5)}
    assert len(pairs) >= 3  # the others have hardly a cell that is filled in
    named = dict(zip(entities["id"].to_pylist(), entities["entity"].to_pylist(), strict=True))
    assert [row["entity_b"] for row in found] == [named[row["id_b"]] for row in found]
    with pytest.raises(InputError, match=r"there is an index already; .* or say overwrite=true"):
        zoo.deduplicate(encoder, known, index=tmp_path / "index", quiet=True)
    with pytest.raises(InputError, match="no index there"):
        zoo.match(encoder, new, index=tmp_path / "other", quiet=True)


def test_an_interrupted_job_goes_on(encoder, files, tmp_path, monkeypatch, capsys):
    original = NearestCodes.search

    def interrupted(self, *given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(NearestCodes, "search", interrupted)
        assert match(arguments(encoder, files, tmp_path / "pairs.csv")) == 130
    assert "the same command goes on where it stopped" in capsys.readouterr().err
    assert not (tmp_path / "pairs.csv").exists()
    assert (tmp_path / "pairs.csv.a.partial").is_dir()
    assert match(arguments(encoder, files, tmp_path / "pairs.csv")) == 0
    assert "a.csv: going on: 300 rows are encoded already" in capsys.readouterr().out
    first = (tmp_path / "pairs.csv").read_bytes()
    monkeypatch.setattr(NearestCodes, "search", original)
    assert match(arguments(encoder, files, tmp_path / "pairs.csv", "overwrite=true")) == 0
    assert (tmp_path / "pairs.csv").read_bytes() == first
    assert not list(tmp_path.glob("*.partial"))


def latin(path, table):
    path.write_bytes(table.encode("cp1252"))


HEADER = "first,last,town,born,phone\n"
ROW = "anna,becker,hobart,1970-01-02,12345678\n"
BAD = {
    "column": (
        HEADER.replace("town", "towns") + ROW,
        r"there is no column 'town'; did you mean 'towns'\?.*rename=OTHER:town",
    ),
    "ragged": (HEADER + ROW + "anna,becker\n", r"row 3 has 2 cells, but the header has 5"),
    "twice": ("id," + HEADER + ("7," + ROW) * 2, r"column 'id' names rows twice, such as '7' .* id=none"),
    "no id": ("id," + HEADER + "7," + ROW + "," + ROW, r"column 'id' .*row 1"),
    "empty": (HEADER, "no rows"),
    "gaps": (HEADER + ",,n/a,-,\n" * 5, "first: every cell is empty in .*no field is left to match by"),
    "cp1252": (HEADER + ROW.replace("anna", "änna"), r"not UTF-8 .*encoding=cp1252"),
    "utf-16": ((HEADER + ROW).encode("utf-16-le"), r"bytes of 0.*encoding=utf-16-le"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_ends_with_status_2(encoder, files, tmp_path, capsys, name):
    content, expected = BAD[name]
    (tmp_path / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode("cp1252"))
    output = tmp_path / "pairs.csv"
    assert match(arguments(encoder, (tmp_path / "bad.csv", files[1]), output)) == 2
    said = capsys.readouterr().err
    assert "bad.csv" in said
    import re

    assert re.search(expected, said, flags=re.DOTALL), said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.parquet", "bad.csv"]


def test_other_encodings_and_names_of_columns_can_be_said(encoder, files, tmp_path):
    table = csv.read_csv(files[0])
    renamed = table.rename_columns(["first", "last", "city", "born", "phone", "key"])
    csv.write_csv(renamed, tmp_path / "plain.csv")
    text = (tmp_path / "plain.csv").read_text().replace("anna", "ännä")
    (tmp_path / "odd.csv").write_text(text, encoding="utf-16")
    more = ["rename=city:town", "id=key,id", "encoding=utf-16,utf-8", "fields=first,last,town,born,phone"]
    assert match(arguments(encoder, (tmp_path / "odd.csv", files[1]), tmp_path / "pairs.parquet", *more)) == 0
    assert f1(pairs_of(pq.read_table(tmp_path / "pairs.parquet"))) > 0.95


def test_rows_are_named_by_a_column_that_is_called_as_a_key_is(encoder, two_tables, tmp_path, capsys):
    named = two_tables[0].slice(0, 60).append_column("Rec_ID", pa.array([f"r{row}" for row in range(60)]))
    found = zoo.match(encoder, named, two_tables[1], one_to_one=True)
    said = capsys.readouterr().out
    assert "a: its rows are named by column 'Rec_ID'; id=none takes their numbers" in said
    assert "b: its rows go by their numbers (from 0); id=COLUMN names them" in said
    pairs = zip(found["id_a"].to_pylist(), found["id_b"].to_pylist(), strict=True)
    assert sum(one == f"r{other}" for one, other in pairs) > 50
    assert zoo.deduplicate(encoder, named, quiet=True)["id"].to_pylist()[:2] == ["r0", "r1"]
    assert zoo.deduplicate(encoder, named, id="none", quiet=True)["id"].to_pylist()[:2] == [0, 1]
    with pytest.raises(InputError, match="column 'Rec_ID' names rows twice"):
        zoo.deduplicate(encoder, pa.concat_tables([named, named]), quiet=True)


def test_long_cells_nul_and_empty_columns_are_said(encoder, two_tables, tmp_path, capsys):
    rows = two_tables[0].to_pylist()
    rows[0]["first"], rows[1]["last"] = "x" * 1_000_000, "be\0cker"
    a = pa.Table.from_pylist(rows)
    b = two_tables[1].set_column(2, "town", pa.nulls(300, pa.string()))
    found = zoo.match(encoder, a, b)
    said = capsys.readouterr().out
    assert "first: longer than 1,000 characters, 1 text compared by the first of them" in said
    assert "town: every cell is empty in 'b', so it says nothing" in said
    assert found.num_rows > 150


def test_an_encoder_matches_what_is_in_memory(encoder, two_tables):
    loaded = zoo.load(encoder)
    found = loaded.match(*two_tables)
    assert found.equals(zoo.match(encoder, *two_tables, quiet=True))
    assert loaded.match(two_tables[0].to_pandas(), two_tables[1].to_pylist(), k=10).equals(found)
    single = loaded.match(pa.concat_tables(two_tables), threshold=0.9)
    assert (single["id_a"].to_numpy() < single["id_b"].to_numpy()).all()
    assert single["probability"].to_numpy().min() >= 0.9


def test_in_memory_too_rows_go_by_their_keys_or_their_index(encoder, two_tables):
    rows, loaded = two_tables[0].num_rows, zoo.load(encoder)
    named = two_tables[0].append_column("rec_id", [[f"a{row}" for row in range(rows)]])
    found = loaded.match(named, two_tables[1])
    assert set(found["id_a"].to_pylist()) <= set(named["rec_id"].to_pylist())
    assert found["id_b"].to_pylist() == loaded.match(*two_tables)["id_b"].to_pylist()
    frame = two_tables[0].to_pandas().set_index(np.arange(rows) + 1_000)
    assert found["id_a"].to_pylist() == [
        f"a{row - 1_000}" for row in loaded.match(frame, two_tables[1])["id_a"].to_pylist()
    ]


def test_one_table_inside_the_other(encoder, two_tables):
    found = zoo.match(encoder, two_tables[0].slice(50, 100), two_tables[0], one_to_one=True, quiet=True)
    pairs = set(zip(found["id_a"].to_pylist(), found["id_b"].to_pylist(), strict=True))
    assert pairs == {(row, row + 50) for row in range(100)}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["k=0"], "at least 1 candidate"),
        (["k=ten"], "k=ten: a whole number"),
        (["threshold=2"], "a probability"),
        (["threshold=high"], "a probability is wanted"),
        (["rename=town"], "a colon"),
        (["output=pairs.npy"], "output is given twice"),
        (["treshold=0.5"], "did you mean 'threshold'"),
    ],
)
def test_wrong_arguments_end_with_status_2(encoder, files, tmp_path, capsys, more, expected):
    assert match(arguments(encoder, files, tmp_path / "pairs.csv", *more)) == 2
    assert expected in capsys.readouterr().err


def test_help_and_wrong_arguments_do_without_tensorflow(tmp_path):
    code = (
        "import sys, zoo.match, zoo.deduplicate\n"
        "from zoo.cli import match, deduplicate\n"
        "assert match.main(['name=x', 'a=none.csv', 'b=none.csv', 'output=out.csv']) == 2\n"
        "assert deduplicate.main(['name=x', 'input=none.csv']) == 2\n"
        "assert 'tensorflow' not in sys.modules and 'faiss' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "none.csv" in done.stderr


def test_cells_of_several_values_end_with_status_2(encoder, files, tmp_path, capsys):
    pq.write_table(pa.table({name: pa.array([["x", "y"]]) for name in NAMES}), tmp_path / "bad.parquet")
    assert match(arguments(encoder, (files[0], tmp_path / "bad.parquet"), tmp_path / "pairs.csv")) == 2
    assert "column 'first' holds several values a cell (list<" in capsys.readouterr().err
    assert not list(tmp_path.glob("pairs*"))


def test_finished_blocks_are_of_one_way_to_read_a_file(encoder, files, two_tables, tmp_path, monkeypatch, capsys):
    text = files[0].read_text().replace("a1,", "à1,").encode("cp437")
    (tmp_path / "old.csv").write_bytes(text)
    names = (tmp_path / "old.csv", files[1])
    with monkeypatch.context() as patch:
        patch.setattr(NearestCodes, "search", _stopped)
        assert match(arguments(encoder, names, tmp_path / "out.csv", "encoding=cp437,utf-8")) == 130
    capsys.readouterr()
    assert match(arguments(encoder, names, tmp_path / "out.csv", "encoding=latin-1,utf-8", "threshold=0")) == 0
    assert "old.csv: going on" not in capsys.readouterr().out


def _stopped(self, *given):
    raise KeyboardInterrupt


def test_what_does_not_serve_is_said_before_the_work(encoder, files, two_tables, tmp_path, capsys):
    table = two_tables[0].append_column("index", pa.array([row // 2 for row in range(300)]))
    pq.write_table(table, tmp_path / "a.parquet")
    names = (tmp_path / "a.parquet", files[1])
    assert match(arguments(encoder, names, tmp_path / "out.parquet", "id=index,id")) == 2
    said = capsys.readouterr()
    assert "column 'index' names rows twice, such as '0', '1', '2', .. (row 0 and others, from 0; 150 rows" in said.err
    assert "encoding" not in said.out
    assert match(arguments(encoder, names, tmp_path / "out.parquet", "rename=frist:first")) == 2
    assert "has no column 'frist'; did you mean 'first'?" in capsys.readouterr().err
    assert match(arguments(encoder, names, tmp_path / "out.parquet", f"index={tmp_path}/kept")) == 0
    assert "since column 'index' names rows twice" in capsys.readouterr().out
    with_index = [f"name={encoder}", f"a={names[0]}", f"output={tmp_path}/new.csv", f"index={tmp_path}/kept"]
    assert match([*with_index, "fields=first"]) == 2
    assert "the index of" in capsys.readouterr().err
    with pytest.raises(InputError, match="id: give one for both tables, or one for each of the two, not 1"):
        zoo.match(encoder, table, table, id=("index",))
