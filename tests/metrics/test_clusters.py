"""The metrics of k-means clusters against scikit-learn's k-means and scores."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    normalized_mutual_info_score,
    silhouette_score,
)

from zoo.errors import InputError
from zoo.metrics.calinski_harabasz import CalinskiHarabasz
from zoo.metrics.cluster_agreement import ClusterAgreement
from zoo.metrics.davies_bouldin import DaviesBouldin
from zoo.metrics.silhouette import Silhouette

AGREEMENTS = {"nmi": normalized_mutual_info_score, "ari": adjusted_rand_score}
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
    metrics = [ClusterAgreement(), ClusterAgreement("ari"), DaviesBouldin(), CalinskiHarabasz()]
    for metric, expected in zip(metrics, [0.563, 0.437, 3.23, 13.0], strict=True):
        assert once(metric, raw, papers) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("metric", [ClusterAgreement(), DaviesBouldin(), CalinskiHarabasz()])
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
