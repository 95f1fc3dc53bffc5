"""The verdict in one sentence that a person understands who has never heard of a bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zoo.page.material import Material
    from zoo.types import GateResult, Verdict

_NAMED = 4  # opponents or metrics in a sentence


def summary(material: Material) -> dict[str, Any]:
    """What stands on top of a page: name, purpose, verdict, sentence, and a line of facts."""
    verdict = material.verdict
    state = "described" if verdict is None else "blessed" if verdict.blessed else "not blessed"
    return {
        "name": str(material.recipe.get("name", material.encoder.name)),
        "purpose": str(material.recipe.get("purpose", "")),
        "state": state,
        "sentence": _sentence(material),
        "reasons": [] if verdict is None else list(verdict.reasons),
        "notes": list(_notes(material)),
        "facts": list(_facts(material)),
    }


def _sentence(material: Material) -> str:
    verdict, report = material.verdict, material.report
    size = report.dimensions.get(material.encoder.name, 0)
    rows = _rows(material)
    codes = f"the codes of {size:,} numbers a row" if size else "the codes"
    if verdict is None:
        others = list(material.evidence.representations)[1:]
        beside = f", beside {listed(others)}" if others else ""
        return f"Measured on {rows}: {codes}{beside}. Nothing was asked of them, so nothing is passed or failed."
    if not verdict.gates:
        return f"Nothing is proven: {_lowered(verdict.reasons) or 'no gate was asked'}."
    failed = [gate for gate in verdict.gates if not gate.passed]
    if not failed and verdict.blessed:
        return f"On {rows}, {codes} {_won(verdict.gates)}."
    if not failed:
        return f"Nothing is proven: {_lowered(verdict.reasons)}."
    lost = list(dict.fromkeys(gate.against for gate in failed if gate.baseline is not None))
    asked = len(verdict.gates)
    passed = f"{asked - len(failed)} of {asked} comparisons were passed"
    if not lost:
        return f"On {rows}, {codes} did not reach what was asked ({passed})."
    return f"On {rows}, {codes} are not proven to be better than {listed(lost)}, which can be had for free ({passed})."


def _rows(material: Material) -> str:
    """Which rows judge; that they are new to the encoder can be said of one that was trained here, and of no other."""
    total = len(material.splits.test)
    if material.trained is None:
        return f"{total:,} test rows"
    seen = material.splits.seen
    which = "all" if seen == total else f"{seen:,}"
    return f"{total:,} rows, {which} of which it was trained on" if seen else f"{total:,} rows held out of training"


def _won(gates: Sequence[GateResult]) -> str:
    """What was shown, for gates that all passed."""
    compared = [gate for gate in gates if gate.baseline is not None]
    better = sum(gate.required >= 0 for gate in compared)
    reached = [gate.metric for gate in gates if gate.baseline is None]
    parts = []
    if compared:
        times = f"all {len(compared)} comparisons" if len(compared) > 1 else "the one comparison"
        counts = {"better": better, "not noticeably worse": len(compared) - better}
        said = [f"{name} in {count}" if 0 < better < len(compared) else name for name, count in counts.items() if count]
        parts.append(f"passed {times} with {listed(gate.against for gate in compared)}: {', '.join(said)}")
    if reached:
        parts.append(f"reached what was asked for {listed(reached)}")
    return " and ".join(parts)


def _notes(material: Material) -> Iterator[str]:
    verdict, looks = material.verdict, material.report.looks
    if verdict is not None:
        yield from _champion(verdict)
    yield from (f"{note[:1].upper()}{note[1:]}." for note in material.report.notes)
    if looks:
        times = "one encoder, this one" if looks == 1 else f"{looks:,} encoders, this one included"
        more = "" if looks < 20 else "; the best of so many looks better than it is"
        yield f"These test rows have judged {times}{more}."


def _champion(verdict: Verdict) -> Iterator[str]:
    if verdict.beats_champion is False:
        yield f"The present champion stays: {_lowered(verdict.champion_reasons)}."
    elif verdict.champion is not None and verdict.beats_champion:
        yield "It is not worse than the present champion."
    yield from verdict.champion_notes


def _facts(material: Material) -> Iterator[tuple[str, str]]:
    splits = material.splits
    size = material.report.dimensions.get(material.encoder.name)
    yield "data", f"{splits.total:,} {splits.kind.in_words()}"
    fitted = "trained on" if material.trained is not None else "opponents and probes fitted on"
    yield fitted, f"{splits.training_rows:,} rows"
    yield "judged on", f"{len(splits.test):,} rows"
    if size:
        smaller = splits.width / size
        yield "code", f"{size:,} numbers" + (f", {smaller:.1f} times fewer" if smaller > 1.05 else "")
    if material.trained is not None:
        yield "training", f"{len(material.trained.history)} epochs, {material.trained.seconds:,.0f} s"


def listed(names: Iterable[str]) -> str:
    """Such as `raw, pca and untrained`; the last of many as `and 3 more`."""
    distinct = list(dict.fromkeys(map(str, names)))
    if len(distinct) > _NAMED + 1:
        distinct = [*distinct[:_NAMED], f"{len(distinct) - _NAMED} more"]
    return distinct[0] if len(distinct) == 1 else f"{', '.join(distinct[:-1])} and {distinct[-1]}"


def _lowered(reasons: Iterable[str]) -> str:
    return "; ".join(reason.rstrip(".") for reason in reasons)
