"""Copies among the test rows, and the scores without them."""

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
    total = max(counts.rows, 1)
    looked_at = total if counts.looked_at < 0 else max(counts.looked_at, 1)
    some = "" if looked_at >= total else f", of {looked_at:,} rows"
    kinds = [
        ("equal another test row", counts.exact, total),
        (f"nearly equal one (cosine > .999{some})", counts.near, looked_at),
        ("equal a training row", counts.of_training, total),
        (f"nearly equal a training row (cosine > .999{some})", counts.near_training, looked_at),
    ]
    return {
        "rows": counts.rows,
        "kinds": [(name, count, 100 * count / of) for name, count, of in kinds],
        "metrics": list(report.units),
        "table": [
            (name, [(report.scores[name].get(metric), each.get(metric)) for metric in report.units])
            for name, each in report.without_duplicates.items()
            if name in report.scores
        ],
        "own": material.encoder.name,
    }
