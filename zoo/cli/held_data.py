"""What Python users hand over in memory: rows in place of a recipe's file, and overrides as mappings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.recipe import compose
from zoo.signature import read_signature
from zoo.tables.arrow_types import is_numeric
from zoo.tables.held_table import held_table, index_name, spread, with_columns
from zoo.tables.long_form import named_form
from zoo.tables.sparse_npz import width_of_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.recipe import Recipe
    from zoo.tables.memory_table import MemoryTable
    from zoo.tables.table import Table

_PLACES = ("path", "dataset", "table")  # where a source may have its rows from otherwise
_SHARES = ("validation", "test", "invalid", "min_items")  # what a source takes as the one in whose place it is
_LABELS, _KEY = ("label_column", "entity_column"), "key_column"


def with_held(recipe: str, overrides: Sequence[str], data: Any, labels: Any = None, keys: Any = None) -> Recipe:
    """A recipe whose rows are in memory.

    Args:
        recipe: its name or file.
        overrides: of it.
        data: the rows, see `zoo.tables.held_table.held_table`.
        labels: a class (for records: an entity) for each row, or the name of the column that holds them.
        keys: a name for each row, or the name of the column; None takes the index of a pandas frame that has one.

    Raises:
        InputError: rows, labels or keys that cannot be used, or a recipe whose source reads no tables.
        RecipeError: see `zoo.recipe.compose`.
    """
    others = [each for each in overrides if not _is_of_source(each)]
    place, source = innermost(compose(recipe, others).config["data"])
    signature = read_signature(source["_target_"])
    takes, stands_in = signature.parameters, signature.sparse_as if hasattr(data, "tocsr") else signature.held_as
    if stands_in:
        instead = _standing_in(stands_in, source, place)
        instead += _on_their_scale(data) if signature.held_as else []
        place, source = innermost(compose(recipe, [*instead, *others]).config["data"])
        takes, overrides = read_signature(stands_in).parameters, [*instead, *overrides]
    if "table" not in takes:
        raise InputError(
            f"data=: {source['_target_']}, from which {recipe} has its rows, reads no tables; dense_vectors, "
            "anomaly_table, records_table, softmax_onehot and table do"
        )
    table = _in_columns(held_table(data, "data"), takes)
    key = ".".join(("data", *place))
    own = [f"++{key}.{name}=null" for name in _PLACES if name in takes]
    named = {next((each for each in _LABELS if each in takes), _LABELS[0]): labels, _KEY: keys}
    own += [f"{key}.{option}=null" for option in _of_another_table(source, table, key, overrides)]
    columns: dict[str, Any] = {}
    for option, given in named.items():
        if given is not None and option not in takes:
            raise InputError(f"{'keys' if option == _KEY else 'labels'}=: {source['_target_']} takes none")
        if isinstance(given, str):
            own.append(f"{key}.{option}={as_override(given)}")
        elif given is not None:
            columns[option] = given
    is_long = named_form(table.schema.names) is not None
    if (
        "wide" in takes
        and not is_long
        and _are_items(table)
        and not any(each.lstrip("+").startswith(f"{key}.") for each in overrides)
    ):
        own.append(f"{key}.wide=true")
    has_key = source.get(_KEY) is not None and f"{key}.{_KEY}=null" not in own
    if keys is None and _KEY in takes and not has_key and (index := index_name(data)) is not None:
        own.append(f"{key}.{_KEY}={as_override(index)}")
    if columns:
        table, added = with_columns(table, columns)
        own += [f"{key}.{option}={as_override(name)}" for option, name in added.items()]
    composed = compose(recipe, [*overrides, *own])
    return composed.with_rows(table, place)


def _is_of_source(override: str) -> bool:
    """Whether an override is for a source of rows in memory, which may be another than the recipe's."""
    key = override.lstrip("+~").partition("=")[0]
    return key.startswith("data.") and not key.endswith("_target_")


