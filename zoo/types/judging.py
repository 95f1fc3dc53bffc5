"""What judging works with and comes to: metrics, baselines, scores, gates and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandas import DataFrame

    from zoo.types.capabilities import Representation
    from zoo.types.fields import FieldsReport
    from zoo.types.numbers import Doubles, NonNegativeFloat, Rows
    from zoo.types.tables import Splits
    from zoo.types.training import Trained


class Baseline(Protocol):
    """Something a user has for free; fitted on training rows, it gives a representation.

    One that does not take every table has a method `require(name, splits)` too, which raises `zoo.errors.InputError`
    before anything is trained; `name` is what the recipe calls it.

    What depends on the weights of the trained network says so with `per_seed = True`, and is fitted to each seed of a
    network that was trained with several. Anything else is fitted once.
    """

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """Fits on splits.train only, with as many dimensions as the trained model's code where that applies."""


class Metric(Protocol):
    """Scores a representation on held-out rows.

    `values` holds what one row, pair or query contributes; `statistic` turns them into the score, for any weights of
    the contributions. Splitting it so gives every metric its bootstrap interval, and paired differences, without more
    code: a resample is a row of weights that says how often each contribution was drawn.

    A metric that has no values without labels says so with `needs_labels = True`; a run then warns before it trains.
    What else a table may lack for a metric is said by a method `shortage(splits)`: a sentence, or "" for nothing.
    A metric whose resamples are biased, since repeated rows agree with themselves, says `interval = "jackknife"`, and
    `grows_with_rows = True` if it grows in proportion to their number. The jackknife takes off the bias that a finite
    number of rows has; `is_of_so_many_rows = True` leaves it on, where it is large and the score is of as many rows.
    One whose scale ends says `limits = (lowest, highest)`, so that no interval reaches beyond.
    One that asks the same rows, pairs or queries whichever rows are held out says `ignores_splits = True`: validation
    rows and test rows have the same score of it, so no sweep chooses by what will judge.
    """

    unit: str
    higher_is_better: bool | None

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[n, ...] contributions in an order that is the same for every representation; None if not applicable.

        What a representation must be able to do for it is looked for with `isinstance`, see `zoo.types.Reconstructs`
        and its like.
        """

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The scores [resamples] of contributions [n, ...], each counted as often as weights [resamples, n] says."""


@runtime_checkable
class Stratified(Protocol):
    """A metric that has no value without contributions of every kind: each kind is resampled by itself."""

    def strata(self, values: Doubles) -> Doubles:
        """What kind each contribution of `values` [n, ...] is of: [n]."""


@runtime_checkable
class CountsRows(Protocol):
    """A metric each contribution of which is of one row: rows of one group, and copies, are resampled together."""

    def row_numbers(self, splits: Splits) -> Rows | None:
        """Of the contributions [n], in the order of `Metric.values`; none where the metric does not apply.

        None if the contributions are of no rows of the table, such as queries from a file of their own.
        """


@runtime_checkable
class Dyadic(Metric, Protocol):
    """A metric whose contributions are of two things or more, and not independent where they share one."""

    def members(self, splits: Splits) -> Rows:
        """Numbers of the rows that each contribution is of [n, members], in the order of `Metric.values`."""


@dataclass(frozen=True)
class Score:
    """A score, or a difference of two, with its interval; NaN bounds where too few rows give it none."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """Such as `0.594 [0.521, 0.657]`."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Duplicates:
    """Copies among the held-out rows, which make any encoder look better than it is on rows that are new.

    Attributes:
        rows: held-out rows that were looked at.
        exact: those of them that equal another held-out row.
        near: of the `looked_at` ones, those that do not, and are nearly another held-out row: cosine above .999.
        of_training: those that equal a training row.
        near_training: of the `looked_at` ones, those that do not, and are nearly a training row.
        looked_at: held-out rows that near copies were sought for; -1 for all of them.
    """

    rows: int
    exact: int
    near: int
    of_training: int
    near_training: int
    looked_at: int = -1


