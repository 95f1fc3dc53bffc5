"""How scores would vary on other rows: samples of every representation's score, drawn alike for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.types import CountsRows, Dyadic, Stratified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.types import Doubles, Metric, Rows, Splits

_BLOCK = 100  # resamples at a time: their weights for 5,000 rows are 4 MB
_ROUNDING = 1e-9  # share of all variance below which a negative one is none
_LEAST = 3  # units; of two equal encoders on two rows, 6% were blessed
_LEAVES = 200  # blocks of units that the jackknife leaves out in turn, at most


class Resampling:
    """Draws samples of the scores that other rows like these would have given.

    Three ways, by what the metric says of itself:

    - *bootstrap*: units are drawn with replacement (Efron and Tibshirani 1993, chapter 13), as many of each stratum as
      there are, where the metric is `Stratified`. A unit is a row with its copies and with the rows of its group.
    - *jackknife*, for `interval = "jackknife"`: a resample with repeated rows agrees with itself, which biases indices
      of clusters. Blocks of units are left out in turn instead; the pseudo-values give the covariance of the scores,
      and take their bias off (Efron and Tibshirani 1993, chapter 11). Samples are Student's t about that.
    - *dyadic*, for `Dyadic` metrics: pairs of words that share a word (or a copy of it, or one of its group) are not
      independent. The covariance of the scores sums the products of influences over all pairs of pairs that share a
      member (Aronow, Samii and Assenova 2015, "Cluster-robust variance estimation for dyadic data", eq. 2); influences
      are those of leaving a pair out. Samples are Student's t about the scores.

    Args:
        resamples: how many samples.
        seed: of the draws.
        splits: the table.
        units: number of the unit [rows] of each row of the table.
    """

    def __init__(self, resamples: int, seed: int, splits: Splits, units: Rows) -> None:
        self.resamples, self.seed, self.splits, self.units = resamples, seed, splits, units

    def samples(self, metric: Metric, values: Sequence[Doubles | None]) -> tuple[list[Doubles], str]:
        """Samples [resamples] for each representation, NaN where rows tell nothing; and what was resampled, in words.

        Raises:
            ValueError: representations for which the metric counts different things.
        """
        samples = [np.full(self.resamples, np.nan) for _ in values]
        counted = [number for number, each in enumerate(values) if each is not None]
        present = [each for each in values if each is not None]
        if not present or not len(present[0]):
            return samples, ""
        counts = {len(each) for each in present}
        if len(counts) > 1:
            raise ValueError(f"a metric must count the same rows for every representation, not {sorted(counts)}")
        drawn, what = self._drawn(metric, present)
        for number, sample in zip(counted, drawn, strict=True):
            samples[number] = sample
        return samples, what

    def _drawn(self, metric: Metric, values: Sequence[Doubles]) -> tuple[list[Doubles], str]:
        if isinstance(metric, Dyadic):
            return self._dyadic(metric, values)
        units, what = self._units(metric, len(values[0]))
        strata = metric.strata(values[0]) if isinstance(metric, Stratified) else np.zeros(len(units))
        members = [np.flatnonzero(strata == each) for each in np.unique(strata)]
        if len(np.unique(units)) < _LEAST or min(len(np.unique(units[own])) for own in members) < 2:
            # every resample would hold the only one of its kind, or hardly another, and say nothing of others
            return [np.full(self.resamples, np.nan) for _ in values], what
        if getattr(metric, "interval", "bootstrap") == "jackknife":
            return self._jackknife(metric, values, units), f"{what}, left out in turn"
        return self._bootstrap(metric, values, units, members), what

    def _units(self, metric: Metric, count: int) -> tuple[Rows, str]:
        """The unit of each contribution [n], and what they are."""
        rows = metric.row_numbers(self.splits) if isinstance(metric, CountsRows) else None
        if rows is None:
            return np.arange(count), "contributions"
        if len(rows) != count:
            raise ValueError(f"{type(metric).__name__}.row_numbers gives {len(rows)} rows for {count} contributions")
        units = np.unique(self.units[rows], return_inverse=True)[1]
        found = int(units.max()) + 1
        return units, "rows" if found == count else f"{found:,} groups of rows"

    def _bootstrap(
        self, metric: Metric, values: Sequence[Doubles], units: Rows, members: Sequence[Rows]
    ) -> list[Doubles]:
        random = np.random.default_rng(self.seed)
        samples = [np.empty(self.resamples) for _ in values]
        within = [np.unique(units[own], return_inverse=True)[1] for own in members]
        for start in range(0, self.resamples, _BLOCK):
            block = slice(start, min(start + _BLOCK, self.resamples))
            weights = np.zeros((block.stop - start, len(units)))
            for own, places in zip(members, within, strict=True):
                weights[:, own] = _times_drawn(random, int(places.max()) + 1, len(weights))[:, places]
            for each, sample in zip(values, samples, strict=True):
                sample[block] = metric.statistic(each, weights)
        return samples

    def _jackknife(self, metric: Metric, values: Sequence[Doubles], units: Rows) -> list[Doubles]:
        random = np.random.default_rng(self.seed)
        count = int(units.max()) + 1
        leaves = min(_LEAVES, count)
        block = (random.permutation(count) % leaves)[units]
        weights = np.asarray([block != leaf for leaf in range(leaves)], np.float64)
        whole = np.asarray([_whole(metric, each) for each in values])
        parts = np.stack([_statistics(metric, each, weights) for each in values], axis=1)  # [leaves, representations]
        if getattr(metric, "grows_with_rows", False):  # that is no bias
            parts *= (len(units) / weights.sum(axis=1))[:, None]
        pseudo = leaves * whole - (leaves - 1) * parts
        covariance = np.atleast_2d(np.cov(pseudo, rowvar=False)) / leaves
        centre = whole if getattr(metric, "is_of_so_many_rows", False) else pseudo.mean(axis=0)
        return _student(centre, covariance, leaves - 1, self.resamples, random)

    def _dyadic(self, metric: Dyadic, values: Sequence[Doubles]) -> tuple[list[Doubles], str]:
        from scipy.sparse import csr_array

        members = self.units[np.asarray(metric.members(self.splits))]
        names, places = np.unique(members, return_inverse=True)
        count, width = members.shape
        what = f"{count:,} of {len(names):,} members, robust to those that share one"
        starts = np.arange(0, count * width + 1, width)
        incidence = csr_array((np.ones(count * width), places.ravel(), starts), shape=(count, len(names)))
        if count < _LEAST or len(names) < _LEAST or ((incidence > 0).sum(axis=0) == count).any():
            # too few, or one member is in all pairs: nothing shows how others would do in its place
            return [np.full(self.resamples, np.nan) for _ in values], what
        shares = ((incidence @ incidence.T) > 0).astype(np.float64)
        whole = np.asarray([_whole(metric, each) for each in values])
        influences = np.stack([whole[number] - _left_out(metric, each) for number, each in enumerate(values)], axis=1)
        covariance = influences.T @ (shares @ influences)
        known = covariance[np.ix_(*_finite(covariance))]
        # two representations that agree have an eigenvalue of 0, which rounding may put below
        if np.linalg.eigvalsh(known).min(initial=0.0) < -_ROUNDING * np.trace(known):
            # few words: the estimate is no covariance. Counting pairs of pairs as often as they share words is one,
            # and larger
            sums = incidence.T @ influences
            covariance = sums.T @ sums
        random = np.random.default_rng(self.seed)
        return _student(whole, covariance, len(names) - 1, self.resamples, random), what


def _times_drawn(random: np.random.Generator, count: int, resamples: int) -> Doubles:
    """How often each of `count` units is among as many draws with replacement: [resamples, count]."""
    drawn = random.integers(count, size=(resamples, count)) + count * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * count).reshape(resamples, count).astype(np.float64)


def _whole(metric: Metric, values: Doubles) -> float:
    return float(metric.statistic(values, np.ones((1, len(values))))[0])


def _statistics(metric: Metric, values: Doubles, weights: Doubles) -> Doubles:
    blocks = [metric.statistic(values, weights[start : start + _BLOCK]) for start in range(0, len(weights), _BLOCK)]
    return np.concatenate(blocks)


def _left_out(metric: Metric, values: Doubles) -> Doubles:
    """The scores [n] without each contribution."""
    found = np.empty(len(values))
    for start in range(0, len(values), _BLOCK):
        places = np.arange(start, min(start + _BLOCK, len(values)))
        weights = np.ones((len(places), len(values)))
        weights[np.arange(len(places)), places] = 0
        found[places] = metric.statistic(values, weights)
    return found


def _finite(covariance: Doubles) -> tuple[Rows, Rows]:
    known = np.flatnonzero(np.isfinite(np.diag(covariance)))
    return known, known


def _student(
    centre: Doubles, covariance: Doubles, freedom: int, count: int, random: np.random.Generator
) -> list[Doubles]:
    """Draws [count] of a multivariate t for each of its variables; NaN for those without a finite variance."""
    samples = [np.full(count, np.nan) for _ in centre]
    known = np.flatnonzero(np.isfinite(centre) & np.isfinite(np.diag(covariance)))
    if not len(known):
        return samples
    sizes, directions = np.linalg.eigh(covariance[np.ix_(known, known)])
    half = random.normal(size=(-(-count // 2), len(known))) * np.sqrt(np.maximum(sizes, 0)) @ directions.T
    half /= np.sqrt(random.chisquare(freedom, size=(len(half), 1)) / freedom)
    draws = centre[known] + np.concatenate([half, -half])[:count]  # mirrored, so that their mean is the centre
    for place, variable in enumerate(known):
        samples[variable] = draws[:, place]
    return samples