def _standing_in(target: str, source: Mapping[str, Any], place: Sequence[str]) -> list[str]:
    """Overrides that put another source in the place of one that reads rows from elsewhere."""
    takes, key = read_signature(target).parameters, ".".join(("data", *place))
    shared = {name: value for name, value in source.items() if name in takes and name in _SHARES}
    return [f"{key}=null", f"{key}={as_override({'_target_': target, **shared})}"]


def _on_their_scale(images: Any) -> list[str]:
    """Overrides of a recipe of images for the scale that the pixels of an array have."""
    from zoo.data._image_arrays import from_table
    from zoo.data._pixels import Pixels

    pixels = Pixels.of(from_table(held_table(images, "data")).pixels, "data")
    return [] if pixels.is_usual else as_overrides({"model.preprocess.rescale": pixels.rescale()})


def _in_columns(table: MemoryTable, takes: Mapping[str, Any]) -> MemoryTable:
    """An array of rows as columns of single cells, for a source that reads no vectors."""
    if table.row_shape is None or len(table.row_shape) != 1 or "vector_column" in takes or "columns" not in takes:
        return table
    return spread(table)


def of_file(recipe: str, overrides: Sequence[str], path: Any, labels: Any, keys: Any) -> list[str]:
    """Overrides that say the same of a file: its path, and the names of its columns of labels and of keys.

    Raises:
        InputError: labels or keys that are no names of columns.
    """
    place: tuple[str, ...] = ()
    takes: Mapping[str, Any] = {}
    if recipe != "auto":
        place, source = innermost(compose(recipe, overrides).config["data"])
        takes = read_signature(source["_target_"]).parameters
    key = ".".join(("data", *place))
    named = {next((each for each in _LABELS if each in takes), _LABELS[0]): labels, _KEY: keys}
    for option, given in named.items():
        if given is not None and not isinstance(given, str):
            raise InputError(f"{option}: of a file, give the name of the column that holds them")
    return [
        f"{key}.path={as_override(str(path))}",
        *(f"{key}.{option}={as_override(given)}" for option, given in named.items() if given is not None),
    ]


def _are_items(table: Table) -> bool:
    """Whether all columns hold numbers, so that each may be an item."""
    return width_of_matrix(table.schema) is None and all(is_numeric(field.type) for field in table.schema)


def _of_another_table(source: Mapping[str, Any], table: Table, key: str, overrides: Sequence[str]) -> list[str]:
    """The options by which a recipe names columns of its own file that these rows do not have."""
    there = table.schema.names
    return [
        option
        for option, name in source.items()
        if option.endswith("_column")
        and isinstance(name, str)
        and name not in there
        and not any(each.lstrip("+").startswith(f"{key}.{option}=") for each in overrides)
    ]


def innermost(config: Mapping[str, Any]) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The source that reads the rows, and where in the section it is: sources may wrap others."""
    place: tuple[str, ...] = ()
    while isinstance(config.get("data"), Mapping) and "_target_" in config["data"]:
        config, place = config["data"], (*place, "data")
    return place, config


def as_overrides(overrides: Mapping[str, Any], above: str = "") -> list[str]:
    """Overrides in Hydra's grammar from a mapping of keys, dotted or nested, to values."""
    found = []
    for name, value in overrides.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            found += as_overrides(value, f"{key}.")
        else:
            found.append(f"{key}={as_override(value)}")
    return found


def as_override(value: Any) -> str:
    """A value in Hydra's grammar: text in quotes, so that nothing in it is read as more than text.

    Raises:
        InputError: a value that a recipe cannot hold.
    """
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a scalar of NumPy's
        value = value.item()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(as_override, value))}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"') if '"' in value or value.endswith("\\") else value
        return f'"{escaped}"'
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{name}:{as_override(each)}' for name, each in value.items())}}}"
    raise InputError(f"{value!r} cannot be written into a recipe: give text, a number, true or false, null, or a list")
