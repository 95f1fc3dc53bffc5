"""What each field of records does for an encoder's code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.evaluate.nats_by_field import columns_of_fields, filled_fields, nats_by_frequency
from zoo.representations._part_of_code import without_fields
from zoo.types import FieldReport, FieldsReport, KeepsFields, ScoresFields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.recipe import Recipe
    from zoo.types import Doubles, Evidence, Metric, Representation, Splits

_ROWS, _FIELDS = 3_000, 20  # that are looked at, and that are left out one by one
_FEWEST = 2  # fields


def fields_report(recipe: Recipe, evidence: Evidence) -> FieldsReport | None:
    """What each field does for the first representation; None for rows without fields, or with a single one.

    On 3,000 held-out rows at most, with all the matches of each: what the recipe's metric of matches (or else the first
    that has a value) loses without the field, what the field adds to the cosines of matches and of others, and how
    well it is given back.
    """
    from zoo.metrics._some_records import some_records  # with SciPy, which a run's first line does not wait for

    table = evidence.splits
    names = list(columns_of_fields(table))
    if len(names) < _FEWEST:
        return None
    splits = replace(table, test=some_records(table, _ROWS))
    encoder = next(iter(evidence.representations.values()))
    fields = [FieldReport(name) for name in names]
    fields = _with_nats(fields, encoder, splits)
    found = FieldsReport(tuple(fields), len(splits.test))
    if not isinstance(encoder, KeepsFields) or list(encoder.places) != names:
        return found
    return _without_each(recipe, _with_parts(found, encoder, splits), encoder, splits)


def require_fields(wanted: Sequence[str], splits: Splits) -> None:
    """Raises InputError for fields to be judged alone (`judge.fields`) that the rows do not have."""
    if not wanted:
        return
    names = list(splits.kind.blocks or {})
    if not names:
        raise InputError(
            f"judge.fields judges single fields of records, and the data are {splits.kind.in_words()}; leave it out, "
            "or take a source of records, such as zoo.data.Records"
        )
    for name in wanted:
        if name not in names:
            raise InputError(f"judge.fields: there is no field {name!r}; {suggestion(name, names, what='fields')}")
    if len(set(wanted)) < len(wanted):
        raise InputError(f"judge.fields names a field twice: {', '.join(wanted)}")


def _with_nats(fields: Sequence[FieldReport], encoder: Representation, splits: Splits) -> list[FieldReport]:
    filled, free = filled_fields(splits, splits.test), nats_by_frequency(splits, splits.test)
    own: Any = np.full(filled.shape, np.nan)
    if isinstance(encoder, ScoresFields):
        scored = np.asarray(encoder.score_fields(splits.test), np.float64)
        own = scored if scored.shape == filled.shape else own
    return [
        replace(
            field,
            filled=float(filled[:, place].mean()),
            free=_mean(free[filled[:, place], place]),
            distortion=_mean(own[filled[:, place], place]),
        )
        for place, field in enumerate(fields)
    ]


def _with_parts(found: FieldsReport, encoder: Representation, splits: Splits) -> FieldsReport:
    """With how many numbers each field has, and what it adds to the cosines of matches and of others."""
    from zoo.metrics._pairs_of_records import parts_of_cosines, record_pairs
    from zoo.metrics._vectors import unit, vectors

    assert isinstance(encoder, KeepsFields)  # noqa: S101  the caller has looked
    places = list(encoder.places.values())
    fields = [replace(field, numbers=end - start) for field, (start, end) in zip(found.fields, places, strict=True)]
    pairs = record_pairs(encoder, splits, most=_ROWS)
    if pairs is None:
        return replace(found, fields=tuple(fields))
    codes: Any = np.zeros((len(splits), places[-1][1]))
    codes[splits.test] = unit(vectors(encoder, splits.test))
    parts = parts_of_cosines(codes, places, pairs)
    matches, others = parts[pairs.is_match], parts[~pairs.is_match]
    fields = [
        replace(field, in_matches=_mean(matches[:, place]), in_others=_mean(others[:, place]))
        for place, field in enumerate(fields)
    ]
    return replace(found, fields=tuple(fields), matches=len(matches), others=len(others))


def _without_each(recipe: Recipe, found: FieldsReport, encoder: Representation, splits: Splits) -> FieldsReport:
    """With the score of the code without each field, and what is lost by that."""
    names = [field.name for field in found.fields]
    chosen = _metric(recipe, encoder, splits)
    if chosen is None:
        return replace(found, not_left_out=len(names))
    name, metric = chosen
    judge = recipe.build("judge")
    report = judge.report([encoder, *without_fields(encoder, names[:_FIELDS])], {name: metric}, splits)
    fields = [
        replace(
            field,
            without=report.scores.get(f"without:{field.name}", {}).get(name),
            loss=report.differences.get(f"without:{field.name}", {}).get(name),
        )
        for field in found.fields
    ]
    whole = report.scores[encoder.name][name]
    return replace(found, fields=tuple(fields), metric=name, whole=whole, not_left_out=max(0, len(names) - _FIELDS))


def _metric(recipe: Recipe, encoder: Representation, splits: Splits) -> tuple[str, Metric] | None:
    """The first metric of codes with a value: of those of the gates that need labels, as matches do, then of all."""
    from zoo.metrics._vectors import is_finite, vectors

    metrics = {
        name: each
        for name, each in recipe.build("metrics").items()
        if each.higher_is_better is not None and not getattr(each, "reads_cells", False)
    }
    gated = [gate.metric for gate in (recipe.build("gates") or {}).values() if gate.metric in metrics]
    needing = [name for name in (*gated, *metrics) if getattr(metrics[name], "needs_labels", False)]
    if not is_finite(vectors(encoder, splits.test)):
        return None
    for name in dict.fromkeys([*needing, *gated, *metrics]):
        values = metrics[name].values(encoder, splits)
        if values is not None and len(values):
            return name, metrics[name]
    return None


def _mean(values: Doubles) -> float:
    return float(values.mean()) if len(values) else float("nan")
