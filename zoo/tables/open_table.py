"""Opening a table by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.tables.arrow_table import open_arrow
from zoo.tables.basket_lines_table import BasketLinesTable
from zoo.tables.binary_vectors_table import BinaryVectorsTable
from zoo.tables.byte_source import PACKED, ByteSource
from zoo.tables.delimited_table import DelimitedTable
from zoo.tables.files import ending, existing_file, file_system
from zoo.tables.gensim_file import open_gensim
from zoo.tables.json_lines_table import open_json
from zoo.tables.long_form_table import LongFormTable
from zoo.tables.npy_table import NpyTable
from zoo.tables.npz_table import open_npz
from zoo.tables.options import Options
from zoo.tables.parquet_table import ParquetTable
from zoo.tables.parted_table import PartedTable
from zoo.tables.text_vectors_table import TextVectorsTable
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoo.tables.table import Table

PARQUET = (".parquet", ".pq")
DELIMITED = {".csv": ",", ".tsv": "\t"}
LINES = (".jsonl", ".ndjson", ".json")
TEXT_VECTORS = (".txt", ".vec", ".w2v", ".glove")
ARROW = (".arrow", ".feather", ".ipc")
_GENSIM = (".kv", ".model", ".wordvectors")
WORDS = (*TEXT_VECTORS, *_GENSIM, ".bin")
_MAGIC = "*?["
_PLAIN_TEXT = ".txt"  # word vectors, unless the user says what stands between cells
_PANDAS = {
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "read_excel"),
    **dict.fromkeys((".pkl", ".pickle"), "read_pickle"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), "read_hdf"),
    ".sav": "read_spss",
    ".dta": "read_stata",
    ".sas7bdat": "read_sas",
    ".orc": "read_orc",
    ".xml": "read_xml",
    ".html": "read_html",
    ".zip": "read_csv",
    ".xz": "read_csv",
}

_OPENERS: dict[str, Callable[[ByteSource, Options], Table]] = {
    **{end: lambda source, options: DelimitedTable(source, ",", options) for end in (".csv",)},
    **{end: lambda source, options: DelimitedTable(source, "\t", options) for end in (".tsv",)},
    **{end: lambda source, _: open_json(source) for end in LINES},
    **{end: lambda source, _: open_arrow(source) for end in ARROW},
    ".npy": lambda source, _: NpyTable(source),
    ".npz": lambda source, _: open_npz(source),
    ".bin": lambda source, _: BinaryVectorsTable(source),
    **{
        end: lambda source, options: TextVectorsTable(source, token_spaces=options.token_spaces) for end in TEXT_VECTORS
    },
    **{end: lambda source, _: open_gensim(source) for end in _GENSIM},
}
READABLE = tuple(sorted([*_OPENERS, *PARQUET]))


def open_table(place: str | Path | Table, options: Options | None = None, option: str = "data.path") -> Table:
    """Opens a table.

    Args:
        place: a file, a folder of Parquet files (also in partitions), a glob of them, or a URL that fsspec knows; text
            files may be packed (.gz, .bz2, .zst). What is a table already, a query or rows in memory, is taken as such.
        options: how to read a file of text.
        option: what the user named it with, for messages.

    Raises:
        InputError: nothing is there, no reader for its ending, or it is not what its ending says.
    """
    options = options or Options()
    return _with_baskets(_opened(place, options, option) if isinstance(place, str | Path) else place, options)


def _with_baskets(table: Table, options: Options) -> Table:
    """The table with a basket in each row, where the user says what they are made of."""
    if options.form is not None:
        return LongFormTable(table, options.form, options.decimal or ".")
    if options.separator is not None:
        return PartedTable(table, options.listed, options.separator)
    return table


def _opened(place: str | Path, options: Options, option: str) -> Table:
    name = str(place)
    if "://" in name:
        return _at_url(name, options)
    path = Path(place).expanduser()
    if path.is_dir():
        return _folder(path, option)
    if any(mark in name for mark in _MAGIC) and not path.is_file():
        return _glob(path, option)
    existing_file(name, option)
    return _file(path, options)


def readable_name(place: str) -> str | None:
    """The ending that decides how a file is read, without that of packing; None where there is no reader."""
    return _end(Path(place))


def origin_of(table: Table) -> dict[str, Any]:
    """Where a table comes from, for provenance."""
    facts = table.identity()
    if "sql" in facts:
        return {"url": facts["url"], "sql": facts["sql"]}
    return {"path": facts["path"], "file_bytes": facts["bytes"]}


def _file(place: Path | str, options: Options) -> Table:
    path = Path(place)
    end = _end(path)
    if options.lines and end in {*DELIMITED, ".txt"}:
        separator = options.delimiter or DELIMITED.get(end, ",")
        return BasketLinesTable(ByteSource(place, options.encoding), separator)
    if end == _PLAIN_TEXT and options.delimiter is not None:
        return DelimitedTable(ByteSource(place, options.encoding), options.delimiter, options)
    if end is None:
        reader = _PANDAS.get(path.suffix.lower())
        frame = f"; what pandas reads goes in from Python: data=pandas.{reader}(...)" if reader else ""
        raise InputError(
            f"{place}: no reader for files with this ending; readable: {', '.join(READABLE)}, of text also packed "
            f"({', '.join(PACKED)}){frame}"
        )
    if end in PARQUET:
        return ParquetTable(str(place), [str(place)])
    return _OPENERS[end](ByteSource(place, options.encoding), options)


def _end(path: Path) -> str | None:
    packed = ending(path, PACKED)
    return ending(Path(path.name[: len(path.name) - len(packed or "")]), READABLE)


def _folder(path: Path, option: str) -> Table:
    found = _files_of(path)
    if not found:
        names = sorted(each.name for each in path.iterdir() if each.is_file())
        holds = f"holds: {', '.join(names[:8])}" if names else "holds no files"
        raise InputError(f"{option}={path}: this is a folder, give one file; it {holds}")
    return _folder_table(str(path), str(path), found)


def _folder_table(name: str, folder: str, found: Sequence[str], system: Any = None) -> ParquetTable:
    """The files that lie in a folder itself or in partitions of it; if there are none, those of its other folders."""
    inside = {each: Path(each).relative_to(folder).parts[:-1] for each in found}
    own = [each for each, parts in inside.items() if all("=" in part for part in parts)]
    table = ParquetTable(name, own or found, system, partitioned=True)
    if len(own) < len(found):
        others = [parts[0] for each, parts in inside.items() if each not in own]
        files = f"{count(len(others), 'Parquet file')} of folders in it ({some(sorted(set(others)))})"
        as_one = f"read {files} as one table; if they are several, name one"
        table.notes = (f"{name}: {f'left out {files}; a glob names them too' if own else as_one}.",)
    return table


def _is_part_of(file: Path, folder: Path) -> bool:
    """Whether a file belongs to a table that is a folder: Parquet, and not hidden or something's own."""
    return _is_of_table(file, folder) and file.is_file()


