"""Scores with bootstrap intervals, paired where two representations are compared."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from zoo.evaluate._duplicates import duplicates
from zoo.evaluate._intervals import scored
from zoo.evaluate._marks import as_good_as_the_best, holm, p_value
from zoo.evaluate._memo import remembering
from zoo.evaluate._reasons import why_without_value
from zoo.evaluate._resampling import Resampling
from zoo.evaluate._scores import scores_of, value_of
from zoo.evaluate._units import resampling_units
from zoo.evaluate.over_seeds import Seeds, chance_of_a_new_seed
from zoo.evaluate.scale import on_scale
from zoo.types import CountsRows, Evidence, Report, Score, Stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.types import Doubles, Metric, PositiveInt, Probability, Representation, Rows, Seed, Splits


_FLOAT = 4  # bytes of a float32


@dataclass(frozen=True)
class _Table:
    """What one metric says of the representations, by name."""

    values: Mapping[str, Doubles]
    samples: Mapping[str, Doubles]
    scores: Mapping[str, Score | None]
    resampled: str
    without: Mapping[str, Score | None]
    differences: dict[str, Score] = field(default_factory=dict)
    p_values: dict[str, float] = field(default_factory=dict)
    points: list[float] = field(default_factory=list)
    chances: dict[str, float] = field(default_factory=dict)


class Judge:
    """Puts metrics to representations on the same held-out rows.

    Intervals are percentiles of samples of the scores, drawn as the metric asks for, see `Resampling`: bootstrap
    resamples of rows (of groups of rows and copies, where there are any), the jackknife for clusters, dyadic-robust for
    pairs that share words. All representations are scored on the same samples, so the difference of two has a paired
    interval, much narrower than the two scores' own. Where a metric has no value without some kind of row (anomalies,
    say), each kind is resampled by itself. A score whose kind has a single row or group, or of which more than one
    resample in 20 has no value, has no interval, and no gate passes on it.

    To be blessed an encoder must beat *all* the opponents of its gates, which needs no correction for their number: the
    chance of being blessed by mistake is largest where it equals one of them and beats all others, and is that one's
    (an intersection-union test, Berger 1982). Marks on single differences are another matter: their p values are
    Holm-adjusted over the differences of the whole table.

    Args:
        resamples: bootstrap resamples.
        confidence: level of the two-sided intervals.
        seed: seed of the resamples.
        scale: what opponents and metrics see columns of numbers on: `standardise` (by the training rows), `none`, or
            `auto`, which standardises columns with names, since their units differ. An encoder is given rows in their
            own units whatever the scale, as it will be when it is served; its reconstructions are put on the scale.
        also: files of embeddings of the same rows to compare with, see `zoo.representations.File`.
        fields: fields of records whose own numbers in the code are judged alone, as `fields:NAME`, beside all of it.

    Reference:
        Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 13; Holm 1979, "A simple sequentially
        rejective multiple test procedure".
    """

    def __init__(
        self,
        resamples: PositiveInt = 1000,
        confidence: Probability = 0.95,
        seed: Seed = 0,
        scale: Literal["auto", "none", "standardise"] = "auto",
        also: list[str] | None = None,
        fields: list[str] | None = None,
    ) -> None:
        self.also, self.fields = also or [], fields or []
        self.resamples, self.confidence, self.seed, self.scale = resamples, confidence, seed, scale

    def scaled(self, splits: Splits) -> Splits:
        """The table as opponents are fitted to and metrics judge it; see `scale`.

        Raises:
            InputError: rows that have no columns to standardise.
        """
        return on_scale(splits, self.scale)

    def report(
        self, representations: Sequence[Representation], metrics: Mapping[str, Metric], splits: Splits
    ) -> Report:
        """The report of `weigh`."""
        return self.weigh(representations, metrics, splits)[0]

    def weigh(
        self,
        representations: Sequence[Representation],
        metrics: Mapping[str, Metric],
        splits: Splits,
        more_seeds: Mapping[str, Sequence[Representation]] | None = None,
    ) -> tuple[Report, Evidence]:
        """Scores everything, and hands on what the scores were made from.

        Args:
            representations: the encoder first, then what it is compared with.
            metrics: by name.
            splits: the table, as `scaled` gives it; only its test rows are judged.
            more_seeds: by name, the same representations made with other seeds. Scores are means over all seeds then,
                and rows and seeds are resampled together; see `zoo.evaluate.over_seeds`.

        Raises:
            ValueError: two representations of one name.
        """
        if len({each.name for each in representations}) < len(representations):
            raise ValueError(f"representations of one name: {', '.join(each.name for each in representations)}")
        more = {each.name: list((more_seeds or {}).get(each.name, ())) for each in representations}
        everyone = remembering([*representations, *(each for others in more.values() for each in others)], len(splits))
        by_name = dict(zip(more, everyone, strict=False))
        seeds = Seeds({name: len(others) for name, others in more.items()}, self.seed, self.confidence)
        found, copies = duplicates(splits)
        resampling = Resampling(self.resamples, self.seed, splits, resampling_units(splits))
        tables = {
            name: self._table(metric, everyone, seeds, splits, resampling, copies) for name, metric in metrics.items()
        }
        directions = {name: metric.higher_is_better for name, metric in metrics.items()}
        p_values = {(other, name): p for name, table in tables.items() for other, p in table.p_values.items()}
        adjusted = holm(p_values)
        level = 1 - self.confidence
        report = Report(
            scores=_by_representation(by_name, {name: table.scores for name, table in tables.items()}),
            differences={
                other: {name: table.differences[other] for name, table in tables.items() if other in table.differences}
                for other in list(by_name)[1:]
            },
            dimensions={name: each.encode(splits.test[:1]).shape[1] for name, each in by_name.items()},
            bytes_per_row={name: _bytes_per_row(each, splits) for name, each in by_name.items()},
            reasons={name: _reasons(each, metrics, tables, splits) for name, each in by_name.items()},
            units={name: metric.unit for name, metric in metrics.items()},
            directions=directions,
            confidence=self.confidence,
            resamples=self.resamples,
            scale="none" if splits.scale is None else "standardise",
            resampled={name: table.resampled for name, table in tables.items() if table.resampled},
            adjusted={
                other: {name: p for (each, name), p in adjusted.items() if each == other} for other in list(by_name)[1:]
            },
            family=f"the {len(p_values)} differences between the encoder and what it is compared with",
            best={
                name: as_good_as_the_best(table.scores, table.samples, level, higher_is_better=direction)
                for name, table in tables.items()
                if (direction := directions[name]) is not None
            },
            duplicates=found,
            without_duplicates=_by_representation(by_name, {name: table.without for name, table in tables.items()})
            if len(copies)
            else {},
            seeds={name: tuple(table.points) for name, table in tables.items() if table.points},
            chances=_by_representation(by_name, {name: table.chances for name, table in tables.items()})
            if seeds.several
            else {},
        )
        evidence = Evidence(
            splits,
            by_name,
            _by_representation(by_name, {name: table.values for name, table in tables.items()}),
            _by_representation(by_name, {name: table.samples for name, table in tables.items()}),
        )
        return report, evidence

    def first_value(self, seeds: Sequence[Representation], metrics: Mapping[str, Metric], splits: Splits) -> Report:
        """Scores one encoder by metric after metric, up to the first that gives a value; counts no copies.

        Args:
            seeds: the encoder, and the same encoder trained with other seeds.
            metrics: by name, in the order to try them in.
            splits: the table, as `scaled` gives it.
        """
        encoder, *others = remembering(seeds, len(splits))
        places = Seeds({encoder.name: len(others)}, self.seed, self.confidence)
        resampling = Resampling(self.resamples, self.seed, splits, resampling_units(splits))
        scores: dict[str, Score | None] = {}
        reasons: dict[str, str] = {}
        for name, metric in metrics.items():
            values = [metric.values(each, splits) for each in (encoder, *others)]
            drawn, _ = resampling.samples(metric, values)
            scores[name] = scores_of(metric, places, values, drawn, self.confidence)[0][encoder.name]
            reasons[name] = why_without_value(metric, encoder, splits, scores[name])
            if not reasons[name]:
                break
        return Report(
            scores={encoder.name: scores},
            differences={},
            dimensions={},
            units={name: metrics[name].unit for name in scores},
            directions={name: metrics[name].higher_is_better for name in scores},
            confidence=self.confidence,
            resamples=self.resamples,
            reasons={encoder.name: {name: reason for name, reason in reasons.items() if reason}},
        )

    def _table(
        self,
        metric: Metric,
        representations: Sequence[Representation],
        seeds: Seeds,
        splits: Splits,
        resampling: Resampling,
        copies: Rows,
    ) -> _Table:
        """What a metric says of the representations, the encoder first, and the further seeds of each at the end."""
        values = [metric.values(representation, splits) for representation in representations]
        drawn, resampled = resampling.samples(metric, values)
        scores, samples = scores_of(metric, seeds, values, drawn, self.confidence)
        rows = _rows_of(metric, splits)
        table = _Table(
            values={name: each for name, each in seeds.first(values).items() if each is not None},
            samples={name: sample for name, sample in samples.items() if scores[name] is not None},
            scores=scores,
            resampled=resampled,
            without={} if rows is None else self._without(metric, rows, seeds, values, resampling, copies),
        )
        encoder, *others = scores
        own = scores[encoder]
        if own is not None and seeds.several:
            table.points.extend(value_of(metric, each) for each in seeds.of(encoder, values) if each is not None)
        if own is None or metric.higher_is_better is None:
            return table
        sign = 1.0 if metric.higher_is_better else -1.0
        for name in others:
            if (score := scores[name]) is not None:
                difference, of_samples = sign * (own.value - score.value), sign * (samples[encoder] - samples[name])
                table.differences[name] = scored(difference, of_samples, self.confidence, score.count)
                table.p_values[name] = p_value(difference, of_samples)
                if seeds.several:
                    ahead = np.stack(seeds.of(encoder, drawn)) - np.stack(seeds.of(name, drawn))
                    table.chances[name] = chance_of_a_new_seed(sign * ahead)
        return table

    def _without(
        self,
        metric: Metric,
        rows: Rows,
        seeds: Seeds,
        values: Sequence[Doubles | None],
        resampling: Resampling,
        copies: Rows,
    ) -> dict[str, Score | None]:
        """The scores without the contributions of rows that are copies; nothing if there is none, or no other."""
        kept = ~np.isin(rows, copies)
        if kept.all() or not kept.any():
            return {}
        left = [None if each is None else each[kept] for each in values]
        drawn, _ = resampling.samples(_of_rows(metric, rows[kept]), left)
        return scores_of(metric, seeds, left, drawn, self.confidence)[0]


def _of_rows(metric: Metric, rows: Rows) -> Metric:
    """The same metric, whose contributions are of these rows."""
    twin = copy.copy(metric)
    vars(twin)["row_numbers"] = lambda _: rows
    return twin


_T = TypeVar("_T")


def _by_representation(
    representations: Mapping[str, Representation], by_metric: Mapping[str, Mapping[str, _T]]
) -> dict[str, dict[str, _T]]:
    """Metric -> representation -> anything, turned around."""
    return {
        name: {metric: found[name] for metric, found in by_metric.items() if name in found} for name in representations
    }


def _rows_of(metric: Metric, splits: Splits) -> Rows | None:
    return metric.row_numbers(splits) if isinstance(metric, CountsRows) else None


def _bytes_per_row(representation: Representation, splits: Splits) -> int:
    if isinstance(representation, Stored):
        return representation.bytes_per_row()
    return _FLOAT * int(representation.encode(splits.test[:1]).shape[1])


def _reasons(
    representation: Representation, metrics: Mapping[str, Metric], tables: Mapping[str, _Table], splits: Splits
) -> dict[str, str]:
    """Why there is no value, by the metrics without one."""
    scores = {name: table.scores[representation.name] for name, table in tables.items()}
    found = {name: why_without_value(metrics[name], representation, splits, score) for name, score in scores.items()}
    return {name: reason for name, reason in found.items() if reason}
