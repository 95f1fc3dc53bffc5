"""Tables of baskets: lists of items, a row for each item (long), or a column for each item (wide)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.looking.advice import Advice
from zoo.looking.table_look import quarter
from zoo.tables.arrow_types import is_list
from zoo.tables.cells import parted_texts, plain_texts, whole
from zoo.tables.long_form import named_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.looking.column import Column
    from zoo.looking.table_look import TableLook

_RECIPE = "softmax_baskets"
_MOST_COLUMNS = 8  # of a table in long form
_ROWS_OF_A_BASKET = 1.2  # on average, from which on rows are items of baskets
_WIDE = 8  # columns of 0 and 1, from which on they are items
_CODE = 32  # numbers of the recipe's code
_SEPARATORS = (",", ";", "|")


def baskets_in(look: TableLook) -> Advice | None:
    """The recipe for baskets in any form; None for other tables."""
    for form in (_lists, _long, _wide, _parted):
        found = form(look)
        if found is not None:
            return found
    return None


def lines_of_baskets(place: dict[str, Any], seen: tuple[str, ...], items: int | None = None) -> Advice:
    """The recipe for a text file of which each line is a basket, of so many different items."""
    return Advice(_RECIPE, {"data": place} | _model(items), "The lines hold lists of items, of several lengths.", seen)


def _model(items: int | None) -> dict[str, Any]:
    """A narrower code than the recipe's, where it would not be narrower than the rows."""
    few = items is not None and items < 4 * _CODE
    return {"model": {"bottleneck": {"latent_dim": quarter(items)}}} if few and items is not None else {}


def _lists(look: TableLook) -> Advice | None:
    found = [column for column in look.features if column.holds == "items"]
    if not found or not all(is_list(look.sample.rows.schema.field(column.name).type) for column in found):
        return None
    column = found[0]
    key = look.key or look.title(column)
    others = [each for each in look.columns if each.name not in {column.name, key}]
    unsure = () if len(found) == 1 else ("Several columns list items; data.column= takes another.",)
    uses = {each.name: "left out" for each in others} | {column.name: "the items"}
    uses |= {key: "the key, which names the baskets"} if key else {}
    because = f"Column '{column.name}' lists items."
    data = look.data(column=column.name, key_column=key)
    return Advice(_RECIPE, {"data": data} | _model(column.distinct), because, (), look.used(uses), unsure)


def _long(look: TableLook) -> Advice | None:
    names = [column.name for column in look.columns if column.holds not in {"empty", "vectors", "other"}]
    if not 2 <= len(names) <= _MOST_COLUMNS:
        return None
    form = named_form(names)
    by_name = form is not None
    unsure: tuple[str, ...] = ()
    if form is None:
        pair = [column for column in look.columns if column.holds in {"whole number", "category", "text"}]
        if len(look.columns) != 2 or len(pair) != 2 or look.label is not None:
            return None
        basket, item, quantity = pair[0].name, pair[1].name, None
    else:
        basket, item, quantity = form.basket, form.item, form.quantity
    if not _are_pairs(look, basket, item, named=by_name):
        return None
    if not by_name:
        unsure = (
            f"Which of the two columns names baskets: '{basket}' is taken for them, '{item}' for items; if it is the "
            "other way round, change the two.",
        )
    other = [each for each in names if each not in {basket, item, quantity}]
    uses = {basket: "which basket a row is of", item: "the item"} | dict.fromkeys(other, "left out")
    uses |= {quantity: "how often"} if quantity else {}
    data = look.data(basket_column=basket, item_column=item, quantity_column=quantity)
    because = f"A row for each item of a basket: '{basket}' comes several times, each time with another '{item}'."
    items = next(column.distinct for column in look.columns if column.name == item)
    return Advice(_RECIPE, {"data": data} | _model(items), because, (), look.used(uses), unsure)


