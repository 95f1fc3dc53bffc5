"""The tables at the end of a run, in a form that fits the terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from zoo.report.fitting import FirstThatFits, InParts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from zoo.types import GateResult, Report, Score, Verdict

_LOSS = "validation\nloss"


def report_table(report: Report) -> RenderableType:
    """Representations x metrics, each score above its interval; metrics x representations on a narrow terminal."""
    table = _titled(report)
    _text_columns(table, "representation")
    _number_columns(
        table,
        "dim\nbytes" if report.bytes_per_row else "dim",
        *(f"{metric}\n({unit})" for metric, unit in report.units.items()),
    )
    for name, scores in report.scores.items():
        cells = [_marked(report, name, metric, scores.get(metric)) for metric in report.units]
        table.add_row(escape(name), _size(report, name, ""), *cells, style=_style(name))
    fitted = FirstThatFits(table, InParts(list(report.scores), partial(_transposed, report)))
    return Group(fitted, Text(_legend(report), style="dim"), Text()) if report.best else fitted


def _legend(report: Report) -> str:
    level = 1 - report.confidence
    return (
        f"* as good as the best of its metric: the difference is not significant "
        f"({level:.0%}, Holm-corrected over the metric's comparisons with the best)"
    )


def _marked(report: Report, name: str, metric: str, score: Score | None) -> str:
    cell = _cell(score)
    if name not in report.best.get(metric, ()):
        return cell
    value, _, interval = cell.partition("\n")
    return f"{value}*\n{interval}"


def _transposed(report: Report, representations: Sequence[str], *, is_first: bool) -> Table:
    table = _titled(report) if is_first else _table("")
    _text_columns(table, "metric\n(unit)")
    for name in representations:
        _number_columns(table, f"{name}\n({_size(report, name, ' dim')})", style=_style(name))
    for metric, unit in report.units.items():
        cells = [_marked(report, name, metric, report.scores[name].get(metric)) for name in representations]
        table.add_row(escape(f"{metric}\n({unit})"), *cells)
    return table


def _size(report: Report, name: str, dimensions: str) -> str:
    """Dimensions, and below them the bytes that a row takes."""
    size = f"{report.dimensions[name]}{dimensions}"
    return f"{size}\n{report.bytes_per_row[name]:,} B" if name in report.bytes_per_row else size


def _titled(report: Report) -> Table:
    return _table(f"Test rows, {report.confidence:.0%} intervals ({report.resamples} resamples)")


def differences_table(report: Report) -> RenderableType:
    """The first representation's paired differences to the others, where no gate asks for them."""
    first = next(iter(report.scores))
    table = _table("Paired differences, positive where the first is better")
    _text_columns(table, "metric", "first", "other")
    _number_columns(table, "difference\ninterval", "p\n(Holm)")
    for metric in report.units:
        for name, differences in report.differences.items():
            if (difference := differences.get(metric)) is not None:
                p = report.adjusted.get(name, {}).get(metric)
                chance = "-" if p is None or math.isnan(p) else f"{p:.3f}"
                table.add_row(escape(metric), escape(first), escape(name), _cell(difference), chance)
    return table


def verdict_table(verdict: Verdict) -> RenderableType:
    """The verdict, comparison by comparison."""
    return FirstThatFits(
        _wide_verdict(verdict), _narrow_verdict(verdict, scores=True), _narrow_verdict(verdict, scores=False)
    )


def _wide_verdict(verdict: Verdict) -> Table:
    table = _table("Gates")
    _text_columns(table, "gate", "metric", "against")
    _number_columns(table, "encoder", "baseline", "difference", "must exceed")
    table.add_column("passed")
    for result in (*verdict.gates, *verdict.champion_gates):
        table.add_row(
            escape(result.gate),
            escape(result.metric),
            escape(result.against),
            _value(result.encoder),
            _value(result.baseline),
            "-" if result.difference is None else escape(str(result.difference)),
            f"{result.required:g}",
            _passed(result),
        )
    return table


