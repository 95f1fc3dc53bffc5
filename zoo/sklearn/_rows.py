"""Rows that an estimator is given, as a table with its splits."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.cli.held_data import innermost, with_held
from zoo.rows.dense_rows import DenseRows
from zoo.types import Splits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.recipe import Recipe
    from zoo.types import Floats, Rows

_NUMBERS = "zoo.data.Vectors"  # the source whose rows are nothing but numbers
_NONE: Rows = np.empty(0, np.int64)


def reads_numbers(recipe: Recipe) -> bool:
    """Whether a recipe's rows are numbers, which scikit-learn checks and the estimator splits itself."""
    return innermost(recipe.config["data"])[1]["_target_"] == _NUMBERS


def constant_columns(recipe: Recipe) -> str:
    """The override that lets columns that never change through, as scikit-learn does."""
    return ".".join(("data", *innermost(recipe.config["data"])[0], "allow_constant=true"))


def numbers(rows: Floats, names: Sequence[str], validation: float, seed: int) -> Splits:
    """A table of numbers [n, width] of which each row is trained on or watched.

    Args:
        rows: n of at least 2.
        names: of the columns; none for columns without names, or with names that repeat themselves.
        validation: share of the rows that training watches, at least one row and at most all but one; 0 lets it watch
            those that it trains on.
        seed: of the choice of these rows.
    """
    count = len(rows)
    watched = min(max(round(validation * count), 1), count - 1) if validation else 0
    order = np.random.default_rng(seed).permutation(count)
    train = np.sort(order[watched:])
    kind = DenseRows("vector", (rows.shape[1],), tuple(names) if len(set(names)) == len(names) else ())
    return Splits(rows, train, np.sort(order[:watched]) if watched else train, _NONE, kind=kind)


def from_source(recipe: str, overrides: Sequence[str], rows: Any) -> Splits:
    """A table of other rows (records, baskets), as the recipe's source reads them; its test rows are trained on.

    A source that wraps another to judge by labels, such as `OneClass`, is left out: here nothing is judged.

    Raises:
        zoo.errors.InputError: rows that the source cannot use.
    """
    composed = with_held(recipe, overrides, rows)
    assert composed.rows is not None  # noqa: S101  it was given rows
    alone = {**composed.config, "data": innermost(composed.config["data"])[1]}
    read = dataclasses.replace(composed, config=alone, rows=(composed.rows[0], ())).build("data").load()
    return dataclasses.replace(read, train=np.union1d(read.train, read.test), test=_NONE)
