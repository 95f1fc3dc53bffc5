"""What the columns of a mixed table hold, and how they are put on one scale."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._record_fields import Column, Texts, column_of_cells, field_of, is_date, number_in, unread
from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows.date_words import in_numbers
from zoo.rows.dense_field import DenseField
from zoo.rows.number_marks import is_written, plain_number
from zoo.rows.plain_text import MissingCells, plain
from zoo.rows.typed_field import READS, TypedField
from zoo.rows.typed_record_rows import TypedRecordRows
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from zoo.rows.number_marks import Mark
    from zoo.types import Doubles, Rows

_NEARLY_ALL = 0.9
_MOST_CATEGORIES, _ROWS_OF_ONE = 100, 4  # categories of a column, and rows that one of them has on average
_NAMES_ROWS, _FEWEST, _WORDS_OF_A_TEXT = 0.95, 20, 3  # different cells of a name or id, of so many; words beyond it
_CODE = re.compile(r"0\d+")
_DAY_AND_MONTH, _MONTHS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{4}"), 12
_HEAVY = 10.0  # excess kurtosis of a number that is put in order: a normal one has 0, an exponential one 6
_QUANTILES = 255
_LISTED, _SHOWN = 24, 5  # columns that are named each, and of many those of a kind
_AT_ONCE = 4_096


@dataclass(frozen=True)
class FieldOptions:
    """What the user says about all columns.

    Attributes:
        missing: what stands for a missing cell.
        numbers: `standardise`, `quantile`, or `auto` for quantiles where tails are heavy.
        buckets: columns that the characters of a text are hashed to.
        text_dimensions: numbers that a text becomes.
        min_frequency: rows that a category needs.
        decimal: the mark before fractions, "," or "."; None sees it from the cells.
    """

    missing: tuple[str, ...]
    numbers: str
    buckets: int
    text_dimensions: int
    min_frequency: int
    decimal: str | None = None


def mixed_fields(
    table: Any, names: Sequence[str], train: Rows, given: Mapping[str, str], options: FieldOptions, where: str
) -> tuple[dict[str, DenseField], list[str]]:
    """Learns from the training rows how each column is to be read and scaled.

    Args:
        table: a `pyarrow.Table`.
        names: the columns.
        train: [n_train] row numbers.
        given: column -> what it holds, where the user said so.
        options: for all columns.
        where: the table's name, for messages.

    Returns:
        The fields, and what their owner would want to know.

    Raises:
        InputError: no column says anything, or one was said to hold what is not there.
    """
    for name, reads in given.items():
        if reads not in READS:
            raise InputError(f"{where}: column '{name}': data.reads says {reads!r}; it is one of {', '.join(READS)}")
    nothing, fields, notes = MissingCells(options.missing), {}, []
    left_out: dict[str, list[str]] = {"empty": [], "constant": [], "names": []}
    for name in names:
        column = column_of_cells(table.column(name), train, nothing)
        column, written = plainly(column, options.decimal, given.get(name))
        reads = given.get(name) or reads_of(column)
        if reads == "number" and name not in given and len(_different(column)) < 2:
            reads = "constant"  # such as numbers of so many digits that they are one to a computer
        if reads in left_out and name not in given:
            left_out[reads].append(name)
            continue
        fields[name] = replace(_unscaled(column, reads, options, f"{where}: column '{name}'"), **written)
        notes += unread(name, column, reads)
    if not fields:
        raise InputError(f"{where}: no column says anything in the training rows. {' '.join(_said_of(left_out))}")
    fields = _scaled(fields, table.select(list(fields)).take(train), options)
    return fields, [_read_as(fields), *_said_of(left_out), *notes]


def plainly(column: Column, decimal: str | None, given: str | None = None) -> tuple[Column, dict[str, Any]]:
    """A column with numbers and dates in plain digits, and how a `DenseField` is told that they are written otherwise.

    Args:
        column: what the training rows hold.
        decimal: see `FieldOptions`.
        given: what the column holds, where the user said so.
    """
    mark = mark_of(column, decimal) if given in {None, "number"} else ""
    if mark:
        return replace(column, texts=[plain_number(text, mark) for text in column.texts]), {"mark": mark}
    if given not in {None, "date"} or column.share(map(is_date, column.texts)) >= _NEARLY_ALL:
        return column, {}
    dated = replace(column, texts=list(map(in_numbers, column.texts)))
    return (dated, {"in_words": True}) if dated.share(map(is_date, dated.texts)) >= _NEARLY_ALL else (column, {})


def reads_of(column: Column) -> str:
    """What a column holds, as far as its cells tell; or `empty`, `constant` or `names`, which say nothing of a row."""
    if not column.filled:
        return "empty"
    texts = {plain(text) for text in column.texts}
    if len(texts) == 1 and column.filled == column.rows:
        return "constant"
    if column.share(map(is_date, column.texts)) >= _NEARLY_ALL:
        return "date"
    are_numbers = column.share(number_in(text) is not None for text in column.texts) >= _NEARLY_ALL
    if are_numbers and len(texts) > 1 and not column.share(map(_is_code, column.texts)):
        return "number"
    if len(texts) <= _MOST_CATEGORIES and len(texts) * _ROWS_OF_ONE <= column.filled:
        return "category"
    words = (column.seen * [len(plain(text).split()) for text in column.texts]).sum() / column.filled
    is_name = len(column.texts) >= _NAMES_ROWS * column.filled and column.filled >= _FEWEST
    return "names" if is_name and words < _WORDS_OF_A_TEXT else "text"


def _different(column: Column) -> set[float]:
    """The different numbers that cells are."""
    return {number for text in column.texts if (number := number_in(text)) is not None}


def mark_of(column: Column, decimal: str | None) -> Mark:
    """How the numbers of a column are written, if they are more than digits; with a point where either may be."""
    if decimal != "," and column.share(number_in(text) is not None for text in column.texts) >= _NEARLY_ALL:
        return ""
    marks: tuple[Mark, ...] = ("comma",) if decimal == "," else ("point", "comma")
    fitting = (mark for mark in marks if column.share(is_written(text, mark) for text in column.texts) >= _NEARLY_ALL)
    return next(fitting, "") if column.filled else ""


def _is_code(text: str) -> bool:
    """Whether a number is a postal code or the like, and no quantity."""
    return _CODE.fullmatch(text) is not None


def _unscaled(column: Column, reads: str, options: FieldOptions, what: str) -> DenseField:
    """How the cells of a column are read, before the training rows say on which scale."""
    has_gaps = column.filled < column.rows
    if reads == "number":
        return _number_field(column, options, what)
    typed = field_of(column, reads, Texts("runs", options.buckets), options.min_frequency, what)
    return DenseField(typed, has_gaps=has_gaps, day_first=_is_day_first(column.texts), shown=_as_written(column, typed))


def _as_written(column: Column, typed: TypedField) -> tuple[str, ...]:
    """How each category is written most often; before them `OTHER`, if some are too rare for a column."""
    if typed.reads != "category":
        return ()
    written: dict[str, str] = {}
    for place in np.argsort(-column.seen, kind="stable").tolist():
        written.setdefault(plain(column.texts[place]), column.texts[place])
    known = typed.names[1:]
    return (*typed.names[: len(written) > len(known)], *(written[name] for name in known))


def _is_day_first(texts: Sequence[str]) -> bool:
    """Whether the day comes before the month where the year comes last; so it does where either is possible."""
    pairs = [tuple(map(int, found.groups())) for text in texts if (found := _DAY_AND_MONTH.match(text))]
    return any(first > _MONTHS for first, _ in pairs) or all(second <= _MONTHS for _, second in pairs)


def _number_field(column: Column, options: FieldOptions, what: str) -> DenseField:
    numbers = np.asarray([np.nan if (n := number_in(text)) is None else n for text in column.texts])
    there = np.isfinite(numbers)
    values = np.repeat(numbers[there], column.seen[there])
    if np.unique(values).size < 2:
        raise InputError(f"{what}: it holds no two different numbers; take data.reads with text, or leave it out")
    quantiles: tuple[float, ...] = ()
    if options.numbers == "quantile" or (options.numbers == "auto" and _kurtosis(values) > _HEAVY):
        quantiles = tuple(np.quantile(values, np.linspace(0, 1, min(_QUANTILES, len(values)))).tolist())
    return DenseField(TypedField("number", 1), has_gaps=len(values) < column.rows, quantiles=quantiles)


def _kurtosis(values: Doubles) -> float:
    """Excess kurtosis; the numbers may be as large as float64 has them."""
    centred = values / np.abs(values).max()
    centred = centred - centred.mean()
    return float((centred**4).mean() / max(float((centred**2).mean()) ** 2, 1e-300) - 3)


def _scaled(fields: Mapping[str, DenseField], raw: Any, options: FieldOptions) -> dict[str, DenseField]:
    """The fields on the scale of the training rows `raw`, which are read by the graph that is served."""
    reader = TypedRecordRows({name: field.typed for name, field in fields.items()}, options.missing)
    known = {
        name: field if field.reads != "text" else _with_directions(name, field, raw, options)
        for name, field in fields.items()
    }
    read: dict[str, list[tuple[Doubles, npt.NDArray[np.bool_]]]] = {name: [] for name in known}
    for arrays in _blocks(reader, raw):
        for (name, field), cells in zip(known.items(), reader.read_cells(arrays), strict=True):
            numbers, is_missing = field.read(cells)
            read[name].append((numbers.numpy(), is_missing.numpy()))
    found = {}
    for name, field in known.items():
        numbers, is_missing = (np.concatenate(each) for each in zip(*read[name], strict=True))
        found[name] = field.fitted(*_centre_and_scale(field, numbers, is_missing))
    return found


def _blocks(reader: TypedRecordRows, raw: Any) -> Iterator[dict[str, Any]]:
    tf = import_tensorflow()
    for start in range(0, raw.num_rows, _AT_ONCE):
        arrays = reader.arrays(raw.slice(start, _AT_ONCE))
        yield {name: tf.constant(cells, tf.string) for name, cells in arrays.items()}


def _centre_and_scale(
    field: DenseField, numbers: Doubles, is_missing: npt.NDArray[np.bool_]
) -> tuple[Doubles, Doubles]:
    """Of the columns [columns] of training rows; see `DenseField` for what is divided by what."""
    there = numbers[~is_missing]
    centre, deviation = there.mean(axis=0), there.std(axis=0)
    scale = np.ones_like(centre)
    if field.reads == "number":
        scale[0] = deviation[0]
    elif field.reads == "category":
        names = len(field.shown)
        scale[:names] = np.sqrt(centre[:names])
    elif field.reads == "date":
        scale[0] = deviation[0]
    else:
        scale[:] = deviation[: field.columns - field.has_gaps].max()
    if field.has_gaps:
        centre[-1], scale[-1] = is_missing.mean(), 1.0  # at variance 1, gaps at random would count as much as numbers
    return centre, np.where(scale > 0, scale, 1.0)


def _with_directions(name: str, field: DenseField, raw: Any, options: FieldOptions) -> DenseField:
    """A field of text with the directions of latent semantic analysis: runs weighted by how rare they are."""
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.linalg import svds

    items = TypedRecordRows({name: field.typed}, options.missing).read(raw.select([name])).astype(np.float64)
    lengths = np.sqrt(np.asarray(items.multiply(items).sum(axis=1)).ravel())
    weights = np.log((1 + items.shape[0]) / (1 + (items > 0).sum(axis=0))) + 1
    rows = csr_array(diags_array(1 / np.maximum(lengths, 1.0)) @ items @ diags_array(np.asarray(weights).ravel()))
    most = min(options.text_dimensions + 1, min(rows.shape) - 1)
    _, sizes, directions = svds(rows, k=most, v0=np.ones(min(rows.shape)), random_state=0)
    order = np.argsort(-sizes)[1:] if most > 1 else [0]  # the first is much the same for all texts
    kept = directions[order] * np.where(directions[order].sum(axis=1) < 0, -1, 1)[:, None]
    return replace(field, directions=tuple(map(tuple, (np.asarray(weights).ravel()[:, None] * kept.T).tolist())))


def _read_as(fields: Mapping[str, DenseField]) -> str:
    """What each column is read as; of many, how many are read as what."""
    said = {}
    for name, field in fields.items():
        numbers = " by quantiles" if field.quantiles else ""
        names = f" of {len(field.shown)}" if field.reads == "category" else ""
        said[name] = f"{field.reads}{numbers}{names}{', with gaps' if field.has_gaps else ''}"
    change = "change it with data.reads.NAME=text, category, number or date."
    if len(said) <= _LISTED:
        return f"Read as: {'; '.join(f'{name} {each}' for name, each in said.items())}; {change}"
    alike: dict[str, list[str]] = {}
    for name, each in said.items():
        alike.setdefault(each, []).append(name)
    listed = sorted(alike.items(), key=lambda pair: -len(pair[1]))
    found = [f"{each}: {some(names)}{f' ({len(names):,})' if len(names) > _SHOWN else ''}" for each, names in listed]
    return f"Read as {'; '.join(found)}; {change}"


def _said_of(left_out: Mapping[str, Sequence[str]]) -> list[str]:
    why = {
        "empty": "that say nothing in any training row",
        "constant": "that say the same in every training row",
        "names": "that name rows, as ids do: nearly every cell is its own (data.reads.NAME=text keeps one)",
    }
    return [
        f"Left out {count(len(names), 'column')} {why[reason]}: {some(names)}."
        for reason, names in left_out.items()
        if names
    ]