def _narrow_verdict(verdict: Verdict, *, scores: bool) -> Table:
    """Two lines a comparison; without the scores, the table above has them."""
    table = _table("Gates" if scores else "Gates (the scores are in the table above)")
    _text_columns(table, "gate\nmetric")
    _text_columns(table, "against\nmust exceed")
    if scores:
        _number_columns(table, "encoder\nbaseline")
    _number_columns(table, "difference\ninterval")
    table.add_column("passed" if scores else "ok")
    for result in (*verdict.gates, *verdict.champion_gates):
        table.add_row(
            escape(f"{result.gate}\n{result.metric}"),
            f"{escape(result.against)}\n{result.required:g}",
            *([f"{_value(result.encoder)}\n{_value(result.baseline)}"] if scores else []),
            _cell(result.difference),
            _passed(result),
        )
    return table


def fold_scores(reports: Sequence[Report]) -> Iterator[tuple[str, str, list[float]]]:
    """Representation, metric and its score in each fold, where every fold has one."""
    for representation in reports[0].scores:
        for metric in reports[0].units:
            scores = [report.scores[representation].get(metric) for report in reports]
            values = [score.value for score in scores if score is not None]
            if len(values) == len(reports):
                yield representation, metric, values


def folds_table(reports: Sequence[Report]) -> RenderableType:
    """Mean and standard deviation over the folds, representations x metrics."""
    first = reports[0]
    found = {(representation, metric): values for representation, metric, values in fold_scores(reports)}

    def table(metrics: Sequence[str], *, is_first: bool) -> Table:
        made = _table(f"Mean and standard deviation over {len(reports)} folds" if is_first else "")
        _text_columns(made, "representation")
        _number_columns(made, *(f"{metric}\n({first.units[metric]})" for metric in metrics))
        for name in first.scores:
            cells = [
                f"{_number(fmean(values))}\n± {_number(stdev(values))}"
                if (values := found.get((name, metric)))
                else "-"
                for metric in metrics
            ]
            made.add_row(escape(name), *cells, style=_style(name))
        return made

    return InParts(list(first.units), table)


@dataclass(frozen=True)
class SweepRow:
    """A run of a sweep.

    Attributes:
        overrides: what it differs in from the others.
        scores: the encoder's, by metric.
        outcome: what became of it, in a word or two.
        run_id: of its tracked run.
        loss: its validation loss, where that is of interest.
    """

    overrides: str
    scores: Mapping[str, Score | None]
    outcome: str
    run_id: str
    loss: float | None = None


def sweep_table(title: str, rows: Sequence[SweepRow], metrics: Sequence[str]) -> RenderableType:
    """One line a run: its overrides, the encoder's scores, what became of it."""
    columns = [*metrics, *([_LOSS] if any(row.loss is not None for row in rows) else [])]

    def table(chosen: Sequence[str], named: Sequence[str], *, is_first: bool) -> Table:
        made = _table(title if is_first else "")
        _text_columns(made, "overrides")
        _number_columns(made, *chosen)
        _text_columns(made, "outcome", "run")
        for name, row in zip(named, rows, strict=True):
            cells = [f"{row.loss:.4g}" if each == _LOSS else _cell(row.scores.get(each)) for each in chosen]
            made.add_row(escape(name), *cells, row.outcome, row.run_id[:8])
        return made

    numbers = [str(number) for number in range(1, len(rows) + 1)]
    legend = [Text(f"{number}  {row.overrides}") for number, row in zip(numbers, rows, strict=True)]
    in_parts = InParts(columns, lambda chosen, *, is_first: table(chosen, numbers, is_first=is_first))
    return FirstThatFits(table(columns, [row.overrides for row in rows], is_first=True), Group(in_parts, *legend))


def _table(title: str) -> Table:
    return Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")


def _text_columns(table: Table, *names: str) -> None:
    for name in names:
        table.add_column(escape(name), overflow="fold")


def _number_columns(table: Table, *names: str, style: str = "") -> None:
    for name in names:
        table.add_column(escape(name), justify="right", overflow="fold", style=style)


def _style(representation: str) -> str:
    return "bold" if representation == "encoder" else ""


def _passed(result: GateResult) -> str:
    return "[green]yes[/green]" if result.passed else "[red]no[/red]"


def _cell(score: Score | None) -> str:
    if score is None:
        return "-"
    return f"{_number(score.value)}\n{_number(score.low)}..{_number(score.high)}"


def _spread(values: list[float] | None) -> str:
    return "-" if values is None else f"{_number(fmean(values))}\n± {_number(stdev(values))}"


def _value(score: Score | None) -> str:
    return "-" if score is None else _number(score.value)


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
