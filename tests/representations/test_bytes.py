"""Opponents of a few bytes a row: product quantisation beside faiss, int8, signs, and components about 0."""

from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD

from zoo.errors import InputError
from zoo.metrics.neighbour_overlap import NeighbourOverlap
from zoo.product_codes import ProductCodes, additions, shared_directions
from zoo.representations.int8 import Int8
from zoo.representations.pca import PCA
from zoo.representations.product_quantization import ProductQuantization
from zoo.representations.raw import Raw
from zoo.representations.sign_bits import SignBits
from zoo.types import EncodesQueries, Rescores, Splits


@pytest.fixture(scope="module")
def embeddings():
    """1,500 directions [16] of unequal variances, not about 0."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1500, 16)) @ np.linalg.qr(rng.normal(size=(16, 16)))[0] * np.geomspace(1, 0.05, 16) + 0.2
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    every = np.arange(1500)
    return Splits(rows, train=every[:1200], validation=every[:0], test=every[1200:])


def fitted(baseline, splits, latent_dim=4):
    return baseline.fit("it", splits, SimpleNamespace(model=SimpleNamespace(latent_dim=latent_dim)))


def errors(rows, decoded):
    return float(np.square(rows - decoded).sum(axis=1).mean())


def test_product_codes_are_no_worse_than_faiss_opq(embeddings):
    train, test = (np.ascontiguousarray(embeddings.features[each]) for each in (embeddings.train, embeddings.test))
    rotation, quantizer = faiss.OPQMatrix(16, 4), faiss.ProductQuantizer(16, 4, 8)
    rotation.niter = 5
    rotation.train(train)
    quantizer.train(rotation.apply(train))
    theirs = rotation.reverse_transform(quantizer.decode(quantizer.compute_codes(rotation.apply(test))))
    ours = fitted(ProductQuantization(bytes=4), embeddings)
    assert errors(test, ours.encode(embeddings.test)) < 1.02 * errors(test, theirs)
    assert ours.bytes_per_row() == 4
    np.testing.assert_array_equal(ours.encode_queries(embeddings.test), test)


def test_codes_are_the_nearest_vectors_and_faiss_decodes_them_alike(embeddings):
    rows = embeddings.features[:600]
    codes = ProductCodes.fit(rows, groups=4, codes=32, iterations=3)
    numbers = codes.numbers(rows)
    assert numbers.dtype == np.uint8
    parts = (rows @ codes.rotation).reshape(-1, 4, 4)
    distances = np.square(parts[:, :, None] - codes.books[None]).sum(axis=-1)
    np.testing.assert_array_equal(numbers, distances.argmin(axis=-1))
    quantizer = faiss.ProductQuantizer(16, 4, 5)
    faiss.copy_array_to_vector(codes.books.ravel(), quantizer.centroids)
    packed = quantizer.compute_codes(np.ascontiguousarray(rows @ codes.rotation))
    np.testing.assert_allclose(codes.decoded(numbers), quantizer.decode(packed) @ codes.rotation.T, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 3, 5, 16])
def test_directions_are_shared_out_whatever_the_width(groups, embeddings):
    rows = embeddings.features
    directions = shared_directions(rows, groups)
    np.testing.assert_allclose(directions @ directions.T, np.eye(16), atol=1e-5)
    size = -(-16 // groups)
    assert directions.shape == (16, groups * size)
    if groups == 3:  # each part has directions, none more than its size
        assert all(np.count_nonzero(part.any(axis=0)) in (5, 6) for part in np.split(directions, 3, axis=1))


def test_few_and_equal_rows_are_taken():
    rows = np.ones((3, 4), np.float32)
    codes = ProductCodes.fit(rows, groups=2)
    np.testing.assert_allclose(codes.decoded(codes.numbers(rows)), rows, atol=1e-5)
    assert all((np.abs(book) < 10).all(axis=1).sum() == 1 for book in codes.books)  # no vector twice where rows are


def test_int8_is_within_half_a_step_of_what_it_rounds(embeddings):
    rounded, plain = fitted(Int8(PCA()), embeddings), fitted(PCA(), embeddings)
    apart = np.abs(rounded.encode(embeddings.test) - plain.encode(embeddings.test))
    assert 0 < apart.max() <= 0.51 * rounded.step
    assert rounded.bytes_per_row() == 4
    assert len(np.unique(np.round(rounded.encode(embeddings.test) / rounded.step))) > 50
    np.testing.assert_array_equal(rounded.encode_queries(embeddings.test), plain.encode(embeddings.test))


def test_signs_are_the_columns_own_where_there_are_bits_enough(embeddings):
    own, fewer = fitted(SignBits(bytes=2), embeddings), fitted(SignBits(bytes=1), embeddings)
    rows = embeddings.features[embeddings.test]
    np.testing.assert_array_equal(own.encode(embeddings.test), np.where(rows > 0, 1, -1))
    np.testing.assert_array_equal(own.encode_queries(embeddings.test), rows)
    assert (own.bytes_per_row(), fewer.bytes_per_row()) == (2, 1)
    assert fewer.encode(embeddings.test).shape == (300, 8)
    # a rotation gives each bit the same share of what the leading components have
    assert np.square(fewer.encode_queries(embeddings.train)).mean(axis=0).max() < 0.35
    assert isinstance(own, Rescores)
    assert fitted(SignBits(rescore=9), embeddings).candidates == 9


def test_components_about_0_are_truncated_svds(embeddings):
    ours = fitted(PCA(centre=False), embeddings).encode(embeddings.test)
    theirs = TruncatedSVD(4, algorithm="arpack").fit(embeddings.features[embeddings.train])
    theirs = theirs.transform(embeddings.features[embeddings.test])
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


def test_neighbours_are_asked_for_by_rows_that_are_not_quantised(embeddings):
    quantised = fitted(ProductQuantization(bytes=2), embeddings)
    weights = np.ones((1, 300))
    by_code, by_query = (
        float(metric.statistic(metric.values(quantised, embeddings), weights)[0])
        for metric in (NeighbourOverlap(), NeighbourOverlap(asked="query"))
    )
    rows, codes = embeddings.features, quantised.encode(np.arange(1500))

    def nearest(asking, among):
        cosines = asking @ (among / np.linalg.norm(among, axis=1, keepdims=True)).T
        cosines[np.arange(300), embeddings.test] = -9
        return np.argsort(-cosines, axis=1)[:, :10]

    raw = nearest(rows[embeddings.test], rows)
    shares = [len(set(a) & set(b)) / 10 for a, b in zip(raw, nearest(rows[embeddings.test], codes), strict=True)]
    assert by_query == pytest.approx(np.mean(shares), abs=2e-3)
    assert by_query > by_code + 0.02
    assert not isinstance(fitted(Raw(), embeddings), EncodesQueries)


def test_bytes_are_refused_where_they_make_no_sense(embeddings):
    with pytest.raises(InputError, match=r"bytes=17.*set baselines\.pq\.bytes=16"):
        ProductQuantization(bytes=17).require("pq", embeddings)


def test_additions_are_ridge_regression_on_the_choices(rng):
    numbers = rng.integers(0, 5, size=(400, 3))
    missing = rng.normal(size=(400, 6)).astype(np.float32)
    choices = np.eye(5)[numbers].reshape(400, 15)
    expected = np.linalg.solve(choices.T @ choices + 7 * np.eye(15), choices.T @ missing)
    np.testing.assert_allclose(additions(numbers, missing, 5, ridge=7).reshape(15, 6), expected, atol=1e-4)
    np.testing.assert_array_equal(additions(numbers, 0 * missing, 5, ridge=7), np.zeros((3, 5, 6)))
