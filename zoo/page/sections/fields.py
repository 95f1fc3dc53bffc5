"""What each field of records does for the code: lost without it, its part in cosines, how well it comes back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from zoo.page.drawing import INK, OTHER, OWN, PAPER, as_svg, new_axes, new_figure, shortened
from zoo.page.numbers import number

if TYPE_CHECKING:
    from markupsafe import Markup

    from zoo.page.material import Material
    from zoo.types import FieldReport, FieldsReport

TITLE = "Fields"
_DRAWN = 30


def draw(material: Material) -> dict[str, Any] | None:
    """The two figures, as far as there is something to draw, and the table."""
    found = material.report.fields
    if found is None:
        return None
    lost = [each for each in found.fields if each.loss is not None and math.isfinite(each.loss.value)]
    parted = [each for each in found.fields if math.isfinite(each.in_matches)]
    return {
        "found": found,
        "own": material.encoder.name,
        "lost": _lost(lost[:_DRAWN], found.metric) if lost else None,
        "parts": _parts(parted[:_DRAWN]) if parted else None,
        "totals": _totals(found),
        "has_nats": any(math.isfinite(each.distortion) for each in found.fields),
        "worse": [each.name for each in found.fields if each.distortion > each.free],
    }


def _totals(found: FieldsReport) -> dict[str, float]:
    return {part: sum(getattr(each, part) for each in found.fields) for part in ("in_matches", "in_others")}


def _lost(fields: list[FieldReport], metric: str) -> Markup:
    """What the metric loses without each field, with its interval."""
    axes = _axes(figure := _figure(fields), fields)
    for place, field in enumerate(fields):
        score = field.loss
        assert score is not None  # noqa: S101  `draw` has looked
        axes.barh(place, score.value, height=0.6, color=OWN, linewidth=0)
        if math.isfinite(score.low):
            for colour, width in ((PAPER, 4), (INK, 1.6)):
                axes.plot([score.low, score.high], [place] * 2, color=colour, linewidth=width, solid_capstyle="butt")
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(f"{metric} lost without it")
    said = "; ".join(f"{each.name} {each.loss}" for each in fields)
    return as_svg(figure, "fields-lost", f"{metric} lost without each field: {said}")


def _parts(fields: list[FieldReport]) -> Markup:
    """What each field adds to the mean cosine of matches, and of other candidates."""
    axes = _axes(figure := _figure(fields), fields)
    places = range(len(fields))
    matches, others = ([getattr(each, part) for each in fields] for part in ("in_matches", "in_others"))
    axes.barh([place - 0.19 for place in places], matches, height=0.36, color=OWN, linewidth=0, label="matches")
    axes.barh([place + 0.19 for place in places], others, height=0.36, color=OTHER, linewidth=0, label="others")
    axes.set_xlabel("part of the cosine, mean over pairs")
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="best")
    said = "; ".join(f"{each.name} {number(each.in_matches)} and {number(each.in_others)}" for each in fields)
    return as_svg(figure, "fields-parts", f"Part of each field in the cosine of matches and of others: {said}")


def _figure(fields: list[FieldReport]) -> Any:
    return new_figure(400, 52 + 22 * len(fields))


def _axes(figure: Any, fields: list[FieldReport]) -> Any:
    axes = new_axes(figure)
    axes.set_yticks(range(len(fields)), [shortened(each.name) for each in fields])
    axes.set_ylim(len(fields) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5)
    return axes