@dataclass(frozen=True)
class Evidence:
    """What a report was made from, for pages and tables.

    Attributes:
        splits: the table, on the judge's scale.
        representations: by name, the encoder first; they compute the code of a row once.
        values: representation -> metric -> contributions [n, ...]; absent where the metric does not apply.
        samples: representation -> metric -> the scores [resamples] of the resamples.
    """

    splits: Splits
    representations: Mapping[str, Representation]
    values: Mapping[str, Mapping[str, Doubles]] = field(default_factory=dict)
    samples: Mapping[str, Mapping[str, Doubles]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Representations x metrics, and the encoder's paired difference to each representation.

    Attributes:
        scores: representation name -> metric name -> score, or None where the metric does not apply.
        differences: representation name -> metric name -> encoder minus representation, signed so that positive is
            better; only for metrics with a direction, and only where both have a score.
        dimensions: representation name -> width of its vectors.
        bytes_per_row: representation name -> bytes that a row of it takes where it is stored: 4 a number, 1 where codes
            are int8, as many as its numbers take where a code is made of tokens, and raw rows as the table holds them.
        reasons: representation -> metric -> why it has no value, in words; only for those without a finite one.
        units: metric name -> unit.
        directions: metric name -> whether higher is better; None for metrics that only describe.
        confidence: level of the intervals.
        resamples: number of bootstrap resamples.
        scale: what rows were put on for opponents and metrics: `none`, or `standardise`.
        resampled: metric -> what was resampled, such as `rows`, `412 groups` or `word pairs (dyadic)`.
        adjusted: representation -> metric -> two-sided p of the difference, Holm-adjusted over `family`.
        family: the differences that `adjusted` is adjusted for, in words.
        best: metric -> the representations that are not significantly worse than the best.
        duplicates: copies among the held-out rows; None if they were not counted.
        without_duplicates: as `scores`, without rows that are copies.
        looks: how many encoders these test rows have judged, this one included; None if nobody counts.
        seeds: metric -> the encoder's score for each seed that it was trained with; `scores` are their means then.
        released: which of the seeds, counted from 0, is exported.
        chances: representation -> metric -> the estimated chance that an encoder of a new seed scores better.
        notes: what makes its scores doubtful, such as test rows that an encoder was trained on.
        fields: what each field of records does for the code; None for rows without fields.
    """

    scores: Mapping[str, Mapping[str, Score | None]]
    differences: Mapping[str, Mapping[str, Score]]
    dimensions: Mapping[str, int]
    units: Mapping[str, str]
    directions: Mapping[str, bool | None]
    confidence: float
    resamples: int
    scale: str = "none"
    resampled: Mapping[str, str] = field(default_factory=dict)
    adjusted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    family: str = ""
    best: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duplicates: Duplicates | None = None
    without_duplicates: Mapping[str, Mapping[str, Score | None]] = field(default_factory=dict)
    looks: int | None = None
    seeds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    released: int = 0
    chances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    bytes_per_row: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fields: FieldsReport | None = None

    def to_frame(self) -> DataFrame:
        """A `pandas.DataFrame` with a row a representation and metric, where the metric applies.

        Columns: `representation`, `metric`, `unit`, `value`, `low`, `high`, `count`, `dimensions`; `difference`,
        `difference_low`, `difference_high` and `p` (Holm-adjusted) of the first representation's paired difference to
        it, positive where the first is better; `as_good_as_best`.
        """
        import pandas as pd

        rows = []
        for name, scores in self.scores.items():
            for metric, score in scores.items():
                if score is None:
                    continue
                difference = self.differences.get(name, {}).get(metric)
                rows.append(
                    {
                        "representation": name,
                        "metric": metric,
                        "unit": self.units.get(metric, ""),
                        "value": score.value,
                        "low": score.low,
                        "high": score.high,
                        "count": score.count,
                        "dimensions": self.dimensions.get(name),
                        "difference": None if difference is None else difference.value,
                        "difference_low": None if difference is None else difference.low,
                        "difference_high": None if difference is None else difference.high,
                        "p": self.adjusted.get(name, {}).get(metric),
                        "as_good_as_best": name in self.best.get(metric, ()),
                    }
                )
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        """Representations x metrics for a notebook: each score with its interval, * where it is as good as the best."""
        import pandas as pd

        cells = {
            f"{metric} ({unit})": {
                name: "-" if (score := scores.get(metric)) is None else f"{score}{'*' * self._is_best(name, metric)}"
                for name, scores in self.scores.items()
            }
            for metric, unit in self.units.items()
        }
        return str(pd.DataFrame(cells, index=list(self.scores)).to_html(escape=True))

    def _is_best(self, name: str, metric: str) -> bool:
        return name in self.best.get(metric, ())


@dataclass(frozen=True)
class Gate:
    """A condition of the recipe for blessing.

    Attributes:
        metric: name of the metric.
        beats: representations that the encoder must beat: the lower bound of the paired difference must exceed
            `margin`.
        margin: in the metric's unit; negative allows being worse by that much.
        at_least: the lower bound of the encoder's own score must reach this.
        champion_margin: how much worse than the present champion's the metric may be, in its unit, for a blessed
            encoder to take its place: the lower bound of the paired difference must reach minus this. None takes .01,
            or 1% of the champion's score where that is larger than 1.
    """

    metric: str
    beats: Sequence[str] = ()
    margin: float = 0.0
    at_least: float | None = None
    champion_margin: NonNegativeFloat | None = None


@dataclass(frozen=True)
class GateResult:
    """One comparison of one gate.

    Attributes:
        gate: the gate's name in the recipe.
        metric: name of the metric.
        against: the representation beaten or not, or the number to reach.
        encoder: the encoder's score, if there is one.
        baseline: the representation's score, if there is one.
        difference: the paired difference, or the encoder's own score for a number to reach.
        required: what the lower bound must exceed (or reach, for a number).
        passed: whether it did.
        reason: one sentence, for the failed ones.
        over: what rows it is about, where not the recipe's own test rows, such as "5 folds".
    """

    gate: str
    metric: str
    against: str
    encoder: Score | None
    baseline: Score | None
    difference: Score | None
    required: float
    passed: bool
    reason: str = ""
    over: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether an encoder is blessed, and why.

    Attributes:
        blessed: every comparison of every gate passed, and there was at least one.
        gates: the comparisons.
        reasons: why it is not blessed; empty if it is.
        champion: name of the present champion, if it was compared with.
        beats_champion: whether the encoder is shown to be not worse than the champion by more than a margin, on every
            gate's metric, so that it takes its place; None without a champion.
        champion_reasons: on which metrics it is not, or could have been compared and was not.
        champion_notes: which metrics of the gates the champion has no value of, so that they decide nothing, and what
            else makes the comparison doubtful.
        champion_gates: the comparisons with the champion, metric by metric.
    """

    blessed: bool
    gates: tuple[GateResult, ...]
    reasons: tuple[str, ...] = ()
    champion: str | None = None
    beats_champion: bool | None = None
    champion_reasons: tuple[str, ...] = ()
    champion_notes: tuple[str, ...] = ()
    champion_gates: tuple[GateResult, ...] = ()
