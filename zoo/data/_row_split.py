"""Checks that sources share about which row may be used for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized


def refuse_shares(validation: float, test: float) -> None:
    """Raises InputError where validation and test leave nothing to train on."""
    if validation + test >= 1:
        raise InputError(
            f"data.validation={validation} and data.test={test} leave nothing to train on; together they must be "
            "below 1"
        )


def refuse_empty(rows: Mapping[str, Sized], total: int, *, name: str, options: str) -> None:
    """Raises InputError where a split has no rows.

    Args:
        rows: row numbers of each split.
        total: number of rows that there are.
        name: what to call them in the message.
        options: the options to change, such as "data.validation=0.1 or data.test=0.2".
    """
    empty = [split for split, numbers in rows.items() if not len(numbers)]
    if empty:
        counts = ", ".join(f"{split} {len(numbers)}" for split, numbers in rows.items())
        raise InputError(
            f"{name}: no row is left for {' and '.join(empty)} ({counts} of {total} rows); give more rows, or change "
            f"{options}"
        )
