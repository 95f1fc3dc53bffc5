"""Images in arrays: their shapes, the scales of their pixels, and what lies beside them."""

import numpy as np
import pytest

from zoo.data import ImageArray
from zoo.data._pixels import Pixels
from zoo.errors import InputError

RANDOM = np.random.default_rng(0)
BYTES = RANDOM.integers(0, 256, (60, 8, 6, 3), dtype=np.uint8)


@pytest.fixture
def loaded(tmp_path):
    """A function that writes an array and loads it."""

    def load(array, **options):
        np.save(tmp_path / "images.npy", array)
        return ImageArray(str(tmp_path / "images.npy"), **options).load()

    return load


def test_images_come_back_as_written(loaded):
    splits = loaded(BYTES)
    assert np.array_equal(splits.features, BYTES)
    assert splits.features.dtype == np.uint8
    assert splits.kind.describe() == "images [n, 8, 6, 3] with pixels from 0 to 255"
    assert list(splits.keys[:2]) == ["0", "1"]
    grey = loaded(BYTES[..., 0])
    assert np.array_equal(grey.features[..., 0], BYTES[..., 0])


@pytest.mark.parametrize(
    ("pixels", "low", "high", "dtype"),
    [
        (BYTES, 0, 255, np.uint8),
        (BYTES.astype(np.int64), 0, 255, np.uint8),
        (BYTES.astype(np.float64), 0, 255, np.float32),
        (BYTES / 255, 0, 1, np.float32),
        (BYTES > 127, 0, 1, np.uint8),
        (BYTES / 127.5 - 1, -1, 1, np.float32),
        (BYTES.astype(np.uint16) * 257, 0, 65535, np.float32),
        (BYTES / 255 * 16, 0, 16, np.float32),
        (BYTES / 255 * 5 - 2.5, -2.5, 2.5, np.float32),
    ],
)
def test_the_scale_of_pixels_is_recognised_said_and_kept(loaded, pixels, low, high, dtype):
    splits = loaded(pixels)
    assert splits.features.dtype == dtype
    assert splits.features == pytest.approx(np.asarray(pixels, np.float32))
    assert f"from {low} to {high}" in splits.notes[0]
    rescale = Pixels.of(splits.features, "images").rescale()
    scaled = splits.features.astype(np.float64) * rescale["scale"] + rescale["offset"]
    assert (scaled.min(), scaled.max()) == pytest.approx((0, 1), abs=1e-6)


def test_labels_beside_them_in_a_file_of_their_own_and_keys(loaded, tmp_path):
    classes = np.arange(60) % 3
    np.save(tmp_path / "labels.npy", classes)
    assert loaded(BYTES, labels=str(tmp_path / "labels.npy")).labels.tolist() == classes.tolist()
    names = np.asarray([f"image {row}" for row in range(60)])
    np.savez(tmp_path / "all.npz", val=BYTES[:9], train_images=BYTES, train_labels=classes[:, None], names=names)
    splits = ImageArray(str(tmp_path / "all.npz"), label_column="train_labels", key_column="names").load()
    assert splits.labels.tolist() == classes.tolist()
    assert splits.keys[59] == "image 59"
    with pytest.raises(InputError, match="did you mean 'train_labels'"):
        ImageArray(str(tmp_path / "all.npz"), label_column="train_label").load()


def test_images_are_resized_when_asked(loaded):
    flat = np.repeat(np.arange(60, dtype=np.float32), 64).reshape(60, 8, 8)
    splits = loaded(flat, size=4)
    assert splits.features == pytest.approx(np.repeat(np.arange(60), 16).reshape(60, 4, 4, 1))
    assert "Resized from 8x8 to 4x4" in splits.notes[0]


def test_images_that_are_not_finite(loaded):
    holes = BYTES / 255
    holes[7, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match="1 of 60 images hold NaN or an infinity, the first is row 7"):
        loaded(holes)
    splits = loaded(holes, invalid="drop")
    assert len(splits) == 59
    assert "7" not in set(splits.keys)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((60, 3, 8, 8), r"channels are first here.*numpy\.moveaxis\(images, 1, -1\)"),
        ((60, 8, 8, 4), r"leave it out with images\[\.\.\., :3\]"),
        ((60, 8), "images are wanted"),
        ((60, 2, 8, 8, 3), "images are wanted"),
        ((60, 8, 8, 9), "recipe=dense_vectors"),
        ((0, 8, 8), "has no numbers"),
    ],
)
def test_other_arrays_are_refused_with_what_to_do(loaded, shape, said):
    with pytest.raises(InputError, match=said):
        loaded(np.zeros(shape))


def test_images_that_say_nothing_are_refused(loaded):
    with pytest.raises(InputError, match="no two pixels differ, so there is nothing to learn"):
        loaded(np.zeros((60, 8, 8)))
