"""Tables of several kinds of columns, with gaps: cases to compare, or records to find again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.looking.advice import Advice
from zoo.looking.baskets import may_count
from zoo.looking.roles import entity_column, words_of
from zoo.looking.scales import scales
from zoo.tables.words import some

if TYPE_CHECKING:
    from zoo.looking.column import Column
    from zoo.looking.table_look import TableLook

_OF_A_PERSON = {
    *("name", "surname", "firstname", "lastname", "street", "address", "phone", "telephone", "email", "zip"),
    *("postcode", "city", "birth", "dob", "company"),
}


_ROOM = 10  # whole numbers between the first and the last for each row, of columns that may count rows
_UNREAD = {"vectors", "items", "other"}


def records_in(look: TableLook) -> Advice | None:
    """The recipe for records of which some are of the same thing, or of persons and the like; None for other tables."""
    entity = entity_column(look.columns)
    persons: list[str] = []
    if entity is None:
        texts = [column for column in look.features if column.holds in {"text", "date", "category"}]
        persons = [column.name for column in texts if _OF_A_PERSON & set(words_of(column.name))]
        is_of_cases = look.label is not None or len(persons) < 2 or 2 * len(texts) < len(look.features)
        if is_of_cases and look.wishes.recipe is None:
            return None
    if entity is not None:
        because = f"Column '{entity.name}' says which records are of the same thing."
        unsure: tuple[str, ...] = ()
    else:
        because = f"The columns {some(persons)} are of persons, places or firms, and no column is a label."
        if not persons:
            because = "Records of several kinds of fields."
        unsure = (
            "Whether several records may be of the same thing: if a column says so, name it with data.entity_column=. "
            "If the rows are cases to compare and not records to find again, take recipe=table.",
        )
    if written := [column.name for column in look.features if column.is_quantity and not column.is_plain]:
        unsure += (
            f"Numbers in {some(written)} are written with commas, units or gaps, and are texts to records: write them "
            "with a point before the fraction alone, or take recipe=table.",
        )
    data = _without_decimal(look.data(entity_column=entity.name if entity else None, key_column=look.key))
    if look.label is not None:
        data["drop"] = [look.label.name]
    uses = {entity.name: "which records are of the same thing; only judging sees it"} if entity else {}
    remarks = {"data.entity_column": "only judging sees it"}
    return Advice("records_table", {"data": data}, because, (), look.used(uses), unsure, remarks)


def mixed(look: TableLook) -> Advice:
    """The recipe for any other table."""
    numbers = [column for column in look.features if column.is_quantity]
    gaps = [column.name for column in look.features if column.gaps]
    kinds = {"number" if column.is_quantity else column.holds for column in look.features}
    because = f"The columns are of {'several kinds' if len(kinds) > 1 else 'one kind'}{', with gaps' if gaps else ''}."
    seen = scales(numbers)
    if gaps:
        seen += (f"Gaps in {some(gaps)}.",)
    uses = {column.name: "left out" for column in look.features if column.holds in _UNREAD}
    uses |= {
        column.name: "names the rows: left out, unless data.reads says text"
        for column in look.features
        if _names_rows(column)
    }
    label = look.label or look.target
    data = look.data(key_column=look.key, label_column=label.name if label else None)
    unsure = (*_ids(look), *may_count(numbers, look.sample.rows))
    settings: dict[str, Any] = {"data": data}
    remarks = {
        "data.label_column": "only judging sees it",
        "metrics": "these need labels",
    }
    if label is None:
        settings["metrics"] = {"knn": None, "probe": None}
    else:
        settings["metrics"] = {"boosting": {"_target_": "zoo.metrics.GradientBoosting"}}
        remarks["metrics"] = "what boosted trees make of the codes; shown, not gates"
    if label is not None and look.label is None:
        uses[label.name] = "the label, by thirds: low, middle, high"
        unsure += (f"Whether column '{label.name}' is what rows are judged by: it is called so.",)
    return Advice("table", settings, because, seen, look.used(uses), unsure, remarks)


def _names_rows(column: Column) -> bool:
    """Whether each cell is its own and one word, as those of ids are."""
    words = any(" " in each.strip() for each in column.examples)
    return column.holds == "text" and not words and column.distinct == column.rows - column.gaps > 100


def _is_dense(column: Column) -> bool:
    """Whether whole numbers leave hardly any out between the least and the greatest, as those that count rows do."""
    return (column.high or 0.0) - (column.low or 0.0) < _ROOM * column.rows


def _ids(look: TableLook) -> tuple[str, ...]:
    """Columns that may number or name the rows although they are not called so."""
    odd = [
        column.name
        for column in look.features
        if column.holds == "whole number" and column.distinct == column.rows > 100 and _is_dense(column)
    ]
    return (
        (f"Each number of {some(odd)} is there once: if it numbers the rows, leave it out with data.drop=[..].",)
        if odd
        else ()
    )


def _without_decimal(data: dict[str, Any]) -> dict[str, Any]:
    """Records read numbers with a point before the fraction alone; others are texts to them."""
    return {name: value for name, value in data.items() if name != "decimal"}
