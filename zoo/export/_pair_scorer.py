"""How pairs of records are scored, learnt from the training rows and exported with their encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder
from zoo.errors import InputError
from zoo.matching.linking import Sides, Wanted, field_values, link, nearest
from zoo.matching.scorer_file import write_scorer
from zoo.tables.words import count

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.types import Splits

_ROWS = 20_000  # training rows that it is learnt from at most


def write_pair_scorer(directory: Path, model: Any, splits: Splits, code_scale: float | None) -> None:
    """Writes the scorer beside the encoder, unless rows have no fields, or training rows teach nothing of matches.

    EM looks at pairs of training rows alone, and at no label: what judges stays unseen.
    """
    rows = splits.train[:_ROWS]
    parted = [rows] if splits.sides is None else [rows[splits.sides[rows] == side] for side in (0, 1)]
    encoder = Encoder.from_model("in memory", model, kind=splits.kind.plain(), code_scale=code_scale)
    names = [name for name, kind in splits.kind.table_schema() if kind == "text"]
    if splits.raw is None or not names or not all(map(len, parted)):
        return
    tables = [splits.raw.take(side) for side in parted]
    reading = Encoder.from_model("in memory", model, kind=splits.kind).reading
    try:
        values, _ = field_values(tables[0], None if len(tables) == 1 else tables[1], names, {}, ("a", "b"), reading)
    except InputError:  # these rows fill in no field
        return
    sides = Sides(values, *(np.asarray(encoder.encode(splits.take(side)), np.float32) for side in parted))
    scorer = link(sides, nearest(sides, Wanted()), Wanted()).scorer
    if scorer.fields is not None and scorer.serves_others:
        kinds = {each.name: each.kind for each in values}
        write_scorer(directory, scorer, kinds, count(len(rows), "training row"))
