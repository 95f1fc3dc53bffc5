"""Every score as a bar with its interval, and all of them in a table that can be sorted."""

from __future__ import annotations

import importlib
import inspect
import math
from typing import TYPE_CHECKING, Any

from zoo.page.drawing import INK, MUTED, OTHER, OWN, PAPER, as_svg, new_axes, new_figure, shortened
from zoo.page.numbers import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from zoo.page.material import Material
    from zoo.types import Score

TITLE = "Scores"
_WIDTH, _BAR = 340, 21


def draw(material: Material) -> dict[str, Any] | None:
    """A card a metric, and the table."""
    report = material.report
    if not report.units:
        return None
    best = report.best
    return {
        "confidence": f"{report.confidence:.0%}",
        "resamples": report.resamples,
        "rows": len(material.splits.test),
        "has_best": any(best.values()),
        "cards": [_card(material, metric) for metric in report.units],
        "metrics": [(metric, report.units[metric], report.directions[metric]) for metric in report.units],
        "table": [
            {
                "name": name,
                "size": report.dimensions.get(name),
                "bytes": report.bytes_per_row.get(name),
                "cells": [
                    (scores.get(m), name in best.get(m, ()), report.reasons.get(name, {}).get(m, ""))
                    for m in report.units
                ],
            }
            for name, scores in report.scores.items()
        ],
        "own": material.encoder.name,
        "resampled": report.resampled,
        "family": report.family,
        "adjusted": _adjusted(material),
        "has_bytes": bool(report.bytes_per_row),
        "seeds": max(map(len, report.seeds.values()), default=0),
        "chances": [(m, name, chance) for name, each in report.chances.items() for m, chance in each.items()],
    }


def _card(material: Material, metric: str) -> dict[str, Any]:
    report = material.report
    scores = {name: score for name, each in report.scores.items() if (score := each.get(metric)) is not None}
    direction = report.directions[metric]
    return {
        "metric": metric,
        "unit": report.units[metric],
        "direction": {True: "higher is better", False: "lower is better", None: "describes only"}[direction],
        "about": _about(material.recipe, metric),
        "svg": _bars(material, metric, scores) if scores else None,
        "why_not": report.reasons.get(material.encoder.name, {}).get(metric, ""),
    }


def _bars(material: Material, metric: str, scores: Mapping[str, Score]) -> Markup:
    report = material.report
    best = report.best.get(metric, ())
    seeds = report.seeds.get(metric, ())
    figure = new_figure(_WIDTH, 34 + _BAR * len(scores))
    axes = new_axes(figure)
    drawn = {name: score for name, score in scores.items() if math.isfinite(score.value)}
    for place, (name, score) in enumerate(scores.items()):
        own = name == material.encoder.name
        if name not in drawn:
            axes.text(0, place, " not a number", color=MUTED, va="center", fontsize=9)
            continue
        axes.barh(place, score.value, height=0.66, color=OWN if own else OTHER, alpha=1 if own else 0.55, linewidth=0)
        if math.isfinite(score.low):
            axes.plot([score.low, score.high], [place, place], color=PAPER, linewidth=4, solid_capstyle="butt")
            axes.plot([score.low, score.high], [place, place], color=INK, linewidth=1.6, solid_capstyle="butt")
        if own and seeds:
            axes.scatter(seeds, [place] * len(seeds), s=14, color=INK, zorder=5, linewidth=0)
        axes.annotate(
            number(score.value),
            (max(score.value, score.high if math.isfinite(score.high) else score.value, 0), place),
            (5, 0),
            textcoords="offset points",
            color=INK if own else MUTED,
            va="center",
            fontsize=9,
        )
    _limits(axes, [*drawn.values()])
    axes.set_yticks(range(len(scores)), [_label(name, name in best) for name in scores])
    for tick, name in zip(axes.get_yticklabels(), scores, strict=True):
        tick.set_color(INK if name == material.encoder.name else MUTED)
        tick.set_fontweight("bold" if name == material.encoder.name else "normal")
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5)
    said = "; ".join(f"{name} {score}" for name, score in scores.items())
    return as_svg(figure, f"scores-{metric}", f"{metric}: {said}")


def _limits(axes: Any, scores: list[Score]) -> None:
    """Bars start at 0, and leave room for the numbers beside them."""
    ends = [end for score in scores for end in (score.value, score.low, score.high) if math.isfinite(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    span = high - low or 1.0
    axes.set_xlim(low - (0.04 * span if low < 0 else 0), high + 0.22 * span)
    if low < 0 < high:
        axes.axvline(0, color=MUTED, linewidth=0.8)


def _label(name: str, best: bool) -> str:
    return f"● {shortened(name, 18)}" if best else shortened(name)


def _about(recipe: Mapping[str, Any], metric: str) -> str:
    """The first sentence of what the metric's class says of itself."""
    target = ((recipe.get("metrics") or {}).get(metric) or {}).get("_target_", "")
    module, _, name = str(target).rpartition(".")
    try:
        described = inspect.getdoc(getattr(importlib.import_module(module), name)) or ""
    except (ImportError, AttributeError, ValueError):
        return ""
    return " ".join(described.split("\n\n")[0].split())


def _adjusted(material: Material) -> list[tuple[str, str, float]]:
    """How significant differences are once all of their family are looked at, where that can be told."""
    adjusted = material.report.adjusted
    return [(metric, name, p) for name, each in adjusted.items() for metric, p in each.items() if not math.isnan(p)]
