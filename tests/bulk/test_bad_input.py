"""What cannot be used ends with status 2, says where, and leaves nothing behind."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.encode import main

ROWS = np.arange(40, dtype=np.float32).reshape(10, 4)


def lists(rows):
    return pa.array(rows, pa.list_(pa.float32()))


def with_nan(*rows):
    table = ROWS.copy()
    table[list(rows), 1] = np.nan
    return table


def npy(array, **options):
    return lambda path: np.save(path, array, **options)


def parquet(**columns):
    return lambda path: pq.write_table(pa.table(columns), path, row_group_size=3)


def text(content):
    return lambda path: path.write_text(content)


def cut_off(write, size):
    def write_and_cut(path):
        write(path)
        path.write_bytes(path.read_bytes()[:size])

    return write_and_cut


def damaged(write, at):
    def write_and_damage(path):
        write(path)
        data = bytearray(path.read_bytes())
        data[at : at + 40] = bytes(40)
        path.write_bytes(data)

    return write_and_damage


FOUR = {f"x{place}": ROWS[:, place] for place in range(4)}
BAD = {
    "empty.npy": (text(""), "the file is empty"),
    "none.npy": (npy(np.empty((0, 4))), "has no numbers"),
    "width.npy": (npy(ROWS[:, :3]), "takes rows [n, 4], and the rows' shape is [3]; give rows with the columns"),
    "flat.npy": (npy(ROWS.ravel()), "expected rows [n, ...]"),
    "text.npy": (npy(np.asarray([["a"]])), "not numbers"),
    "pickle.npy": (npy(np.asarray([[None]], object), allow_pickle=True), "not numbers"),
    "cut.npy": (cut_off(npy(ROWS), 200), "cut off"),
    "header.npy": (cut_off(npy(ROWS), 20), "not a .npy file"),
    "nan.npy": (npy(with_nan(3, 7)), "NaN, infinity or an empty cell in rows 3, 7 (from 0"),
    "infinite.npy": (npy(ROWS.astype(np.float64) * 1e60), "in rows 0, 1, 2, 3"),
    "empty.parquet": (text(""), "the file is empty"),
    "text.parquet": (text("no parquet"), "not a complete Parquet file"),
    "cut.parquet": (cut_off(parquet(**FOUR), 300), "not a complete Parquet file"),
    "damaged.parquet": (damaged(parquet(**FOUR), 100), "damaged.parquet"),
    "none.parquet": (parquet(**{name: column[:0] for name, column in FOUR.items()}), "no rows"),
    "columns.parquet": (parquet(a=ROWS[:, 0], b=ROWS[:, 1]), "2 single numbers; name the right ones"),
    "id.parquet": (
        parquet(id=np.arange(10), **{f"x{place}": ROWS[:, place] for place in range(3)}),
        "'id' whole ones",
    ),
    "several.parquet": (parquet(a=lists(ROWS.tolist()), b=lists(ROWS.tolist())), "2 columns hold lists of numbers"),
    "ragged.parquet": (parquet(v=lists([[1, 2, 3, 4]] * 8 + [[1, 2, 3]] * 2)), "3 numbers and not 4 in rows 8, 9"),
    "wide.parquet": (
        parquet(v=lists([[1.0] * 5] * 3)),
        "5 numbers and not 4: rows of shape [4] are wanted",
    ),
    "missing.parquet": (parquet(v=lists([[1, 2, 3, 4]] * 7 + [None])), "the cell is empty in row 7"),
    "nan.parquet": (parquet(v=lists(with_nan(9).tolist())), "in row 9 (from 0"),
    "null.parquet": (parquet(v=lists([[1, 2, 3, None]] * 2)), "in rows 0, 1"),
    "embedding.parquet": (parquet(embedding=["a"] * 10, **FOUR), "has a column 'embedding' already"),
    "empty.csv": (text(""), "the file is empty"),
    "blank.csv": (text("\n\n"), "not a table that can be read"),
    "header.csv": (text("a,b,c,d\n"), "no rows, only a header"),
    "columns.csv": (text("a,b\n1,2\n"), "2 single numbers; name the right ones"),
    "twice.csv": (text("a,a,b,c\n1,2,3,4\n"), "several columns are called 'a'"),
    "short.csv": (text("a,b,c,d\n" + "1,2,3,4\n" * 5 + "1,2,3\n"), "row 7 has 3 cells, but the header has 4"),
    "word.csv": (
        text("a,b,c,d\n" + "1,2,3,4\n" * 200_000 + "1,2,3,x\n"),
        "column 'd', row 200,000 (from 0, the header not counted): 'x' is not a number",
    ),
    "cell.csv": (text("a,b,c,d\n1,2,3,4\n1,,3,4\n"), "in row 1 (from 0"),
    "quote.csv": (text('n,a,b,c,d\n"5" "pipe\n",1,2,3,4\n'), "row 2 has 1 cells, but the header has 5"),
    "open.csv": (text('n,a,b,c,d\n5,1,2,3,4\n6,1,2,3,"4\n'), "a double quote is opened and not closed"),
    "rows.xlsx": (text("x"), "no reader for files with this ending"),
    "rows.csv.gz": (text("x"), "cannot be read to its end (Not a gzipped file"),
}


@pytest.mark.parametrize("file", BAD)
def test_input_that_cannot_be_used(dense, tmp_path, capsys, file):
    write, message = BAD[file]
    write(tmp_path / file)
    block = 100 if file != "word.csv" else 50_000
    assert main([f"name={dense}", f"input={tmp_path}/{file}", f"output={tmp_path}/out.parquet", f"block={block}"]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say name= and input= and output="),
        (["name=x", "input=y"], "say output="),
        (["nmae=x"], "there is no key 'nmae'; did you mean 'name'?"),
        (["input={}/rowz.parquet"], "no such file; did you mean"),
        (["input={}"], "lies in the folder that is read"),
        (["output={}/out.txt"], "no writer for this ending"),
        (["output={}/nowhere/out.npy"], "there is no folder"),
        (["output={}/rows.parquet", "overwrite=true"], "this is the input"),
        (["output={}"], "no writer for this ending"),
        (["overwrite=yes"], "write true or false"),
        (["block=many"], "a whole number is wanted"),
        (["block=0"], "at least 1 row"),
        (["columns=x0,x1"], "columns names 2 columns"),
        (["columns=x0,x1,x2,x33"], "no such column; did you mean 'x3'"),
        (["columns=x0,x1,x2,name"], "is of type string, not of numbers"),
        (["columns=name"], "is of type string, not of numbers"),
        (["keep=nmae"], "did you mean 'name'"),
        (["output={}/out.npy", "keep=name"], ".npy files cannot hold name"),
        (["output={}/out.csv", "keep=tags"], ".csv files cannot hold tags"),
        (["output={}/out.csv", "keep=embedding_1"], "the input has a column 'embedding_1' already"),
        (["name=./nowhere"], "no exported encoder there"),
    ],
)
def test_arguments_that_cannot_be_used(dense, tmp_path, capsys, arguments, message):
    columns = {"name": ["a"] * 10, "tags": [["a"]] * 10, "embedding_1": ["a"] * 10, **FOUR}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    before = sorted(tmp_path.rglob("*"))
    given = {"name": str(dense), "input": f"{tmp_path}/rows.parquet", "output": f"{tmp_path}/out.parquet"}
    changed = dict(each.format(tmp_path).split("=", 1) for each in arguments)
    if not arguments or arguments[0].startswith(("name=x", "nmae")):
        given = {}
    assert main([f"{key}={value}" for key, value in (given | changed).items()]) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_rows_for_another_kind_of_encoder(sparse, baskets, records, dense, tmp_path, capsys):
    np.save(tmp_path / "rows.npy", ROWS)
    pq.write_table(pa.table(FOUR), tmp_path / "rows.parquet")
    for encoder in (sparse, baskets, records):
        for file in ("rows.npy", "rows.parquet"):
            assert main([f"name={encoder}", f"input={tmp_path}/{file}", f"output={tmp_path}/out.npy"]) == 2
            assert "rows." in capsys.readouterr().err


def test_sparse_rows_that_do_not_fit(sparse, tmp_path, capsys):
    def said(indices, values):
        pq.write_table(pa.table({"indices": indices, "values": values}), tmp_path / "rows.parquet")
        given = [f"name={sparse}", f"input={tmp_path}/rows.parquet", f"output={tmp_path}/out.npy", "block=2"]
        assert main(given) == 2
        return capsys.readouterr().err

    assert "indices and values differ in number in row 2" in said([[1], [2], [3, 4]], [[1.0], [1.0], [1.0]])
    assert "indices must lie between 0 and" in said([[1], [2], [-3]], [[1.0], [1.0], [1.0]])
    assert "NaN or infinity in row 2" in said([[1], [2], [3]], [[1.0], [1.0], [np.inf]])


def test_help_and_wrong_arguments_do_not_wait_for_tensorflow():
    script = (
        "import sys; from zoo.encode import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert main(['name=x']) == 2\n"
        "assert main(['name=x', 'input=nowhere.npy', 'output=out.npy']) == 2\n"
        "assert not {'tensorflow', 'mlflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "overwrite" in done.stdout