def _are_pairs(look: TableLook, basket: str, item: str, *, named: bool) -> bool:
    """Whether baskets and items both come again, and a pair of them hardly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = look.sample.rows
    texts = [plain_texts(rows.column(name)) for name in (basket, item)]
    counts = [pc.count_distinct(cells).as_py() for cells in texts]
    if any(rows.num_rows < _ROWS_OF_A_BASKET * count for count in counts):
        return False
    pairs = pa.table(texts, names=["basket", "item"]).group_by(["basket", "item"]).aggregate([]).num_rows
    return bool(pairs > (0.5 if named else 0.9) * rows.num_rows)


def _wide(look: TableLook) -> Advice | None:
    items = [column for column in look.features if _is_of_an_item(column)]
    others = [column for column in look.features if column not in items]
    key = look.key
    if key is None and len(others) == 1 and others[0].holds == "text" and others[0].distinct == others[0].rows:
        key, others = others[0].name, []  # names of the baskets
    if len(items) < _WIDE or others:
        return None
    rows = look.sample.rows
    share = sum(_filled(rows.column(column.name)) for column in items) / (len(items) * rows.num_rows)
    if share > 0.5:
        return None
    data = look.data(key_column=key, wide=True)
    if look.label is not None:
        data["drop"] = [look.label.name]
    because = f"A column for each of {len(items)} items, {100 * share:.1f}% of the cells are 1 and the others 0."
    unsure = (
        "Whether 1 says that an item is in a basket: if the columns are answers or properties, of which 0 says as much "
        "as 1, take recipe=dense_vectors.",
    )
    remarks = {"data.wide": "each column but the key is an item"}
    uses = {look.label.name: "left out"} if look.label else {}
    uses |= {key: "the key, which names the baskets"} if key else {}
    settings = {"data": data} | _model(len(items))
    return Advice(_RECIPE, settings, because, (), look.used(uses), unsure, remarks)


def may_count(columns: Sequence[Column], rows: Any) -> tuple[str, ...]:
    """That columns of numbers, most of them 0 or missing, may say how often or how much of an item is there."""
    counted = [column for column in columns if column.is_number and _may_be_of_an_item(column)]
    if len(counted) < _WIDE or len(counted) < len([column for column in columns if column.is_number]):
        return ()
    share = sum(_filled(rows.column(column.name)) for column in counted) / (len(counted) * rows.num_rows)
    if share > 0.5:
        return ()
    return (
        f"Whether the columns say how much there is of an item each, and mostly nothing ({100 * (1 - share):.0f}%): if "
        "so, take recipe=softmax_baskets data.wide=true.",
    )


def _may_be_of_an_item(column: Column) -> bool:
    """Whether numbers may be counts, of which 0 is one, or amounts, which are missing where there is none."""
    is_count = column.holds == "whole number" and column.low == 0
    return is_count or (2 * column.gaps > column.rows and (column.low or 0.0) >= 0)


def _is_of_an_item(column: Column) -> bool:
    return column.is_binary or (column.is_number and column.is_constant and column.low in {0, 1})


def _filled(cells: Any) -> float:
    from zoo.looking.columns import numbers_in

    return float((numbers_in(cells) > 0).sum())


def _parted(look: TableLook) -> Advice | None:
    """Text with separators between items that come again, and beside it nothing but names."""
    texts = [column for column in look.features if column.holds in {"text", "category"}]
    if len(texts) != 1 or len(look.features) != 1:
        return None
    cells = whole(look.sample.rows.column(texts[0].name))
    for separator in _SEPARATORS:
        items = _items_again(cells, separator)
        if items:
            name = texts[0].name
            because = f"Column '{name}' holds items with {separator!r} between them, which come in other rows again."
            unsure = (f"Whether column '{name}' lists items; if it is prose, take recipe=records_table.",)
            data = look.data(column=name, key_column=look.key, separator=separator)
            settings = {"data": data} | _model(items)
            return Advice(_RECIPE, settings, because, (), look.used({name: "the items"}), unsure)
    return None


def _items_again(cells: Any, separator: str) -> int:
    """How many different items there are between separators, if most cells list several and they come again; or 0."""
    import pyarrow.compute as pc

    parts = parted_texts(cells, separator)
    if float(pc.mean(pc.greater(pc.list_value_length(parts), 1)).as_py() or 0) < 0.5:
        return 0
    items = pc.utf8_trim_whitespace(pc.list_flatten(parts))
    different = int(pc.count_distinct(items).as_py())
    return different if len(items) > 2 * different else 0
