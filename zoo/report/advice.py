"""What to try with an encoder that is not blessed, from what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zoo.report.messages import collapses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.types import GateResult, Report, Score, Trained, Verdict

_FEW = 100  # contributions below which an interval is wide whatever they say
_HOPELESS = 30  # times as many rows as there are
_MOST = 3  # opponents or gates that are named


def next_steps(report: Report, verdict: Verdict, trained: Trained) -> Iterator[str]:
    """Sentences without full stops, what is likeliest to help first; none for an encoder that is blessed."""
    missed = [gate for gate in verdict.gates if not gate.passed and not gate.over]
    encoder = next(iter(report.scores))
    if any(collapses(report)):
        yield "dimensions are dead: mend that first, as the note above says"
    elif "its codes are all the same" in report.reasons.get(encoder, {}).values():
        yield "all rows have the same code: lower train.learning_rate, or look at what the loss consists of"
    if any(gate.encoder is not None for gate in missed) and _ends_at_its_best(trained):
        yield f"the validation loss was best in the last epoch: train.epochs={2 * len(trained.history)} may go further"
    yield from _better_opponents(missed)
    yield from _as_good_opponents(missed)
    yield from _narrow(missed, several_seeds=bool(report.seeds))
    yield from _unmeasured(missed, [gate.gate for gate in verdict.gates if not gate.over])


def _ends_at_its_best(trained: Trained) -> bool:
    """Whether no epoch had a lower validation loss than the last, whichever epoch's weights were kept."""
    losses = [epoch.get("val_loss", math.nan) for epoch in trained.history]
    return len(losses) > 1 and all(map(math.isfinite, losses)) and losses[-1] == min(losses)


def _better_opponents(missed: list[GateResult]) -> Iterator[str]:
    """Opponents that are shown to be better."""
    better: dict[str, list[str]] = {}
    for gate in missed:
        if gate.baseline is not None and gate.difference is not None and gate.difference.high < 0:
            better.setdefault(gate.against, []).append(gate.metric)
    for opponent, metrics in list(better.items())[:_MOST]:
        said = f"{opponent} is better in {', '.join(dict.fromkeys(metrics))}"
        if opponent == "untrained":
            yield f"{said}: training made it worse; look at what the loss consists of, or lower train.learning_rate"
        else:
            yield f"{said}: use it where that counts, or give the encoder more dimensions (model.latent_dim) or rows"


def _as_good_opponents(missed: list[GateResult]) -> Iterator[str]:
    """Opponents that scored as high or higher, and are not shown to be better."""
    as_good: dict[str, list[str]] = {}
    for gate in missed:
        score = _open(gate)
        if gate.baseline is not None and gate.against != "untrained" and score is not None and score.value <= 0:
            as_good.setdefault(gate.against, []).append(gate.metric)
    for opponent, metrics in list(as_good.items())[:_MOST]:
        said = ", ".join(dict.fromkeys(metrics))
        yield f"{opponent} is as good in {said}, as far as these rows tell: use it, it costs less"


def _narrow(missed: list[GateResult], *, several_seeds: bool) -> Iterator[str]:
    """Gates whose interval holds what is asked for."""
    found = [(gate, score) for gate in missed if (score := _open(gate)) is not None]
    for gate, score in found[:_MOST]:
        against = gate.against if gate.baseline is None else f"against {gate.against}"
        said = f"{gate.metric} {against} is open: the interval holds what is asked for"
        # an interval is as wide as the root of the rows is large
        missing = ((score.value - score.low) / (score.value - gate.required)) ** 2 if score.value > gate.required else 0
        if several_seeds:
            yield f"{said}; more train.seeds narrow it"
        elif 1 <= missing < _HOPELESS:
            wanted = f"{score.count * missing:,.0f} rows, pairs or queries judge instead of {score.count:,}"
            yield f"{said}; it would show if about {wanted} and it stays (a metric's rows or queries cap them)"
        elif score.count < _FEW:
            yield f"{said}, and only {score.count:,} rows, pairs or queries judge: more of them narrow it"
        else:
            yield f"{said}; more epochs or more training rows may tell"


def _open(gate: GateResult) -> Score | None:
    """What the interval of a gate is of, if that tells neither way."""
    score = gate.difference
    if score is None or not _is_finite(score) or (gate.baseline is not None and score.high < 0):
        return None
    return score if score.high > gate.required else None


def _unmeasured(missed: list[GateResult], gates: list[str]) -> Iterator[str]:
    """Gates that these data, or such codes, have no answer to."""
    names = list(dict.fromkeys(gate.gate for gate in missed if gate.encoder is None))
    if not names:
        return
    said = "what could not be measured needs other data or another gate in its place"
    off = " ".join(f"gates.{name}=null" for name in names)
    yield said if set(names) == set(gates) else f"{said}: {off} takes it off"


def _is_finite(score: Score) -> bool:
    return all(map(math.isfinite, (score.value, score.low, score.high)))
