"""Several runs: of those that differ in their settings only, validation rows choose one, and test rows judge it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from zoo.environment import code_digest
from zoo.errors import InputError
from zoo.folders import put_in_place
from zoo.keras_settings import zoo_settings
from zoo.launchers.candidate import Candidate
from zoo.pipeline import Pipeline
from zoo.report.tables import SweepRow, sweep_table
from zoo.run_state import claim, digest
from zoo.stages.choosing import LOSS, chosen, passed_over
from zoo.stages.workers import require_alone
from zoo.types import Score

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console, RenderableType

    from zoo.launchers.side_by_side import SideBySide
    from zoo.recipe import Recipe
    from zoo.run_state import RunState
    from zoo.stages.choosing import Tried
    from zoo.stages.result import Result
    from zoo.stages.training import Models
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.types import Splits

BLESSED = "blessed"
_JUDGING = ("metrics", "baselines", "gates", "judge", "choose_by")  # sections of a recipe that say how it is judged


@dataclass(frozen=True)
class _Group:
    """Candidates for one place, on one table.

    Attributes:
        numbers: theirs among the recipes of the sweep.
        pipelines: one for each.
        parts: the state of each.
        splits: the table.
        parent: id of the sweep's tracked run.
    """

    numbers: Sequence[int]
    pipelines: Sequence[Pipeline]
    parts: Sequence[RunState]
    splits: Splits
    parent: str


class Sweep:
    """Runs several recipes under one parent run.

    Recipes of one name and the same data are candidates for the same place: each is trained and scored on the
    validation rows, the best of them alone meets the test rows, and is released if it is blessed. Recipes that differ
    in name or data are judged each by itself. A sweep that was interrupted goes on with the run that it was at.

    Args:
        recipes: what to run, at least one.
        console: where a person reads along.
        side_by_side: trains candidates ahead, each in a process of its own; None trains one after the other in this.
    """

    def __init__(self, recipes: Sequence[Recipe], console: Console, side_by_side: SideBySide | None = None) -> None:
        self.recipes, self.console, self.side_by_side = recipes, console, side_by_side
        self._tables: list[str] = []

    def run(self) -> bool:
        """Runs all, and says whether any encoder was blessed."""
        for recipe in self.recipes:
            require_alone(recipe)
        groups = _groups(self.recipes)
        for group in groups:
            self._require_alike(group)
        first = Pipeline(self.recipes[0], self.console)
        first.tracker.require_writable()
        identity = ("sweep", *(recipe.yaml() for recipe in self.recipes), code_digest([r.config for r in self.recipes]))
        with (
            claim(first.states, *identity) as state,
            first.tracked(state) as parent,
        ):
            parent.log_tags({"zoo.sweep": len(self.recipes)})
            rows = [self._once(group, state, parent) for group in groups]
            if len(rows) > 1:
                self._show(sweep_table("Judged on test rows", rows, _metrics(self.recipes)))
            parent.log_text("\n".join(self._tables), "sweep.txt")
            where = f"parent run {parent.run_id} in {first.tracker.resolved_uri}"
            self.console.print(where, highlight=False, soft_wrap=True)
        return any(row.outcome == BLESSED for row in rows)

    def _once(self, group: Sequence[int], state: RunState, parent: TrackedRun) -> SweepRow:
        """What became of a group, which is not run again once it was judged on the same data."""
        pipelines = [Pipeline(self.recipes[number], self.console, parent.run_id) for number in group]
        self._rule(group[0])
        splits = pipelines[0].read()
        # another table is another run, though the recipe is the same
        names = [digest(str(number), *each.identity(splits)) for number, each in zip(group, pipelines, strict=True)]
        path = state.directory / f"judged_{digest(*names)}.json"
        if path.is_file():
            row, tables = _read(path)
            for table in tables:
                self._tables.append(table)
                self.console.print(Text.from_ansi(table))
            self.console.print(f"{row.overrides}: judged before the interruption, {row.outcome}", markup=False)
            return row
        before = len(self._tables)
        parts = [state.part(each) for each in names]
        overrides, result = self._group(_Group(group, pipelines, parts, splits, parent.run_id))
        outcome = BLESSED if result.verdict.blessed else "not blessed"
        row = SweepRow(overrides, result.report.scores["encoder"], outcome, result.run_id)
        temporary = path.with_suffix(".partial")
        kept = {"row": asdict(row), "tables": self._tables[before:]}
        temporary.write_text(json.dumps(kept), encoding="utf-8")
        put_in_place(temporary, path)
        return row

    def _group(self, group: _Group) -> tuple[str, Result]:
        recipes = [self.recipes[number] for number in group.numbers]
        several = len(recipes) > 1
        for pipeline in group.pipelines[1:]:
            pipeline.read(group.splits)
        voice = group.pipelines[0].voice
        if _differ_in_seed_only(recipes):
            voice.note(
                "the runs differ in their seed only, so a sweep judges the luckiest of them; "
                f"train.seeds={len(recipes)} judges their mean"
            )
        voice.starting_tensorflow()
        with zoo_settings():
            rehearsed: set[str] = set()
            if self.side_by_side is not None and several:
                for pipeline in group.pipelines:  # before hours of training, and not after them
                    _rehearse(pipeline, group.splits, rehearsed)
                self._train_ahead(group, self.side_by_side)
            best, models = self._chosen(group, rehearsed) if several else (0, None)
            pipeline, part = group.pipelines[best], group.parts[best]
            if models is None:
                _rehearse(pipeline, group.splits, rehearsed)
            with pipeline.tracked(part) as run:
                models = models or pipeline.train(group.splits, part, run)
                return self._named(group.numbers[best]), pipeline.judge(group.splits, models, part, run)

    def _train_ahead(self, group: _Group, side_by_side: SideBySide) -> None:
        """Trains several side by side; what follows takes each up where it ended."""
        candidates = [
            Candidate(
                pipeline.recipe, self._named(number), part, group.parent, digest(*pipeline.identity(group.splits))
            )
            for number, pipeline, part in zip(group.numbers, group.pipelines, group.parts, strict=True)
        ]
        voice = group.pipelines[0].voice
        voice.step(f"training {len(candidates)} candidates, {side_by_side}")
        side_by_side.train(candidates, voice.say)

    def _chosen(self, group: _Group, rehearsed: set[str]) -> tuple[int, Models | None]:
        """The best of several on the validation rows, and its trained models if they are still in memory."""
        numbers, pipelines, splits = group.numbers, group.pipelines, group.splits
        trials: list[Tried] = []
        runs: list[TrackedRun] = []
        best, kept = 0, None
        for number, pipeline, part in zip(numbers, pipelines, group.parts, strict=True):
            if trials:
                self._rule(number)
            _rehearse(pipeline, splits, rehearsed)
            with pipeline.tracked(part) as run:
                models = pipeline.train(splits, part, run)
                trials.append(pipeline.try_out(splits, models, run))
            runs.append(run)
            now, by = chosen(pipelines[0].recipe, trials)
            if now == len(trials) - 1:
                kept = models
            elif now != best:
                kept = None  # another metric chooses now; the state on disk has the models still
            best = now
        for place, run in enumerate(runs):
            run.log_tags({"zoo.chosen": place == best, "zoo.chosen_by": by})
        rows = [
            SweepRow(
                self._named(number),
                trial.report.scores["encoder"],
                "chosen" if place == best else "",
                run.run_id,
                trial.loss,
            )
            for place, (number, trial, run) in enumerate(zip(numbers, trials, runs, strict=True))
        ]
        title = f"{pipelines[0].recipe.name}: encoders on the {len(splits.validation):,} validation rows"
        scored = dict.fromkeys(metric for trial in trials for metric in trial.report.scores["encoder"])
        self._show(sweep_table(title, rows, list(scored)))
        for note in passed_over(pipelines[0].recipe, trials, by):
            pipelines[best].voice.note(note)
        criterion = "validation loss (it compares encoders of one loss only)" if by == LOSS else by
        pipelines[best].voice.say(
            f"chosen by {criterion}: {self._named(numbers[best])}; it alone is judged on the test rows", style="bold"
        )
        return best, kept

    def _require_alike(self, group: Sequence[int]) -> None:
        """Raises InputError for candidates of one place that would not be judged alike, so that none can be chosen."""
        first = self.recipes[group[0]]
        for number in group[1:]:
            other = self.recipes[number]
            differ = [each for each in _JUDGING if first.config[each] != other.config[each]]
            if differ:
                raise InputError(
                    f"{first.name}: {self._named(group[0]) or 'run 1'} and {self._named(number)} differ in "
                    f"{', '.join(differ)}. Runs of one name and the same data are candidates for one place, and the "
                    f"best is chosen by what judges them all: sweep over other keys, or run these one by one, each "
                    f"with a name of its own (name=NAME)"
                )

    def _named(self, number: int) -> str:
        """What a run of the sweep differs in from the others."""
        shared = (
            set.intersection(*(set(recipe.overrides) for recipe in self.recipes)) if len(self.recipes) > 1 else set()
        )
        recipe = self.recipes[number]
        named = [f"recipe={recipe.name}"] if len({each.name for each in self.recipes}) > 1 else []
        return " ".join([*named, *(each for each in recipe.overrides if each not in shared)])

    def _rule(self, number: int) -> None:
        self.console.rule(escape(f"{number + 1} of {len(self.recipes)}: {self._named(number)}"))

    def _show(self, table: RenderableType) -> None:
        with self.console.capture() as captured:
            self.console.print(table)
        self._tables.append(captured.get())
        self.console.print(table)


def _groups(recipes: Sequence[Recipe]) -> list[list[int]]:
    """Numbers of the recipes that are candidates for the same place."""
    groups: dict[str, list[int]] = {}
    for number, recipe in enumerate(recipes):
        key = json.dumps([recipe.name, recipe.config["data"]], sort_keys=True, default=str)
        groups.setdefault(key, []).append(number)
    return list(groups.values())


def _differ_in_seed_only(recipes: Sequence[Recipe]) -> bool:
    configs = [{key: value for key, value in recipe.config.items() if key != "seed"} for recipe in recipes]
    return len(recipes) > 1 and all(config == configs[0] for config in configs)


def _metrics(recipes: Sequence[Recipe]) -> list[str]:
    return list(dict.fromkeys(metric for recipe in recipes for metric in recipe.config["metrics"]))


def _exported(recipe: Recipe) -> str:
    """What a rehearsal of the export depends on."""
    return json.dumps([recipe.config["model"], recipe.config["export"]], sort_keys=True, default=str)


def _rehearse(pipeline: Pipeline, splits: Splits, rehearsed: set[str]) -> None:
    """Tries the export of a candidate, unless that of one like it was tried."""
    exported = _exported(pipeline.recipe)
    if exported not in rehearsed:
        rehearsed.add(exported)
        pipeline.rehearse(splits)


def _read(path: Path) -> tuple[SweepRow, list[str]]:
    kept = json.loads(path.read_text(encoding="utf-8"))
    told = kept["row"]
    scores = {name: score and Score(**score) for name, score in told.pop("scores").items()}
    return SweepRow(scores=scores, **told), list(kept["tables"])
