import numpy as np

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.gaussian import Gaussian  # noqa: E402
from zoo.encoder import Encoder  # noqa: E402
from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.preprocessing.centre import Centre  # noqa: E402
from zoo.representations._encoded_table import EncodedTable  # noqa: E402
from zoo.representations.untrained import Untrained  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402
from zoo.types import Clusters, HasLikelihood, HasRates, Reconstructs, Scores  # noqa: E402


def test_the_untrained_network_stays_as_it_was_while_the_model_trains(splits, tmp_path):
    keras.utils.set_random_seed(0)
    model = DenseAutoencoder(4, [8], preprocess={"centre": Centre()})
    model.build((None, splits.width))
    first = [np.asarray(weight).copy() for weight in model.trainable_variables]
    trained = Trainer(2, batch_size=64, learning_rate=0.01).fit(model, splits, seed=0, state=tmp_path / "state.npz")
    untrained = Untrained().fit("untrained", splits, trained)
    assert untrained.name == "untrained"
    rows = splits.features[splits.test]
    codes = untrained.encode(splits.test)
    # by hand, with the first weights and the mean of the training rows
    hidden = np.maximum((rows - splits.features[splits.train].mean(axis=0)) @ first[0] + first[1], 0)
    np.testing.assert_allclose(codes, hidden @ first[2] + first[3], atol=1e-5)
    assert np.abs(codes - np.asarray(model.encode(rows))).max() > 0.01
    model.fit(splits.features[:64], verbose=0)
    np.testing.assert_array_equal(untrained.encode(splits.test), codes)
    assert untrained.reconstruct(splits.test).shape == rows.shape


def test_an_encoder_on_a_table_can_do_what_its_model_can(splits):
    keras.utils.set_random_seed(0)
    plain = DenseAutoencoder(4, [8])
    generative = DenseAutoencoder(4, [8], bottleneck=Gaussian(4))
    for model, more in ((plain, False), (generative, True)):
        model.build((None, splits.width))
        encoder = Encoder.from_model("encoder", model)
        table = EncodedTable(encoder, splits)
        assert isinstance(table, Reconstructs)
        assert isinstance(table, Scores)
        assert isinstance(table, HasRates) is more
        assert isinstance(table, HasLikelihood) is more
        assert not isinstance(table, Clusters)
        rows = np.asarray([599, 0, 17])
        np.testing.assert_array_equal(table.encode(rows), encoder.encode(splits.features[rows]))
        np.testing.assert_array_equal(table.score(rows), encoder.score(splits.features[rows]))
        assert table.encode(rows[:0]).shape == (0, 4)
    assert table.rates(rows).shape == (3, 4)
    assert table.log_likelihoods(rows, 5, 0).shape == (3,)
