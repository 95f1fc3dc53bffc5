"""Which columns of a table name its rows, and which hold what there is to judge by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zoo.tables.own_columns import id_columns, index_columns, key_column, may_be_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.looking.column import Column

_LABELS = ("label", "labels", "class", "classes", "target", "y", "outcome", "species", "diagnosis", "response")
_EVENTS = ("churn", "churned", "survived", "default", "defaulted", "converted", "bought", "clicked", "quality", "gt")
_ODD = ("anomaly", "anomalies", "outlier", "outliers", "fraud", "fraudulent", "odd", "abnormal", "defect", "intrusion")
_ENTITIES = ("entity", "entity_id", "cluster", "cluster_id", "rec_entity")  # as `zoo.data.Records` finds them
_MOST_CLASSES, _ROWS_OF_A_CLASS = 100, 4


def words_of(name: str) -> list[str]:
    """The words in a column's name, lower-cased: `ChurnFlag` and `churn_flag` have two."""
    return [word for word in re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()) if word]


def label_column(columns: Sequence[Column]) -> Column | None:
    """The column that is called as labels are and has few values; the likeliest name first, then the last column."""
    few = [column for column in columns if has_few_values(column) and not _is_a_place(column, columns)]
    for names in ((*_LABELS, *_ODD), _EVENTS):
        if exact := [column for column in few if column.name.lower() in names]:
            return exact[-1]
    named = [column for column in few if _is_called(column, (*_LABELS, *_ODD, *_EVENTS))]
    return named[-1] if named else None


def target_column(columns: Sequence[Column]) -> Column | None:
    """A column that is called as labels are, and whose many numbers are no classes."""
    named = [column for column in columns if column.name.lower() in _LABELS and column.is_quantity]
    named = [column for column in named if not _is_a_place(column, columns)]
    return next((column for column in named if not has_few_values(column)), None)


def entity_column(columns: Sequence[Column]) -> Column | None:
    """The column that says which records are of the same thing."""
    return next((column for column in columns if column.name.lower() in _ENTITIES), None)


def names_oddity(column: Column) -> bool:
    """Whether a column is called as what marks anomalies."""
    return _is_called(column, _ODD)


def has_few_values(column: Column) -> bool:
    """Whether the cells may be classes: two or more, each of several rows, and no numbers with a fraction."""
    filled = column.rows - column.gaps
    most = min(_MOST_CLASSES, filled // _ROWS_OF_A_CLASS)
    return column.holds in {"whole number", "truth", "category"} and 2 <= column.distinct <= most


def key_of(rows: Any, apart: Sequence[str]) -> str | None:
    """The column whose cells name the rows: called as keys are, an id of whole numbers, or of text each once."""
    named = key_column(rows, apart)
    if named is not None:
        return named
    left = [name for name in rows.column_names if name not in apart]
    numbers = [name for name in id_columns(rows, left) if words_of(name)]
    return numbers[0] if numbers else None


def title_of(rows: Any, apart: Sequence[str]) -> str | None:
    """A column of text of which each cell is there once."""
    found = may_be_keys(rows, [name for name in rows.column_names if name not in apart])
    return found[0] if found else None


def without_index(rows: Any) -> Any:
    """The table without the index of a data frame."""
    index = index_columns(rows)
    return rows.drop_columns(list(index)) if index and len(index) < rows.num_columns else rows


def _is_a_place(column: Column, columns: Sequence[Column]) -> bool:
    """Whether a column that is called y is one of the two numbers of a place, beside x."""
    return column.name.lower() == "y" and any(each.name.lower() == "x" and each.is_quantity for each in columns)


def _is_called(column: Column, names: Sequence[str]) -> bool:
    """Whether the last word of a column's name is one of these."""
    words = words_of(column.name)
    return bool(words) and (column.name.lower() in names or words[-1] in names)
