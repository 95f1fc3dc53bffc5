"""CSV and TSV as people write them: marks, decimals, encodings, headers, and rows in blocks."""

import gzip
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from zoo.errors import InputError
from zoo.tables.open_table import open_table
from zoo.tables.options import Options
from zoo.tables.table import batches, read_whole

TABLE = np.random.default_rng(0).normal(size=(200, 3)).round(4)
FRAME = pd.DataFrame(TABLE, columns=["a", "b", "c"])


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def csv(frame=FRAME, **options):
    return frame.to_csv(index=False, **options)


def message(path, **options):
    with pytest.raises(InputError) as caught:
        read_whole(open_table(path, Options(**options)))
    return str(caught.value)


def numbers(path, **options):
    table = open_table(path, Options(**options))
    blocks = table.blocks(64)
    names = table.schema.names
    pieces = [piece.to_pandas().to_numpy() for piece in table.read(blocks, names, names)]
    return np.concatenate(pieces)


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("t.csv", csv(), {}),
        ("T.CSV", csv(), {}),
        ("t.tsv", csv(sep="\t"), {}),
        ("t.csv.gz", gzip.compress(csv().encode()), {}),
        ("t.csv", csv(sep=";", decimal=","), {"delimiter": ";", "decimal": ","}),
        ("t.csv", csv(sep=";", decimal=","), {"delimiter": "semicolon", "decimal": "comma"}),
        ("t.csv", csv(sep="\t"), {"delimiter": "tab"}),
        ("t.csv", csv(sep="|"), {"delimiter": "pipe"}),
        ("t.csv", csv().encode("utf-16"), {}),
        ("t.csv", csv().encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("t.csv", csv().encode("utf-8-sig"), {}),
        ("t.csv", csv(lineterminator="\r\n") + "\r\n\r\n", {}),
        ("t.csv", csv(lineterminator="\r"), {}),
        ("t.csv", csv(quoting=1), {}),
        ("t.csv", csv(header=False), {}),
        ("t.csv", csv(header=False), {"header": False}),
        ("t.csv.gz", gzip.compress(csv(header=False, sep=";", decimal=",").encode("utf-16")),
         {"delimiter": ";", "decimal": ",", "encoding": "utf-16"}),
    ],
)  # fmt: skip
def test_rows_come_back_from_every_way_of_writing_them(write, name, content, options):
    np.testing.assert_array_equal(numbers(write(content, name), **options), TABLE)


def test_zstandard(tmp_path):
    with pa.CompressedOutputStream(str(tmp_path / "t.csv.zst"), "zstd") as file:
        file.write(csv().encode())
    np.testing.assert_array_equal(numbers(tmp_path / "t.csv.zst"), TABLE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (csv(sep=";"), "';' seems to part the cells; say data.delimiter=semicolon, or"),
        (csv(sep=";", decimal=","), "say data.delimiter=semicolon data.decimal=comma, or"),
        (csv(sep=";", decimal=",", header=False), "say data.delimiter=semicolon data.decimal=comma, or"),
        (csv(sep="\t"), "a tab seems to part the cells; say data.delimiter=tab, or"),
        (csv().encode("utf-16-le"), "holds bytes of 0, so it is not text in UTF-8; .*data.encoding=utf-16-le"),
        ("name,x\ncaf\xe9,1\n".encode("latin-1"), "not UTF-8 .*data.encoding=latin-1"),
        ("king,queen,9\nman,woman,8\ntea,cup,3\n", "king, queen, 9, may name the columns or be a row of numbers"),
        (
            "1,2,7\n3,4,5\n6,7,8\n",
            "1, 2, 7, may name the columns or be a row of numbers; say data.header",
        ),
        ("x,x\n1,2\n", "several columns are called 'x'; .*data.header=false"),
        ("a,b\n1,2\n3\n", "row 3 has 1 cells, but the header has 2"),
    ],
)
def test_what_cannot_be_known_is_asked_for_with_the_cure(write, content, said):
    assert re.search(said, message(write(content)))


