"""Tables of numbers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.looking.advice import Advice
from zoo.looking.anomalies import anomalies, odd_share
from zoo.looking.baskets import may_count
from zoo.looking.scales import scales
from zoo.looking.table_look import quarter
from zoo.looking.vectors import with_labels
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from zoo.looking.table_look import TableLook

_NAMED = 60  # columns that are listed in a recipe


def numbers_of(look: TableLook) -> Advice | None:
    """The recipe for a table of numbers without gaps; None for any other."""
    features = [column for column in look.features if column.is_number]
    if not features:
        return None
    has_others = len(features) < len(look.features)
    has_gaps = any(column.gaps for column in features)
    if look.wishes.recipe is None and (has_others or has_gaps or look.target is not None):
        return None
    if odd := odd_share(look):
        return anomalies(look, odd)
    unsure: tuple[str, ...] = ()
    data = look.data(label_column=look.label.name if look.label else None, key_column=look.key)
    names = [column.name for column in features]
    if len(names) < len(look.columns) - ("label_column" in data) - ("key_column" in data):
        if len(names) <= _NAMED:
            data["columns"] = names
        else:
            left = [each.name for each in look.columns if each.name not in {*names, look.key, data.get("label_column")}]
            unsure += (f"Trained on as well: {some(left)}; name the others with data.columns=[..] or leave it out.",)
    if has_gaps:
        data["invalid"] = "drop"
    if any(column.is_constant for column in features):
        data["allow_constant"] = True
    remarks = {
        "model.latent_dim": f"a quarter of {len(names)} columns",
        "data.allow_constant": "columns that never change say nothing; better leave them out of the file",
        "data.invalid": "rows with gaps are left out",
        "data.columns": "what is trained on",
    }
    unsure += may_count(features, look.sample.rows)
    settings = {"data": data, "model": {"latent_dim": quarter(len(names))}}
    because = f"All {count(len(names), 'column')} to train on hold numbers."
    advice = Advice("dense_vectors", settings, because, scales(features), look.used(), unsure, remarks)
    return with_labels(advice, look.label)