def _is_of_table(file: Path, folder: Path | str) -> bool:
    """The same by its name alone, wherever it lies."""
    return ending(file, PARQUET) is not None and not any(part[0] in "._" for part in file.relative_to(folder).parts)


def _glob(path: Path, option: str) -> Table:
    root = Path(path.anchor) if path.is_absolute() else Path()
    found = sorted(str(each) for each in root.glob(str(path.relative_to(path.anchor)) if path.anchor else str(path)))
    if not found:
        raise InputError(f"{option}={path}: no file has such a name (relative paths start at {Path.cwd()})")
    files = [file for each in found for file in _files_of(Path(each))]
    others = [each for each in files if ending(Path(each), PARQUET) is None]
    if others:
        raise InputError(f"{option}={path}: only Parquet files are read together, and {others[0]} is none")
    return ParquetTable(str(path), files, partitioned=True)


def _files_of(path: Path) -> list[str]:
    if not path.is_dir():
        return [str(path)]
    return sorted(str(each) for each in path.rglob("*") if _is_part_of(each, path))


def _at_url(url: str, options: Options) -> Table:
    try:
        system, path = file_system(url)
        found = sorted(system.glob(path)) if any(mark in path for mark in _MAGIC) else [path]
        if not found or not system.exists(found[0]):
            raise InputError(f"{url}: nothing is there")
        if system.isdir(found[0]):
            found = sorted(each for each in system.find(path) if _is_of_table(Path(each), path))
            if not found:
                raise InputError(f"{url}: this is a folder, and holds no Parquet files")
            return _folder_table(url, path, found, system)
        if len(found) > 1 or ending(Path(found[0]), PARQUET):
            return ParquetTable(url, found, system, partitioned=len(found) > 1)
    except (ImportError, OSError, ValueError) as error:
        raise InputError(
            f"{url}: cannot be opened ({error}); is the URL right, and what it needs installed?"
        ) from error
    return _file(url, options)
