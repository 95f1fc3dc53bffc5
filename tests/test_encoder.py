import numpy as np
import pandas as pd
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.encoder import Encoder, Vocabulary  # noqa: E402
from zoo.errors import InputError  # noqa: E402
from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.models.vae import VAE  # noqa: E402


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    model = VAE(3, [8])
    model.build((None, 5))
    return model


@pytest.fixture(scope="module")
def encoder(model):
    rows = np.arange(15, dtype=np.float32).reshape(3, 5) / 10
    return Encoder.from_model(
        "test", model, Vocabulary(["one", "two", "three"], lambda: np.asarray(model.encode(rows)))
    )


@pytest.fixture
def rows(rng):
    return rng.normal(size=(20_000, 5)).astype(np.float32)


def test_batches_keep_the_order(encoder, model, rows):
    codes = encoder.encode(rows)  # more rows than a batch
    assert codes.shape == (20_000, 3)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes[[0, 8191, 8192, 19_999]], model.encode(rows[[0, 8191, 8192, 19_999]]), atol=1e-6)
    np.testing.assert_allclose(encoder.reconstruct(rows[:9]), model.reconstruct(rows[:9]), atol=1e-6)
    np.testing.assert_allclose(encoder.rates(rows[:9]), model.rates(rows[:9]), rtol=1e-5)


def test_any_array_like_will_do(encoder, rows):
    few = rows[:7]
    expected = encoder.encode(few)
    for same in (
        few.tolist(),
        few.astype(np.float64),
        few.astype(">f4"),
        pd.DataFrame(few, columns=list("abcde")),
        pd.DataFrame({"vector": list(few)}),
        pd.Series(list(few)),
        np.asfortranarray(few),
    ):
        np.testing.assert_allclose(encoder.encode(same), expected, atol=1e-6)
    assert encoder.encode(np.ones((2, 5), int)).shape == (2, 3)
    for nothing in ([], np.empty((0, 5)), pd.DataFrame(columns=list("abcde"))):
        assert encoder.encode(nothing).shape == (0, 3)


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        (np.ones(5), r"takes rows \[n, 5\], not \[5\]; a single row is encode\(\[row\]\)"),
        (np.ones((2, 4)), r"not \[2, 4\]; give rows with the columns that it was trained on"),
        (np.ones((5, 4)), r"not \[5, 4\]; if rows lie in columns, give rows.T"),
        (np.ones((2, 1, 5)), r"not \[2, 1, 5\]; the numbers are as many: give rows.reshape\(-1, 5\)"),
        (pd.Series([[1, 2, 3, 4, 5], [1, 2]]), "differ in length"),
        (np.r_[np.ones((3, 5)), np.full((1, 5), np.nan)], r"1 of 4 rows hold NaN or infinity, the first at \[3\]"),
        (np.full((2, 5), np.inf), "2 of 2 rows"),
    ],
)
def test_rows_that_cannot_be_encoded_are_refused(vectors, expected, encoder):
    with pytest.raises(ValueError, match=expected):
        encoder.encode(vectors)


def test_words_are_looked_up(encoder):
    codes = encoder.encode_words(["three", "one", "one"])
    np.testing.assert_allclose(codes[1], codes[2])
    np.testing.assert_allclose(codes[0], encoder.encode([[1.0, 1.1, 1.2, 1.3, 1.4]])[0], atol=1e-6)
    assert encoder.encode_words([]).shape == (0, 3)
    with pytest.raises(KeyError, match=r"'thre' \(did you mean 'three'\?\), 'zebra'"):
        encoder.encode_words(["one", "thre", "zebra"])
    with pytest.raises(KeyError, match=r"'ONE' \(did you mean 'one'\?\)"):
        encoder.encode_words(["ONE"])
    with pytest.raises(TypeError, match="list of words"):
        encoder.encode_words("one")


def test_without_a_vocabulary_or_a_rate(model):
    with pytest.raises(ValueError, match="no vocabulary"):
        Encoder.from_model("bare", model).encode_words(["one"])
    plain = DenseAutoencoder(2, [4])
    plain.build((None, 5))
    assert Encoder.from_model("plain", plain).rates(np.ones((1, 5))) is None


def test_a_folder_without_an_encoder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"saved_model\.pb is missing"):
        Encoder.from_saved_model(tmp_path)
