"""Tables of which some rows are odd."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.looking.advice import Advice
from zoo.looking.columns import numbers_in
from zoo.looking.roles import names_oddity
from zoo.looking.scales import scales
from zoo.tables.words import some

if TYPE_CHECKING:
    from zoo.looking.table_look import TableLook

_CONTAMINATION = 0.05  # as the recipe has it
_TRAINED = 0.4  # share of the rows that the recipe trains on
_MOST_NEIGHBOURS = 200  # each is a step of the score
_FEW = 0.1  # share of rows up to which the rarer of two classes may be anomalies


def anomalies(look: TableLook, odd: float = 0.0, vector_column: str | None = None) -> Advice:
    """The recipe that says how odd rows of numbers are.

    Args:
        look: the table.
        odd: share of the rows that a label of 0 and 1 marks; 0 without one.
        vector_column: the column of whole vectors, where the rows are these.
    """
    features = [column for column in look.features if column.is_number and not column.is_constant]
    label = look.label.name if look.label is not None and look.label.is_binary else None
    data = look.data(vector_column=vector_column, label_column=label, key_column=look.key)
    if any(column.gaps for column in features):
        data["invalid"] = "drop"
    used = {vector_column} if vector_column else {column.name for column in features}
    left = {each.name: "left out" for each in look.columns if each.name not in {*used, label, look.key}}
    unsure = [f"Only numbers are looked at, not {some(list(left))}."] if left else []
    because = "Rows of numbers, each to be told how odd it is."
    if odd and look.label is not None:
        because = f"Column '{look.label.name}' is 1 in {100 * odd:.1f}% of the rows and 0 in the others."
        unsure.append(
            f"Whether 1 in column '{look.label.name}' marks anomalies, or is a class that is rare: if so, take "
            "recipe=dense_vectors. Rows with 0 alone are trained on."
        )
    remarks = {"data.data.label_column": "0 normal, 1 anomaly; only judging sees the anomalies"}
    settings: dict[str, Any] = {"data": {"data": data}}
    advice = Advice("anomaly_table", settings, because, scales(features), look.used(left), tuple(unsure), remarks)
    return without_labels(advice, look.sample.of or look.sample.rows.num_rows) if label is None else advice


def without_labels(advice: Advice, rows: int) -> Advice:
    """The recipe for so many rows of which nobody knows which are odd."""
    settings, remarks = {**advice.settings}, dict(advice.remarks)
    settings["data"] = {**settings["data"], "contamination": _CONTAMINATION}
    together = math.ceil(round(2 * _CONTAMINATION * _TRAINED * rows, 6))
    settings["model"] = {"nearest": max(2, min(together, _MOST_NEIGHBOURS))}
    remarks["data.contamination"] = "share of the rows that may be odd: the threshold lets as many through"
    remarks["model.nearest"] = "twice as many rows as may be odd in one place"
    unsure = (
        "How many rows are odd, and which: no label says. What is judged is whether rows are told in which some cells "
        "are another row's."
    )
    return replace(advice, settings=settings, remarks=remarks, unsure=(*advice.unsure, unsure))


def anomalies_of(look: TableLook) -> Advice | None:
    """The recipe that says how odd rows are, where the user asks for it; None without numbers."""
    vectors = [column.name for column in look.columns if column.holds == "vectors"]
    if not vectors and not any(column.is_number for column in look.features):
        return None
    return anomalies(look, odd_share(look), vectors[0] if vectors else None)


def odd_share(look: TableLook) -> float:
    """The share of rows whose label is 1, where these may be anomalies; else 0."""
    if look.label is None or not look.label.is_binary:
        return 0.0
    numbers: Any = numbers_in(look.sample.rows.column(look.label.name))
    share = float(np.nanmean(numbers))
    may_be = share <= _FEW or (names_oddity(look.label) and share < 0.5)
    return share if may_be and look.wishes.recipe in {None, "anomaly_table"} else 0.0
