"""Baskets: sets of items, such as purchases, tags or words, as multi-hot rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from zoo.data._basket_files import BasketFile
    from zoo.types import Fraction, PositiveInt, Splits


class Baskets:
    """A source of multi-hot rows: how often each item is in each basket.

    Either one basket a line, without a header, its items between separators (an item that holds the separator stands
    in double quotes), or a Parquet, CSV or TSV column of baskets: lists, or text with separators. Blanks around an item
    do not belong to it; empty cells hold none.

    The items are learnt from the training baskets alone, and their columns are in order of falling frequency there
    (ties by name), as a log-uniform proposal (Jean et al. 2015; TensorFlow's `log_uniform_candidate_sampler`) assumes.
    Items and baskets that are too rare, too small or too large are left out, in turns, until what is left satisfies
    all bounds.

    Args:
        path: the file.
        column: the column of baskets in a table; otherwise the only column of lists of a Parquet file, or the lines.
        key_column: the column of names of the baskets, which decide their splits; otherwise numbers of lines or rows
            from 0. Of baskets with the same key, the first is kept.
        separator: the character between items.
        min_count: an item is left out that occurs less often in the training baskets.
        min_items: a basket is left out that has fewer different items which are known.
        max_items: a basket is left out that has more different items; None sets no bound. A single basket of thousands
            of items makes every batch it is in as wide.
        validation: fraction of keys for early stopping.
        test: fraction of keys that only judging sees.

    Raises:
        InputError: the options contradict each other.

    Example:
        >>> splits = Baskets("groceries.csv").load()
        >>> splits.categories["items"][:3]
        ('whole milk', 'other vegetables', 'rolls/buns')
    """

    def __init__(
        self,
        path: str,
        column: str | None = None,
        key_column: str | None = None,
        separator: str = ",",
        min_count: PositiveInt = 1,
        min_items: PositiveInt = 1,
        max_items: PositiveInt | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
    ) -> None:
        from zoo.data._row_split import refuse_shares

        self.path = path
        self.column = column
        self.key_column = key_column
        self.separator = separator
        self.min_count = min_count
        self.min_items = min_items
        self.max_items = max_items
        self.validation = validation
        self.test = test
        refuse_shares(validation, test)
        if len(separator) != 1 or separator in '"\r\n':
            raise InputError(f"data.separator={separator!r}: must be a single character, and no quote or end of line")
        if max_items is not None and max_items < min_items:
            raise InputError(f"data.max_items={max_items} is below data.min_items={min_items}, so no basket is left")

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
        from zoo.tables.files import existing_file

        path = existing_file(self.path, "data.path")
        found = self._distinct(self._read(path))
        rows = split_rows(found.keys, self.validation, self.test)
        is_train = np.isin(np.arange(len(found.keys)), rows["train"])
        baskets, columns = pruned(found.counts, is_train, self.min_count, self.min_items, self.max_items)
        self._refuse_nothing(baskets, len(rows["train"]), path)
        columns = by_frequency(found, baskets[is_train[baskets]], columns)
        counts = found.counts[baskets][:, columns]
        counts.sort_indices()
        return sparse_splits(
            counts,
            [found.keys[basket] for basket in baskets],
            kept_rows(rows, np.isin(np.arange(len(found.keys)), baskets)),
            name=str(path),
            options=f"data.validation={self.validation} or data.test={self.test}",
            provenance={
                "source": type(self).__name__,
                "path": str(path),
                "file_bytes": path.stat().st_size,
                "baskets_found": len(found.keys),
                "items_found": len(found.items),
                "entries_found": int(found.counts.nnz),
                "min_count": self.min_count,
                "min_items": self.min_items,
                "max_items": self.max_items,
            },
            kind=ItemRows([found.items[column] for column in columns]),
            notes=(*found.notes, *self._notes(found, columns, baskets)),
        )

    def _read(self, path: Path) -> BasketFile:
        from zoo.data._basket_files import read_column, read_lines, takes_lines

        if self.column is not None or not takes_lines(path):
            return read_column(path, self.column, self.key_column, self.separator)
        if self.key_column is not None:
            raise InputError(
                f"{path}: data.key_column={self.key_column}: lines of items have no columns; name the column of "
                "baskets with data.column= if the file has a header, else leave it out"
            )
        return read_lines(path, self.separator)

    def _distinct(self, found: BasketFile) -> BasketFile:
        from zoo.data._basket_files import BasketFile
        from zoo.tables.keys import distinct_rows

        if self.key_column is None:
            return found
        keys, kept, notes = distinct_rows(found.keys)
        counts = found.counts if kept is None else found.counts[kept]
        return BasketFile(counts, found.items, keys, (*found.notes, *notes))

    def _refuse_nothing(self, left: npt.NDArray[np.int64], trained: int, path: Path) -> None:
        if left.size:
            return
        bounds = f"data.min_count={self.min_count}, data.min_items={self.min_items}, data.max_items={self.max_items}"
        raise InputError(
            f"{path}: no basket and no item is left of {trained:,} training baskets with {bounds}; loosen them, or "
            f"check that data.separator={self.separator!r} parts the items"
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
