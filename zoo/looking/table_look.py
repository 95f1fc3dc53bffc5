"""A table as it was looked at: its columns, and which of them are no features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion
from zoo.looking.columns import columns_of
from zoo.looking.roles import key_of, label_column, target_column, title_of, without_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.looking.column import Column
    from zoo.looking.sample import Sample
    from zoo.looking.wishes import Wishes


@dataclass(frozen=True)
class TableLook:
    """What a sample of a table shows.

    Attributes:
        sample: the rows, without the index of a data frame.
        place: settings of `data` that open it.
        wishes: what the user says of the recipe and of columns.
        columns: what each holds.
        label: the column of labels.
        key: the column of keys.
        target: a column that is called as labels are, of many numbers.
    """

    sample: Sample
    place: Mapping[str, Any]
    wishes: Wishes
    columns: tuple[Column, ...]
    label: Column | None
    key: str | None
    target: Column | None

    @classmethod
    def of(cls, sample: Sample, place: Mapping[str, Any], wishes: Wishes) -> TableLook:
        """Looks at a sample.

        Raises:
            InputError: the user names a column that is not there.
        """
        sample = replace(sample, rows=without_index(sample.rows))
        columns = columns_of(sample.rows, str(place.get("decimal", ".")))
        label = label_column(columns) if wishes.label is None else _named(columns, wishes.label, "label")
        apart = [label.name] if label else []
        named_key = _named(columns, wishes.key or "", "key")
        key = key_of(sample.rows, apart) if wishes.key is None else named_key.name if named_key else None
        target = None if label is not None or wishes.label is not None else target_column(columns)
        return cls(sample, place, wishes, columns, label, key, target)

    @property
    def features(self) -> list[Column]:
        """Columns that are neither labels nor keys, and not empty."""
        apart = {self.key, *(each.name for each in (self.label, self.target) if each is not None)}
        return [column for column in self.columns if column.name not in apart and column.holds != "empty"]

    def title(self, *apart: Column | None) -> str | None:
        """A column of text of which each cell is there once, unless the user wants no key."""
        others = [column.name for column in apart if column is not None]
        return title_of(self.sample.rows, others) if self.wishes.key is None else None

    def data(self, **settings: Any) -> dict[str, Any]:
        """The section `data`: where the table is, and the settings that are not None."""
        return {**self.place, **{name: value for name, value in settings.items() if value is not None}}

    def used(self, uses: Mapping[str, str] | None = None) -> tuple[Column, ...]:
        """The columns, each with what the recipe takes it for, where not to train on."""
        known = {self.label.name: "the label"} if self.label else {}
        known |= {self.key: "the key, which names the rows"} if self.key else {}
        known |= {self.target.name: "left out, for it is called as labels are, and is no class"} if self.target else {}
        known |= uses or {}
        return tuple(replace(column, use=known.get(column.name, column.use)) for column in self.columns)


def quarter(width: int, most: int = 64) -> int:
    """The width of a code: a quarter of the columns', at least 2."""
    return max(min(round(width / 4), most), min(2, width))


def _named(columns: Sequence[Column], name: str, what: str) -> Column | None:
    """The column that a user names; None for none."""
    if not name:
        return None
    found = next((column for column in columns if column.name == name), None)
    if found is None:
        hint = suggestion(name, [column.name for column in columns], what="columns")
        raise InputError(f"{what}={name}: no such column; {hint}")
    return found
