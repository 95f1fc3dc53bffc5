"""The tables at the end of a run."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zoo.types import Report, Score, Verdict


def report_table(report: Report) -> Table:
    """Representations x metrics, each score above its interval."""
    level = f"{report.confidence:.0%}"
    table = Table(
        title=f"Held-out rows, {level} intervals ({report.resamples} bootstrap resamples)",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        show_lines=False,
    )
    table.add_column("representation")
    table.add_column("dim", justify="right")
    for metric in report.units:
        table.add_column(escape(f"{metric}\n({report.units[metric]})"), justify="right")
    for name, scores in report.scores.items():
        style = "bold" if name == "encoder" else ""
        cells = [_cell(scores.get(metric)) for metric in report.units]
        table.add_row(escape(name), str(report.dimensions[name]), *cells, style=style)
    return table


def verdict_table(verdict: Verdict) -> Table:
    """The verdict, comparison by comparison."""
    table = Table(title="Gates", box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("gate", "metric", "against"):
        table.add_column(column)
    for column in ("encoder", "baseline", "difference", "must exceed"):
        table.add_column(column, justify="right")
    table.add_column("passed")
    for result in verdict.gates:
        table.add_row(
            escape(result.gate),
            escape(result.metric),
            escape(result.against),
            _value(result.encoder),
            _value(result.baseline),
            "-" if result.difference is None else escape(str(result.difference)),
            f"{result.required:g}",
            "[green]yes[/green]" if result.passed else "[red]no[/red]",
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


def folds_table(reports: Sequence[Report]) -> Table:
    """Mean and standard deviation over the folds, representations x metrics."""
    first = reports[0]
    table = Table(
        title=f"Mean and standard deviation over {len(reports)} folds", box=box.SIMPLE_HEAD, title_justify="left"
    )
    table.add_column("representation")
    for metric in first.units:
        table.add_column(escape(f"{metric}\n({first.units[metric]})"), justify="right")
    found = {(representation, metric): values for representation, metric, values in fold_scores(reports)}
    for name in first.scores:
        cells = [
            f"{_number(fmean(values))}\n± {_number(stdev(values))}" if (values := found.get((name, metric))) else "-"
            for metric in first.units
        ]
        table.add_row(escape(name), *cells, style="bold" if name == "encoder" else "")
    return table


def sweep_table(rows: Iterable[tuple[str, Report, Verdict, str]], metrics: Sequence[str]) -> Table:
    """One line a run of a sweep: its overrides, the encoder's scores, the verdict."""
    table = Table(title="Sweep", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("overrides")
    for metric in metrics:
        table.add_column(metric, justify="right")
    table.add_column("verdict")
    table.add_column("run")
    for overrides, report, verdict, run_id in rows:
        cells = [_cell(report.scores["encoder"].get(metric)) for metric in metrics]
        table.add_row(escape(overrides), *cells, "blessed" if verdict.blessed else "not blessed", run_id[:8])
    return table


def _cell(score: Score | None) -> str:
    if score is None:
        return "-"
    return f"{_number(score.value)}\n{_number(score.low)}..{_number(score.high)}"


def _value(score: Score | None) -> str:
    return "-" if score is None else _number(score.value)


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
