"""Baskets: sets of items, such as purchases, tags or words, as multi-hot rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.data._basket_files import BasketFile
    from zoo.tables.long_form import LongForm
    from zoo.tables.query import Query
    from zoo.tables.table import Table
    from zoo.types import Fraction, PositiveInt, Splits


class Baskets:
    """A source of multi-hot rows: how often each item is in each basket.

    One basket a line, without a header, its items between separators (an item that holds the separator stands in double
    quotes); or a table's column of baskets: lists, or text with separators; or a table in long form, with a row for
    each item of a basket, such as order, product, quantity, which is recognised by such names or named by its columns;
    or in wide form, with a column for each item. Blanks around an item do not belong to it; empty cells hold none.

    The items are learnt from the training baskets alone, and their columns are in order of falling frequency there
    (ties by name), as a log-uniform proposal (Jean et al. 2015; TensorFlow's `log_uniform_candidate_sampler`) assumes.
    Items and baskets that are too rare, too small or too large are left out, in turns, until what is left satisfies
    all bounds.

    Args:
        path: the file, folder, glob or URL (tables: see `zoo.data.Vectors`); either this or `table`.
        column: the column of baskets in a table; otherwise the only column of lists of a Parquet file, or the lines.
        key_column: the column of names of the baskets, which decide their splits; otherwise numbers of lines or rows
            from 0. Of baskets with the same key, the first is kept.
        separator: the character between items; otherwise a comma, in .tsv files a tab.
        min_count: an item is left out that occurs less often in the training baskets.
        min_items: a basket is left out that has fewer different items which are known.
        max_items: a basket is left out that has more different items; None sets no bound. A single basket of thousands
            of items makes every batch it is in as wide.
        validation: fraction of keys for early stopping.
        test: fraction of keys that only judging sees.
        basket_column: in long form, the column that says which basket a row belongs to; its values are the keys.
        item_column: in long form, the column of items.
        quantity_column: in long form, the column of how often; otherwise each row counts once.
        table: a query.
        delimiter: between the cells of a table in a text file, such as semicolon or tab; otherwise as its ending says.
        decimal: before a number's fraction, point or comma.
        encoding: of a text file, such as latin-1; otherwise UTF-8, or as a byte order mark says.
        header: whether a text file's first row names columns; false takes every line for a basket if none are named.
        wide: whether the table has a column for each item, whose cells say how often it is in the row's basket.
        drop: columns of such a table that are no items.

    Raises:
        InputError: the options contradict each other.

    Example:
        >>> splits = Baskets("groceries.csv").load()
        >>> splits.categories["items"][:3]
        ('whole milk', 'other vegetables', 'rolls/buns')
    """

    sparse_as: ClassVar = "zoo.data.SparseMatrix"

    def __init__(
        self,
        path: str | None = None,
        column: str | None = None,
        key_column: str | None = None,
        separator: str | None = None,
        min_count: PositiveInt = 1,
        min_items: PositiveInt = 1,
        max_items: PositiveInt | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        basket_column: str | None = None,
        item_column: str | None = None,
        quantity_column: str | None = None,
        table: Query | None = None,
        delimiter: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        header: bool | None = None,
        wide: bool = False,
        drop: list[str] | None = None,
    ) -> None:
        from zoo.data._row_split import refuse_shares
        from zoo.tables.options import Options

        self.path = path
        self.table = table
        self.delimiter = delimiter
        self.decimal = decimal
        self.encoding = encoding
        self.header = header
        self.text = Options(delimiter, decimal, encoding, header)
        self.basket_column = basket_column
        self.item_column = item_column
        self.quantity_column = quantity_column
        self.column = column
        self.key_column = key_column
        self.separator = separator
        self.min_count = min_count
        self.min_items = min_items
        self.max_items = max_items
        self.validation = validation
        self.test = test
        self.wide, self.drop = wide, drop
        refuse_shares(validation, test)
        self._check()

    def _check(self) -> None:
        separator, max_items, min_items = self.separator, self.max_items, self.min_items
        if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
            raise InputError(f"data.separator={separator!r}: must be a single character, and no quote or end of line")
        if max_items is not None and max_items < min_items:
            raise InputError(f"data.max_items={max_items} is below data.min_items={min_items}, so no basket is left")
        if (self.path is None) == (self.table is None):
            raise InputError("give either data.path=, a file of yours, or data.table=, a query")
        named = [
            name for name in ("basket_column", "item_column", "quantity_column") if getattr(self, name) is not None
        ]
        if named and (self.basket_column is None or self.item_column is None):
            raise InputError(
                f"data.{named[0]}: a table in long form needs both data.basket_column= and data.item_column="
            )
        other = next((name for name in ("column", "key_column") if getattr(self, name) is not None), None)
        if self.wide and (named or self.column is not None):
            raise InputError("data.wide: each column is an item; leave out what names columns of baskets or items")
        if self.drop and not self.wide:
            raise InputError("data.drop is for tables with a column for each item: say data.wide=true")
        if named and other:
            raise InputError(f"data.{other} means nothing beside data.basket_column; leave one of the two out")

    def load(self) -> Splits:
        """Reads and splits the baskets, and learns their items.

        Returns:
            features [baskets, items] CSR float32 of counts, keys [baskets] str, and the names of the items.

        Raises:
            InputError: the file cannot be read, or no basket or item is left; the message says what to do.
        """
        from zoo.data._pruning import by_frequency, pruned
        from zoo.data._sparse import kept_rows, sparse_splits, split_rows
        from zoo.rows.item_rows import ItemRows

        read, where, origin = self._read()
        found = self._distinct(read)
        rows = split_rows(found.keys, self.validation, self.test)
        is_train = np.isin(np.arange(len(found.keys)), rows["train"])
        baskets, columns = pruned(found.counts, is_train, self.min_count, self.min_items, self.max_items)
        self._refuse_nothing(baskets, len(rows["train"]), where)
        columns = by_frequency(found, baskets[is_train[baskets]], columns)
        counts = found.counts[baskets][:, columns]
        counts.sort_indices()
        return sparse_splits(
            counts,
            [found.keys[basket] for basket in baskets],
            kept_rows(rows, np.isin(np.arange(len(found.keys)), baskets)),
            name=where,
            options=f"data.validation={self.validation} or data.test={self.test}",
            provenance={
                "source": type(self).__name__,
                **origin,
                **self.text.given(),
                "baskets_found": len(found.keys),
                "items_found": len(found.items),
                "entries_found": int(found.counts.nnz),
                "min_count": self.min_count,
                "min_items": self.min_items,
                "max_items": self.max_items,
            },
            kind=ItemRows.of_values([found.items[column] for column in columns], counts.data),
            notes=(*found.notes, *self._notes(found, columns, baskets)),
        )

    def _read(self) -> tuple[BasketFile, str, dict[str, Any]]:
        """The baskets, what to call their table, and where it comes from."""
        from dataclasses import replace

        from zoo.data._basket_files import read_column
        from zoo.data._wide_baskets import read_wide
        from zoo.tables.arrow_types import is_list
        from zoo.tables.long_form import LongForm, named_form
        from zoo.tables.open_table import DELIMITED, WORDS, open_table, origin_of, readable_name

        place = str(self.path)
        end = None if self.table is not None else readable_name(place)
        is_lines = self.table is None and end in {*DELIMITED, *WORDS, None} and not self.wide
        if is_lines and self.column is None and self.basket_column is None:
            return self._read_lines(place, "\t" if end == ".tsv" else ",")
        opened = open_table(self.table if self.table is not None else place, self.text)
        if self.wide:
            found = read_wide(opened, self.key_column, self.drop or (), self.text.decimal or ".")
            return found, opened.name, origin_of(opened)
        if self.basket_column is not None:
            return self._read_long(opened, LongForm(self.basket_column, str(self.item_column), self.quantity_column))
        holds_lists = any(is_list(field.type) for field in opened.schema)
        form = None if self.column is not None or holds_lists else named_form(opened.schema.names)
        if form is not None:
            found, where, origin = self._read_long(opened, form)
            return replace(found, notes=(form.note(), *found.notes)), where, origin
        return read_column(opened, self.column, self.key_column, self.separator or ","), opened.name, origin_of(opened)

    def _read_lines(self, place: str, usual: str) -> tuple[BasketFile, str, dict[str, Any]]:
        """A text file of which no column is named: lines of baskets, or a table in long form by its first line."""
        from dataclasses import replace

        from zoo.data._basket_files import read_lines
        from zoo.tables.byte_source import ByteSource
        from zoo.tables.delimited_table import DelimitedTable
        from zoo.tables.files import existing_file
        from zoo.tables.long_form import found_long_form

        source = ByteSource(place if "://" in place else existing_file(place, "data.path"), self.text.encoding)
        separator = self.separator or self.text.delimiter or usual
        form = None if self.text.header is False else found_long_form(source, separator, self.text)
        if form is not None:
            options = replace(self.text, delimiter=form[1], header=True)
            found, where, origin = self._read_long(DelimitedTable(source, form[1], options), form[0])
            return replace(found, notes=(form[0].note(), *found.notes)), where, origin
        if self.key_column is not None:
            raise InputError(
                f"{place}: data.key_column={self.key_column}: lines of items have no columns; name the column of "
                "baskets with data.column= if the file has a header, else leave it out"
            )
        facts = source.identity()
        return read_lines(source, separator), source.name, {"path": source.name, "file_bytes": facts["bytes"]}

    def _read_long(self, opened: Table, form: LongForm) -> tuple[BasketFile, str, dict[str, Any]]:
        from zoo.data._basket_files import read_long_form
        from zoo.tables.open_table import origin_of

        return read_long_form(opened, form, self.text.decimal or "."), opened.name, origin_of(opened)

    def _distinct(self, found: BasketFile) -> BasketFile:
        from zoo.data._basket_files import BasketFile
        from zoo.tables.keys import distinct_rows

        if self.key_column is None:
            return found
        keys, kept, notes = distinct_rows(found.keys)
        counts = found.counts if kept is None else found.counts[kept]
        return BasketFile(counts, found.items, keys, (*found.notes, *notes))

    def _refuse_nothing(self, left: npt.NDArray[np.int64], trained: int, where: str) -> None:
        if left.size:
            return
        bounds = f"data.min_count={self.min_count}, data.min_items={self.min_items}, data.max_items={self.max_items}"
        raise InputError(
            f"{where}: no basket and no item is left of {trained:,} training baskets with {bounds}; loosen them, or "
            f"check that data.separator={self.separator or ','!r} parts the items"
        )

    def _notes(
        self, found: BasketFile, columns: npt.NDArray[np.int64], baskets: npt.NDArray[np.int64]
    ) -> tuple[str, ...]:
        from zoo.tables.words import count

        notes = []
        if len(columns) < len(found.items):
            known = np.zeros(len(found.items), dtype=bool)
            known[columns] = True
            entries = int(np.count_nonzero(~known[found.counts.indices]))
            notes.append(
                f"Dropped {count(len(found.items) - len(columns), 'item')} that the training baskets hold fewer "
                f"than {self.min_count:,} times ({'1 entry' if entries == 1 else f'{entries:,} entries'})."
            )
        if len(baskets) < len(found.keys):
            most = "" if self.max_items is None else f" or more than {self.max_items:,}"
            notes.append(
                f"Dropped {count(len(found.keys) - len(baskets), 'basket')} with fewer than {self.min_items:,}{most} "
                "different known items."
            )
        return tuple(notes)
