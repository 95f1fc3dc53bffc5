"""Gates: from a report to a verdict. They fail closed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zoo.types import GateResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.types import Gate, Report, Score


def decide(report: Report, gates: Mapping[str, Gate], encoder: str, champion: str | None = None) -> Verdict:
    """Holds a report against a recipe's gates.

    Args:
        report: of the encoder, the baselines and, if there is one, the champion.
        gates: by name.
        encoder: the encoder's name in the report.
        champion: the present champion's name in the report.

    Returns:
        The verdict. Without a gate, with a metric missing or a value that is not finite, the encoder is not blessed.
    """
    results = tuple(result for name, gate in gates.items() for result in _results(report, name, gate, encoder))
    reasons = tuple(result.reason for result in results if not result.passed)
    if not results:
        reasons = ("the recipe has no gate, so nothing shows that the encoder is better than what is free",)
    worse = tuple(_worse_than_champion(report, gates, champion)) if champion else ()
    return Verdict(
        blessed=not reasons,
        gates=results,
        reasons=reasons,
        champion=champion,
        beats_champion=None if champion is None else bool(results) and not worse,
        champion_reasons=worse,
        champion_notes=tuple(_not_the_champions(report, gates, champion)) if champion else (),
    )


def _results(report: Report, name: str, gate: Gate, encoder: str) -> Iterator[GateResult]:
    own = report.scores.get(encoder, {}).get(gate.metric)
    if gate.at_least is not None:
        reason = _shortfall(own, gate.at_least, inclusive=True)
        explained = reason and f"{name}: {gate.metric} {reason}"
        against = f"at least {gate.at_least:g}"
        yield GateResult(name, gate.metric, against, own, None, own, gate.at_least, not reason, explained)
    if gate.at_least is None and not gate.beats:
        asks = f"{name}: asks for nothing; give it beats or at_least"
        yield GateResult(name, gate.metric, "nothing", own, None, None, gate.margin, passed=False, reason=asks)
    for baseline in gate.beats:
        other = report.scores.get(baseline, {}).get(gate.metric)
        difference = report.differences.get(baseline, {}).get(gate.metric)
        reason = _shortfall(difference, gate.margin, inclusive=False)
        explained = reason and f"{name}: {gate.metric} against {baseline} {reason}"
        yield GateResult(name, gate.metric, baseline, own, other, difference, gate.margin, not reason, explained)


def _shortfall(score: Score | None, required: float, *, inclusive: bool) -> str:
    """Why a lower bound does not pass; empty if it does."""
    if score is None:
        return "could not be measured"
    if math.isfinite(score.value) and math.isnan(score.low) and math.isnan(score.high):
        return (
            f"is {score.value:.3f} but has no interval: too few of the {score.count} rows, pairs or queries that it "
            f"counts are of one kind (an anomaly, a class), so resamples say nothing of others; more of them are needed"
        )
    if not all(math.isfinite(bound) for bound in (score.value, score.low, score.high)):
        return "is not a finite number"
    if score.low > required or (inclusive and score.low == required):
        return ""
    must = "reach" if inclusive else "exceed"
    return f"is {score}: the lower bound must {must} {required:g}, {required - score.low:.4f} are missing"


def _worse_than_champion(report: Report, gates: Mapping[str, Gate], champion: str) -> Iterator[str]:
    """Metrics on which the whole interval of the difference to the champion lies below 0.

    Those of the gates; where the champion has no value of any of them, all others that rank and that both have.
    """
    differences = report.differences.get(champion, {})
    asked = {gate.metric for gate in gates.values() if report.directions.get(gate.metric, True) is not None}
    left = asked - set(_without_value(report, gates, champion))
    for metric in sorted(left if left or not asked else differences):
        difference = differences.get(metric)
        if difference is None or not math.isfinite(difference.high):
            yield f"{metric} could not be compared with the champion's"
        elif difference.high < 0:
            yield f"{metric} is worse than the champion's by {difference}"


def _not_the_champions(report: Report, gates: Mapping[str, Gate], champion: str) -> Iterator[str]:
    for metric in _without_value(report, gates, champion):
        yield f"{metric} does not decide between the two: the champion has no value of it on these rows"


def _without_value(report: Report, gates: Mapping[str, Gate], champion: str) -> list[str]:
    """Metrics of the gates that were put to the champion and do not apply to it; no later encoder could change that."""
    scores = report.scores.get(champion, {})
    return sorted({gate.metric for gate in gates.values() if scores.get(gate.metric, gate) is None})
