"""Looking at a file, whatever it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, OptionsError
from zoo.looking.advice import Advice
from zoo.looking.anomalies import anomalies_of, without_labels
from zoo.looking.baskets import baskets_in, lines_of_baskets
from zoo.looking.few_rows import FEWEST, with_shares
from zoo.looking.image_arrays import images_of_array
from zoo.looking.images import images_in
from zoo.looking.mixed import mixed, records_in
from zoo.looking.numbers import numbers_of
from zoo.looking.sample import Sample, sample_of
from zoo.looking.table_look import TableLook
from zoo.looking.vectors import BY_LABELS, advice_for_vectors, vectors_in
from zoo.looking.wishes import Wishes
from zoo.looking.words import of_gensim, words_in
from zoo.tables.arrow_types import described
from zoo.tables.basket_lines_table import BasketLinesTable
from zoo.tables.byte_source import ByteSource
from zoo.tables.cells import vectors_of, whole
from zoo.tables.open_table import DELIMITED, WORDS, open_table, readable_name
from zoo.tables.options import Options
from zoo.tables.sparse_npz import width_of_matrix
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from zoo.tables.table import Table

_LEAST = 3  # rows: one to train on, one to stop by, one to judge by
_HEAD, _FIRST_LINES = 2**16, 20  # bytes and lines of a plain text file that tell what is between its cells
_TRIES = 4  # options that a file of text is opened with
_GENSIM = (".kv", ".model", ".wordvectors")


def look(
    place: str, options: Mapping[str, Any] | None = None, wishes: Wishes | None = None, prefix: str = "data."
) -> Advice:
    """Says what a file, or a folder of images, holds, and which recipe fits it.

    Args:
        place: its path or URL.
        options: how a file of text is to be read, see `zoo.tables.options.Options`; what is not said is found out.
        wishes: what the user says of the recipe and of columns.
        prefix: what stands before an option where the user says it, for messages.

    Raises:
        InputError: nothing is there, or nothing that a recipe reads; the message says what to do.
    """
    if "://" not in place and Path(place).expanduser().is_dir():
        found = images_in(place)
        if found is not None:
            return found
    end = readable_name(place)
    if end in _GENSIM:
        return of_gensim({"path": place})
    options = dict(options or {})
    if options.pop("lines", False):
        return lines_of_baskets({"path": place, **options}, ())
    try:
        table, said = _opened(place, dict(options), prefix)
    except InputError:
        # rows of several widths are no table, and may be baskets
        lines = _lines(place, options) if end in DELIMITED or end == ".txt" else None
        if lines is not None:
            return lines
        delimiter = _delimiter_of(place, options) if end == ".txt" else None
        if delimiter is None:
            raise
        table, said = _opened(place, {**options, "delimiter": delimiter}, prefix)
    data = {"path": place, **said}
    if end in WORDS and "delimiter" not in said:
        return words_in(table, data)
    notes = tuple(table.notes)
    return look_at_table(table, data, wishes).beside(seen=notes, unsure=_unsure_of(said, options))


def look_at_table(table: Table, data: Mapping[str, Any], wishes: Wishes | None = None) -> Advice:
    """Says what an open table holds, and which recipe fits it.

    Args:
        table: see `zoo.tables.table.Table`.
        data: settings of a recipe's `data` that open it.
        wishes: what the user says of the recipe and of columns.

    Raises:
        InputError: no rows, or no column that a recipe reads.
    """
    sample = sample_of(table)
    if sample.of is not None and sample.of < _LEAST:
        raise InputError(f"{table.name}: {count(sample.of, 'row')}: to train, to stop and to judge takes some hundreds")
    width = width_of_matrix(table.schema)
    if width is not None:
        advice = _matrix(sample, width, data, wishes or Wishes())
    elif table.row_shape is not None and len(table.row_shape) != 1:
        advice = images_of_array(sample, table.row_shape, data, wishes or Wishes(), table.name)
    elif table.row_shape is not None:
        advice = _array(sample, data, wishes or Wishes(), table.name)
    elif wishes is not None and wishes.labels is not None:
        raise InputError(f"{table.name}: labels={wishes.labels} is for arrays; name the column of labels of a table")
    else:
        advice = _table(sample, data, wishes or Wishes(), table.name)
    few = (
        f"Only {sample.of:,} rows: a code that is learnt from so few may be chance."
        if (sample.of or FEWEST) < FEWEST
        else ""
    )
    part = "" if sample.is_whole else "What columns hold was told from a sample of the rows."
    advice = with_shares(advice, sample)
    return advice.beside(seen=(f"{sample.in_words()}.",), unsure=tuple(each for each in (few, part) if each))


def _table(sample: Sample, data: Mapping[str, Any], wishes: Wishes, where: str) -> Advice:
    seen = TableLook.of(sample, data, wishes)
    if all(column.holds in {"empty", "other"} or column.is_constant for column in seen.columns):
        what = "no column holds what a recipe reads, or differs between rows"
        raise InputError(f"{where}: {what}; columns: {described(sample.rows.schema)}")
    for kind in _kinds(wishes.recipe):
        found = kind(seen)
        if found is not None:
            return found
    raise InputError(f"{where}: holds no rows for recipe={wishes.recipe}; columns: {described(sample.rows.schema)}")


def _kinds(wanted: str | None) -> Sequence[Callable[[TableLook], Advice | None]]:
    """What a table may be, the likeliest first."""
    if wanted is None:
        return (vectors_in, baskets_in, records_in, numbers_of, mixed)
    return {
        "anomaly_table": (anomalies_of,),
        "dense_vectors": (vectors_in, numbers_of),
        "records_table": (records_in,),
        "softmax_baskets": (baskets_in,),
        "table": (mixed,),
    }[wanted]


def _array(sample: Sample, data: Mapping[str, Any], wishes: Wishes, where: str) -> Advice:
    """An array of numbers without names."""
    vectors = vectors_of(sample.rows.column(0), "rows", where)
    width = int(vectors.shape[1])
    known = vectors[np.isfinite(vectors).all(axis=1)]
    if not len(known) or (known == known[:1]).all():
        raise InputError(f"{where}: {_nothing(vectors)}")
    lengths = np.linalg.norm(known.astype(np.float64), axis=1)
    advice = advice_for_vectors(dict(data), width, lengths, f"An array of rows of {width} numbers.")
    settings: dict[str, Any] = {**advice.settings}
    if len(known) < len(vectors):
        settings["data"]["invalid"] = "drop"
    if (known == known[:1]).all(axis=0).any():
        settings["data"]["allow_constant"] = True
    remarks = {**advice.remarks, "data.allow_constant": "some columns never change"}
    if wishes.labels is not None:
        settings["data"]["labels"] = wishes.labels
        settings["metrics"] = {**settings.get("metrics", {}), **BY_LABELS}
        remarks["data.labels"] = "only judging sees it"
    if wishes.recipe == "anomaly_table":
        odd = Advice(wishes.recipe, {"data": {"data": settings["data"]}}, advice.because, advice.seen)
        return without_labels(odd, sample.of or len(vectors))
    if wishes.recipe not in {None, "dense_vectors"}:
        raise InputError(f"{where}: an array of numbers holds no rows for recipe={wishes.recipe}")
    return replace(advice, settings=settings, remarks=remarks)


def _nothing(vectors: npt.NDArray[Any]) -> str:
    """Why an array says nothing, and what to do."""
    if np.isfinite(vectors).all(axis=1).any():
        return "all rows are the same, so there is nothing to learn; write the array again"
    empty = np.flatnonzero(~np.isfinite(vectors).any(axis=0))
    if not len(empty):
        return "no row is of finite numbers alone; recipe=table takes rows with gaps, as a table of columns"
    places = ", ".join(map(str, empty[:5].tolist())) + (", .." if len(empty) > 5 else "")
    return (
        f"no row has a finite number at place {places} (from 0): leave it out, or, if numbers are beyond 3.4e38 and do "
        "not fit float32, rescale them"
    )


def _matrix(sample: Sample, width: int, data: Mapping[str, Any], wishes: Wishes) -> Advice:
    """A sparse matrix."""
    values = whole(sample.rows.column("values")).flatten().to_numpy(zero_copy_only=False)
    if len(values) and float(np.min(values)) < 0:
        raise InputError(
            f"{data.get('path', 'the matrix')}: holds numbers below 0, and sparse rows are counts or weights; give "
            "dense rows, matrix.toarray()"
        )
    settings: dict[str, Any] = {"data": {"_target_": "zoo.data.SparseMatrix", **data}}
    named = {"label_column": wishes.label, "labels": wishes.labels}
    if given := {name: value for name, value in named.items() if value}:
        settings |= {"data": settings["data"] | given, "metrics": BY_LABELS}
    because = (
        f"A sparse matrix of {width:,} columns, of which a row fills {len(values) / max(sample.rows.num_rows, 1):.1f}."
    )
    unsure = ("What the columns are called: data.names=FILE, one a line, lets the encoder take lists of names.",)
    return Advice("softmax_baskets", settings, because, unsure=unsure)


def _lines(place: str, options: Mapping[str, Any]) -> Advice | None:
    """The recipe for lines of baskets: lines of items, not all of them as many, and no numbers."""
    if options.get("header") or ("://" not in place and not Path(place).expanduser().is_file()):
        return None
    source = ByteSource(place, options.get("encoding"))
    separator = Options(options.get("delimiter")).delimiter or DELIMITED.get(readable_name(place) or "", ",")
    try:
        rows = sample_of(BasketLinesTable(source, separator)).rows.column(0).to_pylist()
    except InputError:
        return None
    lengths = [len(row) for row in rows]
    items = [item for row in rows for item in row]
    if len(set(lengths)) < 3 or max(lengths) < 2 or len(items) < 1.5 * len(set(items)):
        return None
    if sum(length != lengths[0] for length in lengths) < 0.2 * len(lengths) or not any(map(_is_word, items)):
        return None
    widths = f"{min(lengths)} .. {max(lengths)} items"
    seen = (f"{len(rows):,} lines were looked at, of {widths}; {len(set(items)):,} different ones.",)
    return lines_of_baskets({"path": place, **options}, seen, len(set(items)))


def _delimiter_of(place: str, options: Mapping[str, Any]) -> str | None:
    """What stands between the cells of a plain text file, as often in each of its first lines; None without such."""
    if "delimiter" in options or ("://" not in place and not Path(place).expanduser().is_file()):
        return None
    head = ByteSource(place, options.get("encoding")).head(_HEAD).decode("utf-8", "replace")
    lines = [line for line in head.splitlines()[:_FIRST_LINES] if line.strip()]
    counts = {mark: {line.count(mark) for line in lines} for mark in "\t;|,"}
    return next((mark for mark, found in counts.items() if len(found) == 1 and min(found) > 0), None)


def _is_word(item: str) -> bool:
    return any(letter.isalpha() for letter in item)


def _opened(place: str, options: dict[str, Any], prefix: str) -> tuple[Table, dict[str, Any]]:
    """The open table, and the options that it is read with: those given, and others that the file asks for."""
    said: InputError | None = None
    for _ in range(_TRIES):
        try:
            table = open_table(place, Options(prefix=prefix, **options), option="file")
            sample_of(table)  # text that is not UTF-8 may come late
        except InputError as error:
            said = said or error
            found = error.options if isinstance(error, OptionsError) else {}
            if set(found) <= set(options):
                raise said from None  # the first fault is the file's own; later ones are of what was tried
            options |= found
        else:
            return table, options
    raise said or InputError(f"{place}: cannot be read")


def _unsure_of(said: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[str, ...]:
    found = {name: value for name, value in said.items() if name not in given}
    if not found:
        return ()
    listed = ", ".join(f"data.{name}={value!r}" for name, value in found.items())
    return (f"How the text is written was told from the file: {listed}.",)
