"""Shares of so few rows that chance would leave a split without any."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._key_split import key_positions
from zoo.tables.cells import plain_texts

if TYPE_CHECKING:
    from zoo.looking.advice import Advice
    from zoo.looking.sample import Sample

FEWEST = 100  # rows below which little is to be learnt
_TEST, _VALIDATION = 0.2, 0.1  # as sources have them
_LEAST = {"test": 2, "validation": 1}  # rows


def with_shares(advice: Advice, sample: Sample) -> Advice:
    """The recipe with larger shares of rows to validate and to judge by, where the usual ones would be empty."""
    data = advice.settings.get("data", {})
    if not sample.is_whole or sample.rows.num_rows >= FEWEST or "data" in data:
        return advice
    shares = _shares(_positions(sample, data.get("key_column")))
    if not shares:
        return advice
    settings = {**advice.settings, "data": {**data, **shares}}
    remarks = {**advice.remarks, **{f"data.{name}": "of so few rows; usual shares leave none" for name in shares}}
    return replace(advice, settings=settings, remarks=remarks)


def _positions(sample: Sample, key: str | None) -> Any:
    """Where the hash of each row's key lies, ascending."""
    rows = sample.rows
    names = plain_texts(rows.column(key)).to_pylist() if key in rows.column_names else map(str, range(rows.num_rows))
    return np.sort(key_positions(names))


def _shares(positions: Any) -> dict[str, float]:
    """Shares, in hundredths, that give each split its least rows; none where the usual ones do."""
    test = _up_to(positions, _LEAST["test"], _TEST)
    validation = _up_to(positions, int((positions < test).sum()) + _LEAST["validation"], test + _VALIDATION) - test
    found = {"test": test, "validation": round(validation, 2)}
    usual = {"test": _TEST, "validation": _VALIDATION}
    is_enough = test + validation < 1 and (positions >= test + validation).any()
    return {name: share for name, share in found.items() if share != usual[name]} if is_enough else {}


def _up_to(positions: Any, rows: int, least: float) -> float:
    """The share, in hundredths and at least so much, below which that many positions lie."""
    if rows > len(positions):
        return 1.0
    return round(max(least, math.floor(100 * positions[rows - 1] + 1) / 100), 2)
