import numpy as np

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.preprocessing.centre import Centre  # noqa: E402
from zoo.representations.untrained import Untrained  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402


def test_the_untrained_network_stays_as_it_was_while_the_model_trains(splits, tmp_path):
    keras.utils.set_random_seed(0)
    model = DenseAutoencoder(4, [8], preprocess={"centre": Centre()})
    model.build((None, splits.width))
    first = [np.asarray(weight).copy() for weight in model.trainable_variables]
    trained = Trainer(2, batch_size=64, learning_rate=0.01).fit(model, splits, seed=0, state=tmp_path / "state.npz")
    untrained = Untrained().fit("untrained", splits, trained)
    assert untrained.name == "untrained"
    rows = splits.features[splits.test]
    codes = untrained.encode(rows)
    # by hand, with the first weights and the mean of the training rows
    hidden = np.maximum((rows - splits.features[splits.train].mean(axis=0)) @ first[0] + first[1], 0)
    np.testing.assert_allclose(codes, hidden @ first[2] + first[3], atol=1e-5)
    assert np.abs(codes - np.asarray(model.encode(rows))).max() > 0.01
    model.fit(splits.features[:64], verbose=0)
    np.testing.assert_array_equal(untrained.encode(rows), codes)
    assert untrained.reconstruct(rows).shape == rows.shape
