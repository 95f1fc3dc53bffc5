"""How codes lie in their space: spectra and cosines computed by NumPy, all pairs at once."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from zoo.metrics.cosine_spread import CosineSpread
from zoo.metrics.effective_rank import EffectiveRank
from zoo.metrics.isotropy import Isotropy
from zoo.metrics.near_duplicate_codes import NearDuplicateCodes

ALL = [EffectiveRank, Isotropy, CosineSpread]


def isoscore(rows):
    """Algorithm 1 of the paper, step by step, as its authors wrote it down."""
    n = rows.shape[1]
    diagonal = np.zeros(n)
    diagonal[: min(rows.shape)] = np.cov(PCA().fit_transform(rows).T).diagonal()
    normalised = diagonal * np.sqrt(n) / np.linalg.norm(diagonal)
    defect = np.linalg.norm(normalised - np.ones(n)) / np.sqrt(2 * (n - np.sqrt(n)))
    used = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n**2
    return (n * used - 1) / (n - 1)


def effective_rank(rows):
    singular = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    p = singular / singular.sum()
    p = p[p > 1e-12]
    return np.exp(-(p * np.log(p)).sum())


def spread(rows):
    cosines = cosine_similarity(rows)
    return cosines[~np.eye(len(rows), dtype=bool)].std()


ORACLES = {EffectiveRank: effective_rank, Isotropy: isoscore, CosineSpread: spread}


@pytest.mark.parametrize("metric", ALL)
def test_they_are_what_numpy_makes_of_the_whole_matrix(metric, raw, splits, once):
    rows = splits.features[splits.test].astype(np.float64)
    assert once(metric(), raw, splits) == pytest.approx(ORACLES[metric](rows), rel=1e-6)
    assert once(metric(rows=30), raw, splits) == pytest.approx(ORACLES[metric](rows[:30]), rel=1e-6)
    assert metric.higher_is_better is None


@pytest.mark.parametrize("metric", ALL)
def test_more_dimensions_than_rows_and_sparse_rows_change_nothing(metric, rng, raw, splits, once):
    held = rng.poisson(0.3, size=(600, 110)).astype(np.float32)
    rows = held[splits.test].astype(np.float64)
    dense, table = replace(splits, features=held), replace(splits, features=sparse.csr_array(held))
    assert once(metric(), raw, dense) == pytest.approx(ORACLES[metric](rows), rel=1e-5)
    assert once(metric(), raw, table) == pytest.approx(ORACLES[metric](rows), rel=1e-5)


def test_known_spectra(codes, rng, splits, once):
    axes = np.concatenate([np.eye(4), -np.eye(4)]).astype(np.float32)
    table = replace(splits, features=np.tile(axes, (75, 1)))
    same = codes(lambda rows: rows)
    table = replace(table, test=np.arange(0, 600))
    assert once(EffectiveRank(), same, table) == pytest.approx(4)
    assert once(Isotropy(), same, table) == pytest.approx(1)
    line = codes(lambda rows: np.outer(rows[:, 0], [1, 2, 3]) + 5)
    assert once(EffectiveRank(), line, splits) == pytest.approx(1)
    assert once(Isotropy(), line, splits) == pytest.approx(0, abs=1e-9)
    assert once(Isotropy(), codes(lambda rows: 1e-3 * rows + 7), splits) == pytest.approx(
        once(Isotropy(), same, splits), abs=1e-3
    )  # neither scale nor mean matters, but for float32
    narrow_cone = codes(lambda rows: rows + 100)
    assert once(CosineSpread(), narrow_cone, splits) < 0.01 < once(CosineSpread(), same, splits)


@pytest.mark.parametrize("metric", ALL)
def test_collapsed_broken_and_too_few_codes(metric, codes, raw, splits, once):
    constant = once(metric(), codes(np.ones_like), splits)
    assert constant == 0 if metric is CosineSpread else np.isnan(constant)
    zero = once(metric(), codes(np.zeros_like), splits)
    assert zero == 0 if metric is CosineSpread else np.isnan(zero)
    assert np.isnan(once(metric(), codes(lambda rows: rows * np.nan), splits))
    two = replace(splits, test=splits.test[:2])
    assert metric().values(raw, two) is None
    assert metric().shortage(two) == "at least 3 rows must be held out"
    assert metric().shortage(splits) == ""
    assert np.isnan(once(Isotropy(), codes(lambda rows: rows[:, :1]), splits))


def test_near_duplicates_are_those_of_different_rows(codes, splits, once):
    features = splits.features.copy()
    features[510], features[511] = features[500], features[501]  # exact copies, in any representation
    table = replace(splits, features=features)
    cosines = cosine_similarity(features[500:600, :3].astype(np.float64))
    np.fill_diagonal(cosines, 0)
    for copy in (0, 1):
        cosines[copy, copy + 10] = cosines[copy + 10, copy] = 0
    expected = (cosines > 0.995).any(axis=1)
    three = codes(lambda rows: rows[:, :3])
    values = NearDuplicateCodes(threshold=0.995).values(three.on(table), table)
    np.testing.assert_array_equal(values, expected)
    assert 0.05 < expected.mean() < 0.95
    assert once(NearDuplicateCodes(of="copies"), three, table) == pytest.approx(0.04)
    assert once(NearDuplicateCodes(of="copies"), three, splits) == 0


def test_near_duplicates_of_sparse_rows(codes, rng, splits, once):
    held = rng.poisson(0.3, size=(600, 12)).astype(np.float32)
    held[520], held[530] = held[521], 2 * held[531]
    table = replace(splits, features=sparse.csr_array(held))
    dense = replace(splits, features=held)
    same = codes(lambda rows: rows)
    for metric in (NearDuplicateCodes(), NearDuplicateCodes("copies")):
        assert once(metric, same, table) == once(metric, same, dense) > 0


def test_collapsed_codes_are_all_near_duplicates_and_copies_none(codes, raw, splits, once):
    assert once(NearDuplicateCodes(), codes(np.ones_like), splits) == 1
    assert once(NearDuplicateCodes(), codes(np.zeros_like), splits) == 1
    assert np.isnan(once(NearDuplicateCodes(), codes(lambda rows: rows * np.nan), splits))
    same = replace(splits, features=np.ones_like(splits.features))
    assert once(NearDuplicateCodes(), raw, same) == 0
    assert once(NearDuplicateCodes(of="copies"), raw, same) == 1
    one = replace(splits, test=splits.test[:1])
    assert NearDuplicateCodes().values(raw, one) is None
    assert NearDuplicateCodes().shortage(one) == "at least two rows must be held out"
