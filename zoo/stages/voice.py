"""What a run says to the person who reads along."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import as_utf8
from zoo.report.fields_table import fields_table
from zoo.report.messages import judged_so_far, notes
from zoo.report.progress import ProgressReport
from zoo.report.seeds_table import seeds_table
from zoo.report.tables import folds_table, report_table, verdict_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from rich.console import Console, RenderableType

    from zoo.types import Exported, Listener, Report, Splits, Trained, Verdict


class Voice:
    """Says on a console how a run goes.

    Args:
        console: where a person reads along.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str, style: str = "") -> None:
        """One line, as it is: a path or an override may well hold square brackets."""
        self._console.print(as_utf8(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def show(self, table: RenderableType) -> None:
        """A table."""
        self._console.print(table)

    def step(self, text: str) -> None:
        """What is done now, where that takes seconds."""
        self.say(f"{text} ...", style="dim")

    def starting_tensorflow(self) -> None:
        """TensorFlow is about to be imported, unless it is there."""
        if "tensorflow" not in sys.modules:
            self.step("starting TensorFlow")

    def note(self, text: str) -> None:
        """What the owner of the data or of the recipe would want to know."""
        self.say(f"note: {text}", style="yellow")

    def progress(self) -> Listener:
        """A listener that shows how training goes."""
        return ProgressReport(self._console)

    def starts(self, name: str, splits: Splits) -> None:
        """What was read, and what will be used for what."""
        for note in splits.notes:
            self.note(note)
        self.say(f"{name}: {splits.total:,} {splits.kind.in_words()} ({splits.in_parts})")

    def trained(self, trained: Trained) -> None:
        """How training went."""
        for note in trained.notes:
            self.note(note)
        taken_up = f", taken up at epoch {trained.resumed_epoch + 1}" if trained.resumed_epoch else ""
        kept = f"those of epoch {trained.best_epoch + 1}" if trained.best_epoch >= 0 else "the first ones"
        short = "" if trained.precision == "float32" else f", computing in {trained.precision}"
        time = f"{len(trained.history)} epochs in {trained.seconds:.1f} s"
        self.say(f"trained {time}{taken_up}{short}; the weights are {kept}")

    def seed(self, number: int, count: int, seed: int) -> None:
        """A model of another seed begins."""
        self.say(f"model {number} of {count}: seed {seed}")

    def fold(self, number: int, count: int, fold: Splits) -> None:
        """A fold of a cross-validation begins."""
        self.say(f"fold {number} of {count}: {len(fold.train):,} to train, {len(fold.test):,} held out")

    def folds(self, reports: Sequence[Report], together: Report) -> None:
        """What the folds came to, one by one and together."""
        self._console.print(folds_table(reports))
        self._console.print(report_table(together))

    def judged(self, report: Report, verdict: Verdict) -> None:
        """The scores and the gates."""
        if report.scale != "none":
            self.note(
                "opponents and metrics see the columns standardised, since their units differ (judge.scale=none judges "
                "them as they are); the encoder is given rows in their own units"
            )
        self._console.print(report_table(report))
        if report.seeds:
            self._console.print(seeds_table(report))
        self._console.print(verdict_table(verdict))
        if report.fields is not None:
            self.show(fields_table(report.fields))
        self.say(judged_so_far(report))
        for note in (*verdict.champion_notes, *notes(report)):
            self.note(note)

    def exporting(self) -> AbstractContextManager[object]:
        """Shows that the export is under way."""
        text = "exporting, and verifying by serving it in a fresh process"
        if self._console.is_terminal:
            return self._console.status(text)
        self.step(text)
        return nullcontext()

    def verified(self, candidate: Exported) -> None:
        """An export gives the values it should."""
        self.say(
            f"exported {', '.join(candidate.signatures)}; served without the zoo, over gRPC and REST, it gives the "
            f"same values (largest difference {candidate.largest_difference:.1e})"
        )

    def not_blessed(
        self, run: str, verdict: Verdict, page: str | None = None, advice: Iterable[str] = (), spec: str = ""
    ) -> None:
        """Why an encoder is not registered, and what to try.

        Args:
            run: where the run is.
            verdict: with the reasons.
            page: where the report page is.
            advice: what to try.
            spec: what `zoo.load` finds the encoder by, if it begins with runs:/.
        """
        kept = spec.startswith("runs:/")
        said = "kept with its run" if kept else "in memory only"
        self.say(f"not blessed: {said}, not registered, not put into the store", style="bold red")
        for reason in verdict.reasons:
            self.say(f"  {reason}")
        steps = list(advice)
        if steps:
            self.say("what to try:")
        for step in steps:
            self.say(f"  {step}")
        self.say(f"run     {run}")
        if page:
            self.say(f"report  {_from_here(page)}")
        if kept:
            self.say(f'\n    import zoo; encoder = zoo.load("{spec}")  # says that it is not blessed')

    def blessed(
        self,
        run: str,
        verdict: Verdict,
        *,
        name: str,
        version: int,
        promoted: bool,
        directory: Path | None,
        store: str,
        code: str,
        page: str | None = None,
    ) -> None:
        """Where a registered encoder went, and how to use it."""
        canary = f"python -m zoo.push {name}/{version} target={store}"
        went = [
            f"version   {name} {version}" + (", now the champion" if promoted else ", the champion stays"),
            *(f"          {reason}" for reason in verdict.champion_reasons),
            f"exported  {directory}"
            if directory
            else f"exported  to the registry only; `{canary}` serves it as a canary, and to who asks for no label",
        ]
        self._good_end(run, went, page, name if promoted else f"{name}/{version}", code)

    def not_published(self, run: str, why: str, spec: str, code: str, page: str | None = None) -> None:
        """Where a blessed encoder is kept that is not to be registered, why not, and how to use or register it."""
        went = [f"kept      with its run, not published: {why}; `python -m zoo.publish {spec}` does it"]
        self._good_end(run, went, page, spec, code)

    def _good_end(self, run: str, went: Iterable[str], page: str | None, spec: str, code: str) -> None:
        self.say("blessed: every gate passed", style="bold green")
        lines = [
            f"run       {run}",
            *went,
            *([f"report    {_from_here(page)}"] if page else []),
            "",
            f'    import zoo; encoder = zoo.load("{spec}")',
            f"    codes = encoder.encode(rows)  # {code}",
        ]
        for line in lines:
            self.say(line)


def _from_here(page: str) -> str:
    """A path below the present folder, in short."""
    path = Path(page)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else page
