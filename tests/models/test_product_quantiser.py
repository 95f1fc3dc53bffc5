"""Rows as bytes: what training solves, what a user gets in memory and from an export, and what is judged."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()

import keras  # noqa: E402

from zoo.encoder import Encoder  # noqa: E402
from zoo.errors import InputError  # noqa: E402
from zoo.export._signatures import calls_on_probes, write_saved_model  # noqa: E402
from zoo.export.exporter import Exporter  # noqa: E402
from zoo.models.product_quantiser import ProductQuantiser  # noqa: E402
from zoo.preprocessing.normalise_length import NormaliseLength  # noqa: E402
from zoo.product_codes import ProductCodes, additions  # noqa: E402
from zoo.representations._encoded_table import EncodedTable  # noqa: E402
from zoo.rows.dense_rows import DenseRows  # noqa: E402
from zoo.types import EncodesQueries, Splits  # noqa: E402

GROUPS, CODES = 3, 16


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 10)) @ rng.normal(size=(10, 10)) + np.sin(3 * rng.normal(size=(600, 10)))
    rows = (2 * rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    every = np.arange(600)
    return Splits(
        rows,
        every[:500],
        every[:0],
        every[500:],
        keys=every.astype(str).astype(object),
        kind=DenseRows("vector", (10,)),
    )


@pytest.fixture(scope="module")
def model(table):
    """As training leaves it, but for the steps of gradient."""
    keras.utils.set_random_seed(0)
    made = ProductQuantiser(GROUPS, CODES, ridge=2.0, refinements=2, seed=0, preprocess={"length": NormaliseLength()})
    made.build((None, 10))
    batches = lambda: table.weighted_batches(table.train)  # noqa: E731
    made.adapt(batches)
    made.solve(batches)
    made.remember(batches)
    return made


@pytest.fixture(scope="module")
def encoder(model, table):
    return Encoder.from_model("bytes", model, kind=table.kind)


@pytest.fixture(scope="module")
def saved(model, table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "model"
    write_saved_model(folder, model, table.kind)
    return Encoder.from_saved_model(folder)


def test_the_bytes_are_optimised_product_quantisations_looked_at_again(model, encoder, table):
    rows = table.features / 2
    theirs = ProductCodes.fit(rows[table.train], GROUPS, CODES)
    tables = np.asarray(model.bottleneck.tables)
    expected = theirs.numbers(rows).astype(np.int64)
    for group in [0, 1, 2, 0, 1, 2]:
        others = sum(tables[each][expected[:, each]] for each in range(GROUPS) if each != group)
        expected[:, group] = np.square((rows - others)[:, None] - tables[group]).sum(axis=-1).argmin(axis=1)
    codes = encoder.encode(table.features)
    assert codes.dtype == np.uint8
    assert (codes == expected).mean() > 0.99  # but for ties
    assert (expected != theirs.numbers(rows)).any()


def test_numbers_stand_for_what_their_vectors_and_additions_say(model, table):
    rows = table.features[table.train] / 2
    plain = ProductCodes.fit(rows, GROUPS, CODES)
    numbers = plain.numbers(rows)
    added = additions(numbers, rows - plain.decoded(numbers), CODES, ridge=2.0 * GROUPS)
    expected = plain.decoded(numbers) + added[np.arange(GROUPS), numbers].sum(axis=1)
    np.testing.assert_allclose(np.asarray(model.bottleneck.look_up(numbers)), expected, atol=1e-4)


def test_rows_come_nearer_than_by_product_quantisation(encoder, table):
    rows, decoded = table.features, encoder.decode(encoder.encode(table.features))
    plain = ProductCodes.fit(rows[table.train] / 2, GROUPS, CODES)
    before = 2 * plain.decoded(plain.numbers(rows / 2))
    # new rows of noise gain little, and must not lose
    for part, most in ((table.train, 0.95), (table.test, 1.02)):
        assert np.square(rows - decoded)[part].sum() < most * np.square(rows - before)[part].sum()
    np.testing.assert_allclose(encoder.reconstruct(rows), decoded, atol=1e-5)
    np.testing.assert_allclose(encoder.query(rows), rows, rtol=1e-4)


def test_an_exported_one_gives_the_same(encoder, saved, model, table):
    rows = table.features[:50]
    codes = saved.encode(rows)
    assert codes.dtype == np.uint8
    assert saved.gives_bytes
    assert saved.latent_dim == GROUPS
    np.testing.assert_array_equal(codes, encoder.encode(rows))
    np.testing.assert_allclose(saved.decode(codes), encoder.decode(codes), atol=1e-5)
    np.testing.assert_allclose(saved.query(rows), encoder.query(rows), atol=1e-5)
    assert saved.encode(rows[:0]).shape == (0, GROUPS)
    _, wanted = calls_on_probes(model, table)["serving_default"]
    assert {name: each.dtype.kind for name, each in wanted.items()} == {"embedding": "u", "decoded": "f"}


def test_what_is_judged_is_what_the_bytes_stand_for(encoder, table):
    judged = EncodedTable(encoder, table)
    np.testing.assert_allclose(judged.encode(table.test), encoder.decode(encoder.encode(table.features[table.test])))
    assert judged.bytes_per_row() == GROUPS
    assert isinstance(judged, EncodesQueries)
    np.testing.assert_allclose(judged.encode_queries(table.test), table.features[table.test], rtol=1e-4)


def test_an_index_is_asked_with_rows_that_are_not_quantised(saved, table):
    index = saved.index(table.features, keys=range(600))
    found = index.neighbours(table.features[:40], k=5)
    decoded = saved.decode(saved.encode(table.features))
    cosines = (table.features[:40] / 2) @ (decoded / np.linalg.norm(decoded, axis=1, keepdims=True)).T
    np.testing.assert_allclose(found.cosines, -np.sort(-cosines, axis=1)[:, :5], atol=1e-5)


def test_other_numbers_than_bytes_are_refused(saved):
    with pytest.raises(ValueError, match="whole numbers of 0 to 255"):
        saved.decode(np.full((2, GROUPS), 0.5, np.float32))
    with pytest.raises(ValueError, match="whole numbers of 0 to 255"):
        saved.decode(np.full((2, GROUPS), 256.0, np.float32))


def test_bytes_are_not_rounded_once_more(model, table):
    with pytest.raises(InputError, match="bytes already"):
        Exporter(output="int8").lower(model, table)


def test_more_bytes_than_numbers_are_refused():
    with pytest.raises(ValueError, match="10 at most"):
        ProductQuantiser(11).build((None, 10))


def test_few_and_equal_rows_are_taken(table):
    same = replace(table, features=np.ones((600, 10), np.float32), train=np.arange(5))
    made = ProductQuantiser(GROUPS, CODES)
    made.build((None, 10))
    for step in (made.solve, made.remember):
        step(lambda: same.weighted_batches(same.train))
    np.testing.assert_allclose(np.asarray(made.reconstruct(same.features[:3])), np.ones((3, 10)), atol=1e-4)
