"""scikit-learn's digits as the source hands them on."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from zoo.data import Digits
from zoo.data._key_split import key_positions
from zoo.errors import InputError
from zoo.rows import ImageRows


@pytest.fixture(scope="module")
def digits():
    return Digits().load()


def test_pixels_are_scikit_learns_scaled_to_255(digits):
    original = load_digits()
    assert digits.features.shape == (1797, 8, 8, 1)
    assert digits.features.dtype == np.uint8
    assert digits.shape == (8, 8, 1)
    exact = original.data.reshape(1797, 8, 8, 1) * 255 / 16
    assert np.abs(digits.features - exact).max() <= 0.5
    assert digits.features.max() == 255
    assert np.array_equal(digits.labels, original.target)
    assert digits.labels.dtype == np.int64
    assert type(digits.kind) is ImageRows
    assert digits.keys is None


def test_a_digits_split_is_the_hash_of_its_row_number(digits):
    position = key_positions([str(row) for row in range(1797)])
    assert np.array_equal(digits.test, np.flatnonzero(position < 0.25))
    assert np.array_equal(digits.validation, np.flatnonzero((position >= 0.25) & (position < 0.35)))
    assert sorted(np.concatenate([digits.train, digits.validation, digits.test])) == list(range(1797))


def test_provenance_identifies_the_content(digits):
    assert digits.provenance["source"] == "Digits"
    assert digits.provenance["rows"] == 1797
    assert digits.provenance["shape"] == [8, 8, 1]
    assert sum(digits.provenance["splits"].values()) == 1797
    assert len(digits.provenance["fingerprint"]) == 32
    assert Digits(test=0.5).load().provenance["fingerprint"] == digits.provenance["fingerprint"]


def test_the_fingerprint_is_blake2b_over_shape_pixels_and_labels(digits):
    from hashlib import blake2b

    labels = "".join(f"{label}\0" for label in load_digits().target)
    expected = blake2b(b"1797 8 8 1 " + digits.features.tobytes() + labels.encode(), digest_size=16)
    assert digits.provenance["fingerprint"] == expected.hexdigest()


def test_fractions_that_leave_nothing():
    with pytest.raises(InputError, match=r"data\.validation=0\.5 and data\.test=0\.5 leave nothing to train on"):
        Digits(validation=0.5, test=0.5)
    with pytest.raises(InputError, match=r"no row is left for validation \(.* of 1797 rows\).*data\.validation=0\.0"):
        Digits(validation=0.0).load()


def test_importing_the_sources_imports_nothing_heavy():
    heavy = "{'tensorflow', 'tensorflow_datasets', 'sklearn', 'pandas', 'PIL'}"
    modules = "zoo.data.digits, zoo.data.image_folder, zoo.data.one_class, zoo.data.tfds_images"
    code = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
