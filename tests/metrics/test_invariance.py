"""Altered copies that find their row, against a search by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity

from zoo.errors import InputError
from zoo.metrics._altered import altered
from zoo.metrics.invariance import Invariance
from zoo.rows import ItemRows, RecordRows
from zoo.types import MISSING, OTHER, Splits


@pytest.fixture
def images(rng):
    """120 images [12, 12, 1] uint8 of a bright blob somewhere, labelled by its half; 40 are held out."""
    y, x = rng.uniform(3, 9, size=(2, 120, 1, 1))
    rows, columns = np.mgrid[:12, :12]
    blobs = 200 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4) + rng.uniform(0, 40, size=(120, 12, 12))
    numbers = np.arange(120)
    labels = (y.ravel() > 6).astype(np.int64)
    pixels = np.round(blobs).astype(np.uint8)[..., None]
    return Splits(pixels, train=numbers[:80], validation=numbers[:0], test=numbers[80:], labels=labels)


@pytest.fixture
def flat(codes):
    return codes(lambda rows: rows.reshape(len(rows), -1))


def test_images_are_shifted_by_so_many_pixels_in_four_directions(images):
    moved = altered(images, images.test, "shift", 3, 0)
    assert moved.features.dtype == np.uint8
    assert moved.raw is None
    directions = set()
    for image, original in zip(moved.features, images.features[images.test], strict=True):
        edged = np.pad(original, ((3, 3), (3, 3), (0, 0)), mode="edge")
        options = {
            "up": edged[6:18, 3:15],
            "down": edged[:12, 3:15],
            "left": edged[3:15, 6:18],
            "right": edged[3:15, :12],
        }
        (found,) = [name for name, option in options.items() if (option == image).all()]
        directions.add(found)
    assert directions == {"up", "down", "left", "right"}
    assert (altered(images, images.test, "shift", 3, 1).features != moved.features).any()
    assert (altered(images, images.test, "shift", 3, 0).features == moved.features).all()


@pytest.mark.parametrize(("alteration", "amount"), [("shift", 2.0), ("noise", 4.0), ("mask", 0.8)])
def test_it_is_the_share_that_finds_its_own_row(alteration, amount, images, flat, once):
    metric = Invariance(alteration, amount)
    pixels = images.features[images.test].reshape(40, -1).astype(np.float64)
    copied = altered(images, images.test, alteration, amount, 0).features.reshape(40, -1).astype(np.float64)
    cosines = cosine_similarity(copied, pixels)
    np.testing.assert_array_equal(metric.values(flat.on(images), images), cosines.argmax(axis=1) == np.arange(40))
    assert 0.05 < once(metric, flat, images) < 1
    described = Invariance(alteration, amount, "cosine")
    np.testing.assert_allclose(described.values(flat.on(images), images), np.diag(cosines), atol=1e-6)
    assert (metric.higher_is_better, described.higher_is_better) == (True, None)
    one = Invariance(alteration, amount, label=1)
    asked = images.labels[images.test] == 1
    assert len(one.values(flat.on(images), images)) == asked.sum() < 40
    np.testing.assert_array_equal(one.row_numbers(images), images.test[asked])


def test_vectors_are_noised_by_column_and_masked_with_its_mean(splits):
    features = splits.features.copy()
    features[splits.test] *= 5  # whatever the rows that judge are like, training rows say what is usual
    splits = replace(splits, features=features)
    rows, usual = features[splits.test], features[splits.train]
    noise = altered(splits, splits.test, "noise", 0.5, 0).features - rows
    np.testing.assert_allclose(noise.std(axis=0), 0.5 * usual.std(axis=0), rtol=0.25)
    masked = altered(splits, splits.test, "mask", 0.3, 0).features
    hidden = masked != rows
    assert hidden.mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_allclose(masked[hidden], np.broadcast_to(usual.mean(axis=0), rows.shape)[hidden], rtol=1e-5)
    assert altered(splits, splits.test, "shift", 3, 0) is None
    untaught = replace(splits, train=splits.train[:0])
    assert altered(untaught, splits.test, "noise", 0.5, 0) is altered(untaught, splits.test, "mask", 0.5, 0) is None
    assert Invariance("noise").shortage(untaught) == "no training row says how much noise is usual"


def test_baskets_lose_items_and_records_have_fields_emptied(rng):
    numbers, none = np.arange(60), np.arange(0)
    held = sparse.csr_array((rng.random((60, 20)) < 0.4).astype(np.float32))
    baskets = Splits(held, none, none, numbers, kind=ItemRows([f"i{each}" for each in range(20)]))
    left = altered(baskets, numbers, "mask", 0.3, 0).features.toarray()
    assert ((left == 1) <= (held.toarray() == 1)).all()
    assert left.sum() / held.sum() == pytest.approx(0.7, abs=0.08)

    fields = {"name": (OTHER, MISSING, *(f"n{i}" for i in range(30))), "town": (MISSING, OTHER, "a", "b")}
    chosen = [np.eye(len(names), dtype=np.float32)[rng.integers(2, len(names), 60)] for names in fields.values()]
    records = Splits(sparse.csr_array(np.hstack(chosen)), none, none, numbers, kind=RecordRows(fields))
    emptied = altered(records, numbers, "mask", 0.5, 0).features.toarray()
    assert (emptied[:, :32].sum(axis=1) == 1).all()
    assert (emptied[:, 32:].sum(axis=1) == 1).all()
    assert emptied[:, 1].mean() == pytest.approx(0.5, abs=0.2)
    assert emptied[:, 32].mean() == pytest.approx(0.5, abs=0.2)
    assert emptied[:, 0].sum() == emptied[:, 33].sum() == 0
    assert altered(records, numbers, "noise", 0.5, 0) is None


def test_copies_are_found_with_any_of_them_and_equal_codes_find_next_to_nothing(images, flat, codes, once):
    twins = images.features.copy()
    twins[images.test[20:]] = twins[images.test[:20]]
    table = replace(images, features=twins)
    assert once(Invariance("noise", 1e-6), flat, table) == 1
    assert once(Invariance("noise"), codes(lambda rows: np.ones((len(rows), 3))), images) == pytest.approx(1 / 40)
    assert np.isnan(once(Invariance("noise"), codes(lambda rows: rows.reshape(len(rows), -1) * np.nan), images))


def test_what_cannot_be_altered_so_is_said(images, splits, raw):
    assert Invariance("shift").values(raw, splits) is None
    assert "shift is not for rows of 12 columns" in Invariance("shift").shortage(splits)
    assert Invariance("shift").shortage(images) == ""
    assert "has the label 7" in Invariance("shift", label=7).shortage(images)
    assert Invariance("shift", label=7).values(raw, images) is None
    assert Invariance("shift", label=7).values(raw, replace(images, labels=None)) is None
    assert "1 rows are held out" in Invariance("noise").shortage(replace(splits, test=splits.test[:1]))
    with pytest.raises(InputError, match="no alteration 'shifts'; did you mean 'shift'"):
        Invariance("shifts")
    with pytest.raises(InputError, match="would mask everything"):
        Invariance("mask", 1.0)
    with pytest.raises(InputError, match="no whole number of pixels"):
        Invariance("shift", 2.5)
