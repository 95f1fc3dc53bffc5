"""Tables in long form, with a row for each item of a basket, as tables with a row for each basket."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.tables.cells import numbers_of, plain_texts, whole
from zoo.tables.table import Block
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    import numpy.typing as npt

    from zoo.tables.long_form import LongForm
    from zoo.tables.table import Table

ITEMS, VALUES = "items", "values"
_READ = 65_536  # rows at a time
_ADVICE = "repair it, or leave the column of quantities out"


class LongFormTable:
    """A basket a row: its name, its `items` and, beside them, how often each is in it as `values`.

    The rows of a basket must follow each other, so that the table is read in blocks like any other. Rows without a
    basket's name are left out; without an item, or with a quantity that is not above 0, they add nothing to theirs.

    Args:
        table: the table in long form.
        form: its columns.
        decimal: the mark before fractions in text.

    Raises:
        InputError: a column that is not there.
    """

    row_shape: tuple[int, ...] | None = None

    def __init__(self, table: Table, form: LongForm, decimal: str) -> None:
        import pyarrow as pa

        self._table, self._form, self._decimal = table, form, decimal
        self.name = table.name
        self.rows: int | None = None
        self.notes: tuple[str, ...] = table.notes
        for name in form.columns:
            if name not in table.schema.names:
                hint = suggestion(name, table.schema.names, what="columns")
                raise InputError(f"{table.name}: there is no column {name!r} in long form; {hint}")
        lists = [pa.field(ITEMS, pa.list_(pa.large_string())), pa.field(VALUES, pa.list_(pa.float64()))]
        self.schema = pa.schema([table.schema.field(form.basket), *lists])

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return self._table.identity()

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`; rows are baskets, `start` and `stop` rows of the table in long form.

        Raises:
            InputError: rows of a basket that are apart from each other.
        """
        starts, hashes, named, last, before = [], [], 0, 0, None
        for first, names in self._names():
            begin, count_named = _begins(names, before)
            of_begin = names.take(begin).to_pylist()
            starts.append(first + begin)
            hashes.append(np.asarray([hash(name) for name in of_begin], np.int64))
            named, last, before = named + count_named, first + len(names), (of_begin or [before])[-1]
            if limit is not None and sum(map(len, starts)) > limit:
                break
        rows = np.concatenate([*starts, [last]]).astype(np.int64)
        baskets = len(rows) - 1 if limit is None else min(len(rows) - 1, limit)
        if not baskets:
            raise InputError(f"{self.name}: no row has a basket's name in '{self._form.basket}'; export it again")
        if limit is None:
            self.rows = baskets
            if last > named:
                note = f"Left out {count(last - named, 'row')} without '{self._form.basket}'."
                self.notes = (*self._table.notes, note)
            self._require_together(rows, np.concatenate(hashes))
        ends = [*range(0, baskets, size), baskets]
        return [
            Block(number, first, end - first, int(rows[first]), int(rows[end]), task=number)
            for number, (first, end) in enumerate(pairwise(ends))
        ]

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        del numbers
        import pyarrow as pa

        needed = [
            each
            for each in self._inner
            if any(block.start < each.first + each.rows and each.first < block.stop for block in blocks)
        ]
        pieces = zip(needed, self._table.read(needed, self._form.columns), strict=True)
        held: Any = None
        at = 0  # number of the first row held
        for block in blocks:
            while held is None or at + held.num_rows < block.stop:
                each, piece = next(pieces)
                held, at = (piece, each.first) if held is None else (pa.concat_tables([held, piece]), at)
                drop = min(max(block.start - at, 0), held.num_rows)
                held, at = held.slice(drop), at + drop
            yield self._baskets(held.slice(block.start - at, block.stop - block.start), block).select(list(columns))

    @cached_property
    def _inner(self) -> list[Block]:
        return self._table.blocks(_READ)

    def _names(self) -> Iterator[tuple[int, Any]]:
        """The number of the first row of a piece, and the names of the baskets of its rows."""
        inner = self._inner
        for block, piece in zip(inner, self._table.read(inner, [self._form.basket]), strict=True):
            yield block.first, plain_texts(whole(piece.column(self._form.basket)))

    def _require_together(self, rows: npt.NDArray[np.int64], hashes: npt.NDArray[np.int64]) -> None:
        """Raises InputError if two baskets [n], by the rows they start in, have one name."""
        different, counts = np.unique(hashes, return_counts=True)
        if len(different) == len(hashes):
            return
        suspected = rows[:-1][np.isin(hashes, different[counts > 1])]
        seen: dict[str, int] = {}
        for first, names in self._names():
            for row in suspected[(suspected >= first) & (suspected < first + len(names))].tolist():
                name = names[row - first].as_py()
                if name in seen:
                    raise InputError(
                        f"{self.name}: basket {name!r} of '{self._form.basket}' begins in row {seen[name]:,} and again "
                        f"in row {row:,} (from 0), with others between; the rows of a basket must follow each other: "
                        f"sort the table by '{self._form.basket}'"
                    )
                seen[name] = row

    def _baskets(self, rows: Any, block: Block) -> Any:
        """A `pyarrow.Table` of whole baskets from their rows in long form."""
        import pyarrow as pa

        form = self._form
        names = plain_texts(whole(rows.column(form.basket)))
        begin, _ = _begins(names, None)
        items, values, there = long_cells(rows, form, f"{self.name}, rows from {block.start:,} on", self._decimal)
        basket = np.searchsorted(begin, np.flatnonzero(there), side="right")
        ends = pa.array(np.searchsorted(basket, np.arange(len(begin) + 1), side="right").astype(np.int32))
        lists = [
            pa.ListArray.from_arrays(ends, items.filter(pa.array(there))),
            pa.ListArray.from_arrays(ends, pa.array(values[there])),
        ]
        cells = whole(rows.column(form.basket)).take(begin)
        return pa.table([cells, *lists], names=[form.basket, ITEMS, VALUES])


def long_cells(
    rows: Any, form: LongForm, where: str, decimal: str
) -> tuple[Any, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """What rows of a table in long form say.

    Args:
        rows: a `pyarrow.Table` of the form's columns.
        form: which they are.
        where: the table, for messages.
        decimal: the mark before fractions in text.

    Returns:
        The items, a `pyarrow.Array` [rows] of text; how often [rows]; and whether [rows] there is a basket, an item and
        a quantity above 0.

    Raises:
        InputError: quantities that are no numbers.
    """
    import pyarrow.compute as pc

    names, items = (plain_texts(whole(rows.column(name))) for name in (form.basket, form.item))
    there = np.asarray(pc.and_(pc.not_equal(names, ""), pc.not_equal(items, "")))
    values = np.ones(rows.num_rows)
    if form.quantity is not None:
        values = numbers_of(rows.column(form.quantity), form.quantity, where, _ADVICE, decimal=decimal)
        values = values.astype(np.float64)
        with np.errstate(invalid="ignore"):
            there = there & (values > 0)
    return items, values, there


def _begins(names: Any, before: str | None) -> tuple[npt.NDArray[np.int64], int]:
    """The rows in which another basket begins than that of the row before, and how many rows have a name."""
    import pyarrow.compute as pc

    named = np.flatnonzero(np.asarray(pc.not_equal(names, "")))
    if not named.size:
        return named, 0
    there = names.take(named)
    changes = np.ones(len(named), bool)
    changes[1:] = np.asarray(pc.not_equal(there[1:], there[:-1]))
    changes[0] = there[0].as_py() != before
    return named[changes], len(named)
