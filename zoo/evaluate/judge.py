"""Scores with bootstrap intervals, paired where two representations are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.evaluate._memo import remembering
from zoo.evaluate.scale import on_scale
from zoo.types import Evidence, Report, Score, Stratified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.types import Doubles, Metric, PositiveInt, Probability, Representation, Rows, Seed, Splits


_BLOCK = 100  # resamples at a time: their weights for 5,000 rows are 4 MB
_WITHOUT = (
    0.05  # share of resamples without a value (all rows drawn may be the same one) that are left out, at the most
)


class Judge:
    """Puts metrics to representations on the same held-out rows.

    Intervals are percentiles of bootstrap resamples of what the metric counts (rows, word pairs, queries). All
    representations are scored on the same resamples, so the difference of two has a paired interval, much narrower
    than the two scores' own. Where a metric has no value without some kind of row (anomalies, say), each kind is
    resampled by itself. A score whose kind has a single row, or of which more than one resample in 20 has no value, has
    no interval, and no gate passes on it.

    Args:
        resamples: bootstrap resamples.
        confidence: level of the two-sided intervals.
        seed: seed of the resamples.
        scale: what opponents and metrics see columns of numbers on: `standardise` (by the training rows), `none`, or
            `auto`, which standardises columns with names, since their units differ. An encoder is given rows in their
            own units whatever the scale, as it will be when it is served; its reconstructions are put on the scale.

    Reference:
        Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 13.
    """

    def __init__(
        self,
        resamples: PositiveInt = 1000,
        confidence: Probability = 0.95,
        seed: Seed = 0,
        scale: Literal["auto", "none", "standardise"] = "auto",
    ) -> None:
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
        self, representations: Sequence[Representation], metrics: Mapping[str, Metric], splits: Splits
    ) -> tuple[Report, Evidence]:
        """Scores everything, and hands on what the scores were made from.

        Args:
            representations: the encoder first, then what it is compared with.
            metrics: by name.
            splits: the table, as `scaled` gives it; only its test rows are judged.
        """
        representations = remembering(representations, len(splits))
        names = [representation.name for representation in representations]
        scores: dict[str, dict[str, Score | None]] = {name: {} for name in names}
        differences: dict[str, dict[str, Score]] = {name: {} for name in names[1:]}
        contributions: dict[str, dict[str, Doubles]] = {name: {} for name in names}
        resampled: dict[str, dict[str, Doubles]] = {name: {} for name in names}
        for metric_name, metric in metrics.items():
            values = [metric.values(representation, splits) for representation in representations]
            samples = self._samples(metric, values)
            for name, each, sample in zip(names, values, samples, strict=True):
                scores[name][metric_name] = None if each is None else self._score(_value(metric, each), sample, each)
                if each is not None:
                    contributions[name][metric_name], resampled[name][metric_name] = each, sample
            encoder, own = values[0], samples[0]
            if encoder is None or metric.higher_is_better is None:
                continue
            sign = 1.0 if metric.higher_is_better else -1.0
            for name, each, sample in zip(names[1:], values[1:], samples[1:], strict=True):
                if each is not None:
                    difference = sign * (_value(metric, encoder) - _value(metric, each))
                    differences[name][metric_name] = self._score(difference, sign * (own - sample), each)
        report = Report(
            scores=scores,
            differences=differences,
            dimensions={each.name: each.encode(splits.test[:1]).shape[1] for each in representations},
            units={name: metric.unit for name, metric in metrics.items()},
            directions={name: metric.higher_is_better for name, metric in metrics.items()},
            confidence=self.confidence,
            resamples=self.resamples,
            scale="none" if splits.scale is None else "standardise",
        )
        return report, Evidence(splits, dict(zip(names, representations, strict=True)), contributions, resampled)

    def _samples(self, metric: Metric, values: Sequence[Doubles | None]) -> list[Doubles]:
        """[resamples] statistics for each representation, the same rows drawn for all; NaN if they tell nothing."""
        samples = [np.full(self.resamples, np.nan) for _ in values]
        counted = [each for each in values if each is not None]
        if not counted:
            return samples
        counts = {len(each) for each in counted}
        if len(counts) > 1:
            raise ValueError(f"a metric must count the same rows for every representation, not {sorted(counts)}")
        strata = metric.strata(counted[0]) if isinstance(metric, Stratified) else np.zeros(len(counted[0]))
        members = [np.flatnonzero(strata == each) for each in np.unique(strata)]
        if len(members) > 1 and min(map(len, members)) == 1:
            return samples  # every resample would hold the only one of its kind, and say nothing of others
        random = np.random.default_rng(self.seed)
        for start in range(0, self.resamples, _BLOCK):
            block = slice(start, min(start + _BLOCK, self.resamples))
            weights = _drawn(random, members, block.stop - start)
            for each, sample in zip(values, samples, strict=True):
                if each is not None:
                    sample[block] = metric.statistic(each, weights)
        return samples

    def _score(self, value: float, samples: Doubles, values: Doubles) -> Score:
        known = samples[~np.isnan(samples)]
        if np.isnan(value) or len(known) < (1 - _WITHOUT) * len(samples):
            known = np.asarray([np.nan])
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        return Score(float(value), float(low), float(high), len(values))


def _drawn(random: np.random.Generator, members: Sequence[Rows], resamples: int) -> Doubles:
    """How often each contribution is drawn [resamples, n], as many of each kind as there are."""
    weights = np.zeros((resamples, sum(map(len, members))))
    for own in members:
        drawn = random.integers(len(own), size=(resamples, len(own)))
        weights[:, own] = np.stack([np.bincount(each, minlength=len(own)) for each in drawn])
    return weights


def _value(metric: Metric, values: Doubles) -> float:
    return float(metric.statistic(values, np.ones((1, len(values))))[0])
