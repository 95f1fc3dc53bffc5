"""The metrics of k-means clusters against scikit-learn's k-means and scores."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    normalized_mutual_info_score,
    silhouette_score,
)
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from zoo.errors import InputError
from zoo.metrics.calinski_harabasz import CalinskiHarabasz
from zoo.metrics.cluster_agreement import ClusterAgreement
from zoo.metrics.davies_bouldin import DaviesBouldin
from zoo.metrics.silhouette import Silhouette

AGREEMENTS = {
    "ami": adjusted_mutual_info_score,
    "nmi": normalized_mutual_info_score,
    "ari": adjusted_rand_score,
}
SHAPES = {
    DaviesBouldin: davies_bouldin_score,
    CalinskiHarabasz: calinski_harabasz_score,
    Silhouette: silhouette_score,
}


def clusterings(rows, clusters, seeds):
    return [KMeans(clusters, n_init=10, random_state=seed).fit_predict(rows) for seed in range(seeds)]


@pytest.mark.parametrize("score", AGREEMENTS)
@pytest.mark.parametrize(("clusters", "seeds"), [(None, 2), (7, 1)])
def test_agreement_is_sklearns_mean_over_the_seeds(score, clusters, seeds, classes, known, raw, once):
    found = clusterings(classes.features[known.test], clusters or 4, seeds)
    expected = np.mean([AGREEMENTS[score](classes.labels[known.test], each) for each in found])
    assert once(ClusterAgreement(score, clusters, seeds), raw, classes) == pytest.approx(expected, abs=1e-10)
    assert expected > 0.1


@pytest.mark.parametrize("score", AGREEMENTS)
def test_agreement_of_partitions_is_sklearns_to_the_ends(score, rng):
    partitions = [np.zeros(30), np.arange(30), rng.integers(0, 3, 30), np.arange(30) % 2, (np.arange(30) + 1) % 2]
    for first in partitions:
        for second in partitions:
            (found,) = ClusterAgreement(score).statistic(np.column_stack([first, second]), np.ones((1, 30)))
            assert found == pytest.approx(AGREEMENTS[score](first, second), abs=1e-10)


@pytest.mark.parametrize("metric", SHAPES)
@pytest.mark.parametrize(("clusters", "seeds"), [(None, 2), (7, 1)])
def test_shapes_of_clusters_are_sklearns_mean_over_the_seeds(metric, clusters, seeds, classes, known, raw, once):
    rows = classes.features[known.test]
    expected = np.mean([SHAPES[metric](rows, each) for each in clusterings(rows, clusters or 4, seeds)])
    assert once(metric(clusters, seeds), raw, classes) == pytest.approx(expected, rel=1e-5)
    assert metric.higher_is_better is None


@pytest.mark.parametrize("metric", SHAPES)
def test_resamples_are_scored_as_sklearn_scores_their_rows(metric, rng):
    codes, clusters = rng.normal(size=(40, 3)) + 100, rng.integers(0, 6, 40)
    weights = rng.multinomial(40, np.ones(40) / 40, size=20).astype(float)
    weights[0, clusters == 2] = 0  # a resample without a row of one cluster
    weights[1, clusters == 3] = 3 * (np.cumsum(clusters == 3) == 1)[clusters == 3]  # with a single one, three times
    values = np.column_stack([codes, clusters])
    drawn = [np.repeat(np.arange(40), row.astype(int)) for row in weights]
    expected = [SHAPES[metric](codes[rows], clusters[rows]) for rows in drawn]
    # scikit-learn takes distances without centring, so that a row is about 1e-6 away from itself here
    np.testing.assert_allclose(metric(seeds=1).statistic(values, weights), expected, rtol=1e-6, atol=1e-6)
    single = values.copy()
    single[:, -1] = 0
    assert np.isnan(metric(seeds=1).statistic(single, weights)).all()


@pytest.mark.parametrize("metric", SHAPES)
def test_a_table_without_labels_needs_a_number_of_clusters(metric, classes, raw, once):
    table = replace(classes, labels=None)
    assert metric().values(raw, table) is None
    rows = table.features[table.test]
    expected = SHAPES[metric](rows, clusterings(rows, 3, 1)[0])
    assert once(metric(clusters=3, seeds=1), raw, table) == pytest.approx(expected, rel=1e-5)
    assert metric(clusters=200).values(raw, table) is None
    assert metric(clusters=1).values(raw, table) is None


@pytest.mark.parametrize("metric", SHAPES)
def test_sparse_rows_wider_than_many_keep_their_distances(metric, rng, classes, raw, once):
    wide = rng.poisson(0.05, size=(400, 700)).astype(np.float32)
    table = replace(classes, features=sparse.csr_array(wide), test=classes.test[:60])
    rows = [row for row in table.test if table.labels[row]]
    found = KMeans(4, n_init=10, random_state=0).fit_predict(sparse.csr_array(wide[rows]))
    assert metric(seeds=1).values(raw.on(table), table).shape[1] <= len(rows) + 1
    assert once(metric(seeds=1), raw, table) == pytest.approx(SHAPES[metric](wide[rows], found), rel=1e-5)


def test_papers_give_the_published_table(papers, raw, once):
    metrics = [ClusterAgreement("nmi"), ClusterAgreement("ari"), DaviesBouldin(), CalinskiHarabasz()]
    for metric, expected in zip(metrics, [0.563, 0.437, 3.23, 13.0], strict=True):
        assert once(metric, raw, papers) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("metric", [ClusterAgreement(), DaviesBouldin(), CalinskiHarabasz(), Silhouette()])
def test_codes_that_are_not_finite_have_no_clusters_and_collapsed_ones_no_warning(metric, classes, codes, once):
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), classes))
    collapsed = once(metric, codes(np.ones_like), classes)
    assert collapsed == 0 if isinstance(metric, ClusterAgreement) else np.isnan(collapsed)


def test_agreement_needs_labels_and_a_known_score(classes, raw):
    assert ClusterAgreement().values(raw, replace(classes, labels=None)) is None
    assert ClusterAgreement(clusters=4).values(raw, replace(classes, labels=None)) is None
    assert ClusterAgreement().values(raw, replace(classes, labels=np.zeros(400, int))) is None
    with pytest.raises(InputError, match="no score 'nmi2'; did you mean 'nmi'"):
        ClusterAgreement("nmi2")


def test_only_the_agreement_that_chance_does_not_raise_can_be_gated_on():
    assert ClusterAgreement().higher_is_better
    assert ClusterAgreement("nmi").higher_is_better is ClusterAgreement("ari").higher_is_better is None


def scaled(rows):
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    return centred / np.sqrt(centred.var(axis=0).mean())


def mixture(rows, count, seed=0):
    with threadpool_limits(1):
        return GaussianMixture(count, reg_covar=1e-3, random_state=seed).fit(scaled(rows))


def assigned(rows, count, seed=0):
    return mixture(rows, count, seed).predict(scaled(rows))


@pytest.mark.parametrize("score", AGREEMENTS)
def test_a_mixture_is_sklearns_with_full_covariances(score, classes, known, raw, once):
    rows = classes.features[known.test]
    expected = np.mean([AGREEMENTS[score](classes.labels[known.test], assigned(rows, 4, seed)) for seed in (0, 1)])
    metric = ClusterAgreement(score, seeds=2, clusterer="gaussian_mixture")
    assert once(metric, raw, classes) == pytest.approx(expected, abs=1e-9)
    assert expected > 0.1


@pytest.mark.parametrize("metric", SHAPES)
def test_shapes_of_the_mixtures_clusters(metric, classes, known, raw, once):
    rows = classes.features[known.test]
    expected = SHAPES[metric](rows, assigned(rows, 5))
    assert once(metric(5, seeds=1, clusterer="gaussian_mixture"), raw, classes) == pytest.approx(expected, rel=1e-5)


def test_the_mixture_chooses_its_size_by_bic(classes, raw, rng, once):
    centres = 6 * rng.normal(size=(3, 2))
    numbers = rng.integers(0, 3, 400)
    features = (centres[numbers] + rng.normal(size=(400, 2))).astype(np.float32)
    table = replace(classes, features=features, labels=numbers)
    rows = features[table.test]
    best = min(range(1, 16), key=lambda count: mixture(rows, count).bic(scaled(rows)))
    metric = ClusterAgreement(clusters="bic", seeds=1, clusterer="gaussian_mixture")
    assert len(np.unique(metric.values(raw.on(table), table)[:, 1])) == best == 3
    assert once(metric, raw, table) > 0.9
    few = replace(table, test=table.test[:29])
    assert metric.values(raw.on(few), few) is None
    with pytest.raises(InputError, match="clusters=bic: kmeans cannot choose"):
        ClusterAgreement(clusters="bic")
    with pytest.raises(InputError, match="no clusterer 'k_means'; did you mean 'kmeans'"):
        ClusterAgreement(clusterer="k_means")


def test_a_covariance_has_more_rows_than_dimensions(classes, known, raw, rng, once):
    wide = np.concatenate([classes.features, 0.3 * rng.normal(size=(400, 60)).astype(np.float32)], axis=1)
    table = replace(classes, features=wide)
    rows = wide[known.test].astype(np.float64)
    kept = PCA(len(rows) // 8).fit_transform(rows)
    expected = adjusted_mutual_info_score(classes.labels[known.test], assigned(kept, 4))
    metric = ClusterAgreement(seeds=1, clusterer="gaussian_mixture")
    assert once(metric, raw, table) == pytest.approx(expected, abs=1e-9)


def test_a_mixture_of_collapsed_broken_and_repeated_codes(classes, codes, once):
    metric = ClusterAgreement(seeds=1, clusterer="gaussian_mixture")
    assert once(metric, codes(np.ones_like), classes) == 0
    assert once(metric, codes(np.zeros_like), classes) == 0
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), classes))
    two = once(metric, codes(lambda rows: np.sign(rows[:, :1])), classes)  # fewer distinct codes than components
    assert 0 <= two < 0.6
    assert np.isnan(once(DaviesBouldin(seeds=1, clusterer="gaussian_mixture"), codes(np.ones_like), classes))


def test_agreement_by_chance_is_worth_nothing(rng):
    values = np.column_stack([rng.integers(0, 7, 330), *rng.integers(0, 7, size=(200, 330))])
    ones = np.ones((1, 330))
    assert abs(ClusterAgreement("ami").statistic(values, ones)[0]) < 0.003
    assert ClusterAgreement("nmi").statistic(values, ones)[0] > 0.02


def test_what_cannot_be_clustered_is_said(classes, raw):
    unlabelled = replace(classes, labels=None)
    assert "for want of labels; give clusters=NUMBER" in DaviesBouldin().shortage(unlabelled)
    assert ClusterAgreement().shortage(unlabelled) == ""  # the want of labels is told for all that need them
    single = replace(classes, labels=np.zeros(400, int))
    alone = replace(classes, labels=np.arange(400))
    bic = {"clusters": "bic", "clusterer": "gaussian_mixture"}
    for metric in (ClusterAgreement, Silhouette):
        assert "a single cluster" in metric().shortage(single)
        assert metric().shortage(alone) == "150 clusters need more held-out rows than 150"
        assert metric(**bic).shortage(replace(classes, test=classes.test[:9])).startswith("clusters=bic needs 30")
        assert metric().shortage(classes) == metric(**bic).shortage(classes) == ""
        for table in (single, alone, unlabelled, replace(classes, test=classes.test[:0])):
            assert metric().values(raw.on(table), table) is None
            assert not len(metric().row_numbers(table))