def test_an_encoding_or_mark_that_is_none_is_refused():
    for options, said in [
        ({"encoding": "utf-99"}, "data.encoding=utf-99: no such encoding"),
        ({"delimiter": ";;"}, "data.delimiter=';;': must be a single character"),
        ({"decimal": ";"}, "data.decimal=';': must be '.' or ','"),
    ]:
        with pytest.raises(InputError, match=said):
            Options(**options)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("0,1,2", ["0", "1", "2"]),  # as pandas names columns
        ("2019,2020,2021", ["2019", "2020", "2021"]),
        ("id,2019,2023", ["id", "2019", "2023"]),
        ("1.5,2,3", ["column_0", "column_1", "column_2"]),
        ("5,5,1", ["column_0", "column_1", "column_2"]),
        ("-1,2,3", ["column_0", "column_1", "column_2"]),
        (",b,c", ["", "b", "c"]),
    ],
)
def test_a_header_is_told_from_a_row_of_numbers(write, header, names):
    rows = csv(header=False)
    if header.startswith("id"):
        rows = "".join(f"k{line}\n" for line in rows.splitlines())
    if header == "id,2019,2023":
        with pytest.raises(InputError, match="may name the columns or be a row of numbers"):
            open_table(write(f"{header}\n{rows}"))
        return
    table = open_table(write(f"{header}\n{rows}"))
    assert table.schema.names == names
    assert read_whole(table).num_rows == 200 + (names[0] == "column_0")
    assert bool(table.notes) == (names[0] == "column_0")


def test_blocks_are_the_whole_file_in_order_and_can_be_read_alone(write):
    cells = [f'"{i}\n ""x"""' if i % 3 else str(i) for i in range(200)]
    text = "name,a\n\n" + "\n\n".join(f"{cell},{i}" for i, cell in enumerate(cells))
    table = open_table(write(text))
    whole = read_whole(table).to_pylist()
    assert [row["name"] for row in whole] == [f'{i}\n "x"' if i % 3 else str(i) for i in range(200)]
    for size in (1, 7, 64, 500):
        blocks = table.blocks(size)
        for block in blocks[::-1]:
            (piece,) = table.read([block], ["a"], ["a"])
            assert piece.column("a").to_pylist() == list(range(block.first, block.first + block.rows))
    found = [
        row["name"] for piece in batches(table, ["name"], first=13, size=10, limit=40) for row in piece.to_pylist()
    ]
    assert found == [row["name"] for row in whole[13:40]]


def test_types_are_told_from_the_first_rows(write):
    text = "id,x,word,code,flag,empty\n" + "".join(f"{i},{i / 3},w{i},00{i},{i % 2 == 0},\n" for i in range(50))
    schema = open_table(write(text)).schema
    assert [str(field.type) for field in schema] == ["int64", "double", "string", "int64", "double", "null"]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_quotes_inside_of_cells_without_quotes_are_letters(write, size):
    cells = ['5" pipe', "x", '"a ""b"", c\nd"', '6" pipe', ' "y"', "", '"7"" \n"']
    expected = ['5" pipe', "x", 'a "b", c\nd', '6" pipe', ' "y"', "", '7" \n']
    rows = [(cells[i % 7], expected[i % 7], i) for i in range(50)]
    text = "name,n\n" + "".join(f"{cell},{i}\n" for cell, _, i in rows)
    table = open_table(write(text))
    found = [row for piece in table.read(table.blocks(size), ["name", "n"]) for row in piece.to_pylist()]
    assert [(row["name"], int(row["n"])) for row in found] == [(cell, i) for _, cell, i in rows]
    plain = "name,n\n" + "".join(f"{cell},{i}\n" for cell, _, i in rows if cell in {"x", cells[2], cells[6]})
    stops = [block.stop for block in open_table(write(plain)).blocks(1)]
    assert stops == [block.stop for block in open_table(write(plain + '5" pipe,1\n')).blocks(1)][:-1]


def test_a_quote_that_is_not_closed_is_refused_before_rows_are_lost(write):
    said = message(write('a,b\n1,2\n3,"4\n' + "5,6\n" * 100))
    assert "a double quote is opened and not closed, in the row that starts at byte 8" in said


def test_what_is_no_text_is_told_by_its_first_bytes(write):
    assert "is no text, but packed with gzip; rename it to end in .gz" in message(write(gzip.compress(csv().encode())))
    assert "is no text, but a zip file, as spreadsheets are" in message(write(b"PK\3\4 and more"))
    assert "is no text, but Parquet" in message(write(b"PAR1 and more"))
