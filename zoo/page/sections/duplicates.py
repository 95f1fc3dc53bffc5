"""Copies among the held-out rows, and the scores without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.page.material import Material

TITLE = "Duplicates"


def draw(material: Material) -> dict[str, Any] | None:
    """How many there are, and what difference they make."""
    report = material.report
    if report.duplicates is None:
        return None
    counts = report.duplicates
    kinds = [
        ("equal another held-out row", counts.exact),
        ("nearly equal one (cosine > .999)", counts.near),
        ("equal a training row", counts.of_training),
        ("nearly equal a training row (cosine > .999)", counts.near_training),
    ]
    total = max(counts.rows, 1)
    return {
        "rows": counts.rows,
        "kinds": [(name, count, 100 * count / total) for name, count in kinds],
        "metrics": list(report.units),
        "table": [
            (name, [(report.scores[name].get(metric), each.get(metric)) for metric in report.units])
            for name, each in report.without_duplicates.items()
            if name in report.scores
        ],
        "own": material.encoder.name,
    }
