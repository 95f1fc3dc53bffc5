"""Opponents that are for rows of numbers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.types import Splits


def require_numbers(name: str, splits: Splits, does: str) -> None:
    """Refuses sparse rows and images.

    Args:
        name: of the baseline.
        splits: the table.
        does: what the opponent takes or does, such as `SignBits takes rows of numbers`.

    Raises:
        InputError: other rows; the message says how to leave the baseline out.
    """
    if splits.is_sparse or len(splits.shape) != 1:
        raise InputError(
            f"baselines.{name}: {does}, and the data are {splits.kind.in_words()}; leave it out with "
            f"~baselines.{name}, and out of the gates"
        )
