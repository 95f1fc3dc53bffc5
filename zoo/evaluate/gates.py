"""Gates: from a report to a verdict. They fail closed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from zoo.types import GateResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.types import Gate, Report, Score


_CHAMPION_MARGIN = 0.01  # of a share, a correlation, an AUROC; of a score beyond 1 (nats), that part of the champion's


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
    compared = tuple(_against_champion(report, gates, champion)) if champion else ()
    behind = tuple(result.reason for result in compared if not result.passed)
    return Verdict(
        blessed=not reasons,
        gates=results,
        reasons=reasons,
        champion=champion,
        beats_champion=None if champion is None else bool(results) and not behind,
        champion_reasons=behind,
        champion_notes=tuple(_not_the_champions(report, gates, champion)) if champion else (),
        champion_gates=compared,
    )


def both(verdict: Verdict, other: Verdict, where: str) -> Verdict:
    """A verdict that blesses only what another one blesses too.

    Args:
        verdict: on the encoder itself; what it says of the champion stays.
        other: of the same gates, on other rows.
        where: what those rows are, to be put beside the names of its gates.
    """
    gates = tuple(replace(each, gate=f"{each.gate} ({where})", over=where) for each in other.gates)
    reasons = (*verdict.reasons, *(f"over {where}: {reason}" for reason in other.reasons))
    return replace(verdict, blessed=not reasons, gates=(*verdict.gates, *gates), reasons=reasons)


def _results(report: Report, name: str, gate: Gate, encoder: str) -> Iterator[GateResult]:
    own = report.scores.get(encoder, {}).get(gate.metric)
    if gate.at_least is not None:
        reason = _shortfall(own, gate.at_least, inclusive=True)
        explained = reason and f"{name}: {gate.metric} {reason}{_because(report, gate, encoder)}"
        against = f"at least {gate.at_least:g}"
        yield GateResult(name, gate.metric, against, own, None, own, gate.at_least, not reason, explained)
    if gate.at_least is None and not gate.beats:
        asks = f"{name}: asks for nothing; give it beats or at_least"
        yield GateResult(name, gate.metric, "nothing", own, None, None, gate.margin, passed=False, reason=asks)
    for baseline in gate.beats:
        other = report.scores.get(baseline, {}).get(gate.metric)
        difference = report.differences.get(baseline, {}).get(gate.metric)
        reason = _shortfall(difference, gate.margin, inclusive=False)
        explained = reason and f"{name}: {gate.metric} against {baseline} {reason}{_because(report, gate, encoder)}"
        yield GateResult(name, gate.metric, baseline, own, other, difference, gate.margin, not reason, explained)


def _because(report: Report, gate: Gate, encoder: str) -> str:
    """Why the encoder has no value of the gate's metric; "" if it has one."""
    reason = report.reasons.get(encoder, {}).get(gate.metric)
    return f": {reason}" if reason else ""


def _shortfall(score: Score | None, required: float, *, inclusive: bool) -> str:
    """Why a lower bound does not pass; empty if it does."""
    if score is None:
        return "could not be measured"
    if math.isfinite(score.value) and math.isnan(score.low) and math.isnan(score.high):
        return (
            f"is {score.value:.3f} but has no interval: too few of the {score.count} rows, pairs or queries that it "
            f"counts are of one kind (an anomaly, a class), or all pairs share an item, so resamples say nothing of "
            f"others; more of them are needed"
        )
    if not all(math.isfinite(bound) for bound in (score.value, score.low, score.high)):
        return "is not a finite number"
    if score.low > required or (inclusive and score.low == required):
        return ""
    must = "reach" if inclusive else "exceed"
    return f"is {score}: the lower bound must {must} {required:g}, {required - score.low:.4f} are missing"


def _against_champion(report: Report, gates: Mapping[str, Gate], champion: str) -> Iterator[GateResult]:
    """Whether each metric is shown to be not worse than the champion's by more than its margin (non-inferiority).

    The metrics are those of the gates; where the champion has no value of any of them, all others that rank and that
    both have.
    """
    differences = report.differences.get(champion, {})
    asked = {gate.metric for gate in gates.values() if report.directions.get(gate.metric, True) is not None}
    left = asked - set(_without_value(report, gates, champion))
    for metric in sorted(left if left or not asked else differences):
        own, other = (report.scores.get(name, {}).get(metric) for name in (next(iter(report.scores)), champion))
        required = -_champion_margin(metric, gates, other)
        difference = differences.get(metric)
        reason = _behind(metric, difference, required)
        yield GateResult("champion", metric, champion, own, other, difference, required, not reason, reason)


def _champion_margin(metric: str, gates: Mapping[str, Gate], champions: Score | None) -> float:
    """The narrowest of those that the metric's gates state; else a hundredth of what the score is measured by."""
    given = [gate.champion_margin for gate in gates.values() if gate.metric == metric]
    stated = [each for each in given if each is not None]
    if stated:
        return min(stated)
    return _CHAMPION_MARGIN * max(1.0, abs(champions.value) if champions and math.isfinite(champions.value) else 1.0)


def _behind(metric: str, difference: Score | None, required: float) -> str:
    """Why an encoder does not take the champion's place; empty if the metric allows it to."""
    if difference is None or not all(map(math.isfinite, (difference.value, difference.low, difference.high))):
        return f"{metric} could not be compared with the champion's"
    if difference.low >= required:
        return ""
    if difference.high < 0:
        return f"{metric} is worse than the champion's by {difference}"
    return (
        f"{metric} may be worse than the champion's by more than {-required:.3g}: the difference is {difference} "
        f"(more held-out rows make the interval narrower; champion_margin of the gate allows more)"
    )


def _not_the_champions(report: Report, gates: Mapping[str, Gate], champion: str) -> Iterator[str]:
    for metric in _without_value(report, gates, champion):
        yield f"{metric} does not decide between the two: the champion has no value of it on these rows"


def _without_value(report: Report, gates: Mapping[str, Gate], champion: str) -> list[str]:
    """Metrics of the gates that were put to the champion and do not apply to it; no later encoder could change that."""
    scores = report.scores.get(champion, {})
    return sorted({gate.metric for gate in gates.values() if scores.get(gate.metric, gate) is None})
