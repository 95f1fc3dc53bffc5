"""Tables with a column of whole vectors, such as embeddings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.looking.advice import Advice
from zoo.looking.anomalies import anomalies, odd_share
from zoo.looking.roles import has_few_values
from zoo.looking.table_look import quarter
from zoo.tables.arrow_types import is_list
from zoo.tables.cells import vectors_of
from zoo.tables.words import some

if TYPE_CHECKING:
    from zoo.looking.column import Column
    from zoo.looking.table_look import TableLook

_UNIT = 0.01  # how far lengths of vectors may be from 1
_LOOKED_AT = 1_000
_OF_SENTENCES = 128  # numbers of a vector from which on it may be of a sentence
_BY_QUERIES = ("ndcg_at_10", "recall_at_100")  # metrics of the recipe for sentences
BY_LABELS = {
    "knn_accuracy": {"_target_": "zoo.metrics.KnnAccuracy"},
    "linear_probe": {"_target_": "zoo.metrics.LinearProbe"},
}


def vectors_in(look: TableLook) -> Advice | None:
    """The recipe for the widest column of vectors; None without one."""
    found = [column for column in look.columns if column.holds == "vectors" and column.width is not None]
    if not found:
        return None
    column = max(found, key=lambda each: each.width or 0)
    width = int(column.width or 0)
    if odd := odd_share(look):
        return anomalies(look, odd, column.name)
    others = [each for each in look.columns if each.name != column.name]
    few = sorted((each for each in others if has_few_values(each)), key=lambda each: each.holds != "category")
    label = few[0] if few and look.label is None and look.wishes.label is None else look.label
    key = look.key or look.title(column, label)
    label_name = label.name if label else None
    data = look.data(vector_column=column.name, label_column=label_name, key_column=key)
    unsure = []
    if len(found) > 1:
        others_found = some([each.name for each in found if each.name != column.name])
        unsure.append(f"Other columns hold vectors too: {others_found}; data.vector_column= takes another.")
    if label is not None and look.label is None:
        unsure.append(
            f"Column '{label.name}' has few values and is taken for the label, by which alone is judged; another one "
            "is named with data.label_column=, null for none."
        )
    if column.gaps:
        data["invalid"] = "drop"
    uses = {each.name: "left out" for each in others}
    uses |= {label.name: "the label"} if label else {}
    uses |= {key: "the key, which names the rows"} if key else {}
    uses[column.name] = "what is trained on"
    lengths = _lengths(look.sample.rows.column(column.name), column.name)
    advice = advice_for_vectors(data, width, lengths, f"Column '{column.name}' holds vectors of {width} numbers.")
    advice = replace(advice, columns=look.used(uses), unsure=tuple(unsure))
    return with_labels(advice, label)


def advice_for_vectors(data: dict[str, Any], width: int, lengths: Any, because: str) -> Advice:
    """The recipe for vectors of a width, of which some have these lengths."""
    remarks = {
        "model.latent_dim": f"a quarter of {width}" if quarter(width) * 4 == width else f"of {width}",
        "data.invalid": "vectors that are missing or hold NaN are left out",
    }
    settings = {"data": data, "model": {"latent_dim": quarter(width)}}
    known = lengths[np.isfinite(lengths)]
    is_unit = bool(known.size) and bool(np.abs(known - 1).max() < _UNIT)
    seen = (f"The vectors' lengths are {known.min():.4g} .. {known.max():.4g}.",) if known.size and not is_unit else ()
    if not is_unit:
        return Advice("dense_vectors", settings, because, seen, remarks=remarks)
    seen = ("The vectors have length 1, as embeddings of sentences do.",)
    if width < _OF_SENTENCES:
        return Advice("dense_vectors", settings, because, seen, remarks=remarks)
    settings["data"] = {"key_column": None, **data, "fit_on_all": False}
    settings["metrics"] = dict.fromkeys(_BY_QUERIES)
    remarks["data.fit_on_all"] = "true fits to all rows, as what is searched; new rows are judged then by nothing"
    remarks["metrics"] = "these need queries with relevant rows, see recipe=sentences"
    return Advice("sentences", settings, because, seen, remarks=remarks)


def with_labels(advice: Advice, label: Column | None) -> Advice:
    """The recipe with what judges by labels, shown beside the metrics that need none."""
    if label is None:
        return advice
    remarks = {
        **advice.remarks,
        "data.label_column": "only judging sees it",
        "metrics": "by the labels; shown, not gates",
    }
    metrics = {**advice.settings.get("metrics", {}), **BY_LABELS}
    return replace(advice, settings={**advice.settings, "metrics": metrics}, remarks=remarks)


def _lengths(cells: Any, name: str) -> Any:
    """Lengths of the first vectors."""
    first = cells.slice(0, _LOOKED_AT).drop_null() if is_list(cells.type) else cells.slice(0, _LOOKED_AT)
    vectors = vectors_of(first, name, "the sample")
    return np.linalg.norm(np.asarray(vectors, dtype=np.float64), axis=1)
