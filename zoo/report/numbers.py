"""What a run found, as names and numbers for a tracking store."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.report.tables import fold_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.types import Report


_NOT_IN_NAMES = re.compile(r"[^\w/. :-]")  # of MLflow's metrics


def flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """A nested recipe as one level of keys with dots."""
    if isinstance(config, dict) and config:
        return {k: v for key, each in config.items() for k, v in flat(each, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): config}


def score_metrics(report: Report) -> list[tuple[str, float]]:
    """Every score with its bounds, and the encoder's differences, under names that MLflow takes."""
    named = [
        (f"{representation}.{metric}", score)
        for representation, scores in report.scores.items()
        for metric, score in scores.items()
        if score is not None
    ]
    named += [
        (f"encoder_minus_{representation}.{metric}", score)
        for representation, scores in report.differences.items()
        for metric, score in scores.items()
    ]
    return [
        entry
        for name, score in ((_NOT_IN_NAMES.sub("_", name), score) for name, score in named)
        for entry in ((name, score.value), (f"{name}.low", score.low), (f"{name}.high", score.high))
    ]


def fold_metrics(reports: list[Report]) -> Iterator[tuple[str, float]]:
    """Mean and standard deviation over the folds of every score, under names that MLflow takes."""
    for representation, metric, values in fold_scores(reports):
        yield f"folds.{representation}.{metric}.mean", float(np.mean(values))
        yield f"folds.{representation}.{metric}.std", float(np.std(values, ddof=1))


def seed_metrics(report: Report) -> Iterator[tuple[str, float]]:
    """How much seeds differ, and how likely a new one beats each representation; nothing where there is one seed."""
    for metric, points in report.seeds.items():
        yield f"seeds.encoder.{metric}.std", float(np.std(points, ddof=1))
    for representation, chances in report.chances.items():
        for metric, chance in chances.items():
            yield f"seeds.chance_to_beat_{representation}.{metric}", chance


def as_json(value: Any) -> str:
    """A dataclass or a mapping as JSON to be read by people."""
    plain = (
        dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else dict(value)
    )
    return json.dumps(plain, indent=2, default=str)
