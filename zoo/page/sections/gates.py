"""The gates: how far ahead the encoder is, with the interval, and how far ahead it had to be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from zoo.page.drawing import BAD, GOOD, INK, MUTED, as_svg, new_axes, new_figure, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from zoo.page.material import Material
    from zoo.types import GateResult

TITLE = "Gates"
_WIDTH, _ROW = 340, 24


def draw(material: Material) -> dict[str, Any] | None:
    """A figure a metric, and the comparisons one by one."""
    verdict = material.verdict
    if verdict is None:
        return None
    metrics = dict.fromkeys(gate.metric for gate in verdict.gates)
    by_metric = {metric: [gate for gate in verdict.gates if gate.metric == metric] for metric in metrics}
    return {
        "gates": verdict.gates,
        "passed": sum(gate.passed for gate in verdict.gates),
        "reasons": verdict.reasons,
        "cards": [
            {"metric": metric, "unit": material.report.units.get(metric, ""), "svg": _forest(metric, gates)}
            for metric, gates in by_metric.items()
            if any(_shown(gate) for gate in gates)
        ],
        "champion_reasons": verdict.champion_reasons,
        "champion_gates": verdict.champion_gates,
    }


def _forest(metric: str, gates: Sequence[GateResult]) -> Markup:
    shown = [gate for gate in gates if _shown(gate)]
    figure = new_figure(_WIDTH, 50 + _ROW * len(shown))
    axes = new_axes(figure)
    for place, gate in enumerate(shown):
        difference = gate.difference
        assert difference is not None  # noqa: S101  `_shown` has seen it
        colour = GOOD if gate.passed else BAD
        if math.isfinite(difference.low):
            axes.plot([difference.low, difference.high], [place, place], color=colour, linewidth=3)
        axes.plot(difference.value, place, marker="o" if gate.passed else "X", markersize=7, color=colour)
        axes.plot([gate.required] * 2, [place - 0.36, place + 0.36], color=INK, linewidth=1.4)
    axes.axvline(0, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    marks = ["✓" if gate.passed else "✗" for gate in shown]
    labels = [f"{mark} {shortened(_against(gate), 18)}" for mark, gate in zip(marks, shown, strict=True)]
    axes.set_yticks(range(len(shown)), labels)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("encoder ahead by (black line: what was required)", fontsize=9)
    axes.locator_params(axis="x", nbins=5)
    said = "; ".join(f"{_against(gate)}: {gate.difference}, {'passed' if gate.passed else 'failed'}" for gate in shown)
    return as_svg(figure, f"gates-{metric}", f"{metric}, encoder ahead of {said}")


def _shown(gate: GateResult) -> bool:
    return gate.difference is not None and math.isfinite(gate.difference.value)


def _against(gate: GateResult) -> str:
    return gate.against if gate.baseline is not None else f"at least {gate.against}"
