"""Columns with units of their own are put on one scale for opponents and metrics; encoders read them as they are."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA as SklearnPCA  # noqa: N811  its own name
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from zoo.errors import InputError
from zoo.evaluate.judge import Judge
from zoo.metrics.neighbour_overlap import NeighbourOverlap
from zoo.metrics.reconstruction_r2 import ReconstructionR2
from zoo.quiet import import_tensorflow
from zoo.representations.pca import PCA
from zoo.representations.raw import Raw
from zoo.rows.dense_rows import DenseRows
from zoo.types import Splits

NAMES = ("age", "income", "visits", "distance", "owner", "constant")


@pytest.fixture
def customers(rng):
    """600 rows in columns of very different units, one of them constant, and their kind with names."""
    numbers = rng.normal(size=(600, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(600, 5))
    features = np.column_stack([numbers * [10, 20_000, 3, 500, 0.2] + [40, 50_000, 5, 900, 0.5], np.full(600, 7.0)])
    rows = rng.permutation(600)
    kind = DenseRows("vector", (6,), NAMES)
    return Splits(features.astype(np.float32), rows[:400], rows[400:500], rows[500:], kind=kind)


def scaled_by_sklearn(splits, rows):
    return StandardScaler().fit(splits.features[splits.train].astype(np.float64)).transform(splits.features[rows])


def test_rows_are_sklearns_standardised_ones_fitted_to_training_rows(customers):
    table = Judge().scaled(customers)
    np.testing.assert_allclose(table.take(customers.test), scaled_by_sklearn(customers, customers.test), atol=1e-4)
    spoilt = customers.features.copy()
    spoilt[customers.test] = 1e6
    again = Judge().scaled(replace(customers, features=spoilt))
    np.testing.assert_array_equal(again.take(customers.validation), table.take(customers.validation))
    np.testing.assert_array_equal(np.concatenate(list(table.batches(customers.test, 7))), table.take(customers.test))
    # what a served encoder reads, and the table itself, are as they were
    np.testing.assert_array_equal(table.inputs(customers.test)["vector"], customers.features[customers.test])
    np.testing.assert_array_equal(customers.take(customers.test), customers.features[customers.test])


def test_opponents_and_metrics_see_the_scale(customers):
    table = Judge().scaled(customers)
    trained = SimpleNamespace(model=SimpleNamespace(latent_dim=2))
    pca, raw = (each.fit("x", table, trained) for each in (PCA(), Raw()))
    train, test = (scaled_by_sklearn(customers, rows) for rows in (customers.train, customers.test))
    theirs = SklearnPCA(2).fit(train)
    np.testing.assert_allclose(np.abs(pca.encode(customers.test)), np.abs(theirs.transform(test)), atol=1e-3)
    np.testing.assert_allclose(raw.encode(customers.test), test, atol=1e-4)
    values = ReconstructionR2().values(pca, table)
    expected = r2_score(test, theirs.inverse_transform(theirs.transform(test)), multioutput="variance_weighted")
    assert ReconstructionR2().statistic(values, np.ones((1, 100)))[0] == pytest.approx(expected, abs=1e-4)
    # without the scale, income alone decides who is near: two components keep all of that, and little of the rest
    plain = PCA().fit("x", customers, trained)
    overlap = NeighbourOverlap(k=5)
    assert overlap.values(raw, table).mean() == 1
    assert 1.3 * overlap.values(plain, table).mean() < overlap.values(pca, table).mean()


@pytest.mark.parametrize(
    ("scale", "names", "scaled"),
    [
        ("auto", NAMES, True),
        ("auto", (), False),
        ("auto", tuple(f"dim_{column}" for column in range(6)), False),  # a vector, written out
        ("auto", tuple(map(str, range(6))), False),
        ("auto", ("x1", "x2", "y1", "y2", "z1", "z2"), True),
        ("none", NAMES, False),
        ("standardise", (), True),
    ],
)
def test_the_recipe_says_which_scale_and_names_decide_by_default(scale, names, scaled, customers):
    customers = replace(customers, kind=DenseRows("vector", (6,), names))
    table = Judge(scale=scale).scaled(customers)
    assert (table.scale is not None) is scaled
    assert np.allclose(table.take(customers.test), customers.take(customers.test)) is not scaled


def test_images_and_sparse_rows_stay_as_they_are(rng):
    rows = np.arange(30)
    images = Splits(rng.integers(0, 255, (30, 4, 4, 1), dtype=np.uint8), rows[:20], rows[20:25], rows[25:])
    baskets = Splits(sparse.csr_array(np.eye(30, dtype=np.float32)), rows[:20], rows[20:25], rows[25:])
    for table in (images, baskets):
        assert Judge().scaled(table) is table
        with pytest.raises(InputError, match=r"judge\.scale=standardise"):
            Judge(scale="standardise").scaled(table)


def test_a_report_says_which_scale_it_is_on(customers):
    trained = SimpleNamespace(model=SimpleNamespace(latent_dim=2))
    for judge, expected in ((Judge(resamples=10), "standardise"), (Judge(resamples=10, scale="none"), "none")):
        table = judge.scaled(customers)
        report = judge.report([PCA().fit("encoder", table, trained)], {"r2": ReconstructionR2()}, table)
        assert report.scale == expected


def test_an_encoder_reads_the_units_and_is_compared_on_the_scale(customers):
    import_tensorflow()
    import keras

    from zoo.encoder import Encoder
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.preprocessing.standardise import Standardise
    from zoo.representations._encoded_table import EncodedTable

    keras.utils.set_random_seed(0)
    model = DenseAutoencoder(2, [8], preprocess={"standardise": Standardise()})
    model.build((None, 6))
    model.adapt(lambda: customers.weighted_batches(customers.train))
    encoder = Encoder.from_model("encoder", model, kind=customers.kind)
    own = EncodedTable(encoder, customers)
    table = Judge().scaled(customers)
    judged = own.on(table)
    np.testing.assert_array_equal(judged.encode(customers.test), own.encode(customers.test))
    np.testing.assert_array_equal(judged.score(customers.test), own.score(customers.test))
    reconstructed = own.reconstruct(customers.test)
    scaler = StandardScaler().fit(customers.features[customers.train].astype(np.float64))
    np.testing.assert_allclose(judged.reconstruct(customers.test), scaler.transform(reconstructed), atol=1e-3)
