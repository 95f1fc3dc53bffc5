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
    missed = [gate for gate in verdict.gates if not gate.passed]
    encoder = next(iter(report.scores))
    if any(collapses(report)):
        yield "dimensions are dead: mend that first, as the note above says"
    elif "its codes are all the same" in report.reasons.get(encoder, {}).values():
        yield "all rows have the same code: lower train.learning_rate, or look at what the loss consists of"
    if missed and trained.history and trained.best_epoch == len(trained.history) - 1:
        yield f"the validation loss was best in the last epoch: train.epochs={2 * len(trained.history)} may go further"
    yield from _better_opponents(missed)
    yield from _narrow(missed)
    yield from _unmeasured(missed)


def _better_opponents(missed: list[GateResult]) -> Iterator[str]:
    """Opponents that are shown to be better."""
    better: dict[str, list[str]] = {}
    for gate in missed:
        if gate.baseline is not None and gate.difference is not None and gate.difference.high < 0:
            better.setdefault(gate.against, []).append(gate.metric)
    for opponent, metrics in list(better.items())[:_MOST]:
        yield (
            f"{opponent} is better in {', '.join(dict.fromkeys(metrics))}, and free: use it where that counts, or give "
            f"the encoder more dimensions (model.latent_dim) or rows"
        )


def _narrow(missed: list[GateResult]) -> Iterator[str]:
    """Gates whose interval holds what is asked for."""
    for gate in [each for each in missed if _is_open(each)][:_MOST]:
        score = gate.difference
        assert score is not None  # noqa: S101  for the type checker
        said = f"{gate.metric} against {gate.against} is open: the interval holds what is asked for"
        # an interval is as wide as the root of the rows is large
        missing = ((score.value - score.low) / (score.value - gate.required)) ** 2 if score.value > gate.required else 0
        if 1 <= missing < _HOPELESS:
            wanted = f"{score.count * missing:,.0f} rows, pairs or queries that judge instead of {score.count:,}"
            yield f"{said}; about {wanted} would show it, if the difference stays"
        elif score.count < _FEW:
            yield f"{said}, and only {score.count:,} rows, pairs or queries judge: more of them narrow it"
        else:
            yield f"{said}; more epochs or more training rows may tell"


def _is_open(gate: GateResult) -> bool:
    score = gate.difference
    if score is None or not _is_finite(score) or (gate.baseline is not None and score.high < 0):
        return False
    return score.high > gate.required


def _unmeasured(missed: list[GateResult]) -> Iterator[str]:
    """Gates that these data have no answer to."""
    names = [gate.gate for gate in missed if gate.encoder is None]
    if names:
        off = " ".join(f"gates.{name}=null" for name in dict.fromkeys(names))
        yield f"what could not be measured needs other data, or another gate in its place: {off} takes it off"


def _is_finite(score: Score) -> bool:
    return all(map(math.isfinite, (score.value, score.low, score.high)))
