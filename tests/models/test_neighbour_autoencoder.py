import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402
from sklearn.neighbors import NearestNeighbors  # noqa: E402

from zoo.errors import InputError  # noqa: E402
from zoo.models.neighbour_autoencoder import NeighbourAutoencoder  # noqa: E402
from zoo.preprocessing.standardise import Standardise  # noqa: E402


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    return (random.normal(size=(90, 5)) * [1, 2, 3, 0.1, 10] + 4).astype(np.float32)


def ready(rows, **arguments):
    keras.utils.set_random_seed(0)
    model = NeighbourAutoencoder(3, [8], preprocess={"standardise": Standardise()}, **arguments)
    model.build((None, rows.shape[1]))
    batches = lambda: [(rows[:40], np.ones(40, np.float32)), (rows[40:], np.ones(len(rows) - 40, np.float32))]  # noqa: E731
    model.adapt(batches)
    model.remember(batches)
    return model


def places(model, rows, weight):
    standardised = (rows - rows[:90].mean(axis=0)) / rows[:90].std(axis=0)
    seen = (np.asarray(model.reconstruct(rows)) - rows[:90].mean(axis=0)) / rows[:90].std(axis=0)
    return np.concatenate([standardised, weight * (standardised - seen)], axis=1)


@pytest.mark.parametrize(("nearest", "weight", "kept", "every"), [(1, 2.0, 200, 1), (3, 0.5, 90, 1), (2, 0.0, 30, 3)])
def test_score_is_the_mean_distance_to_the_nearest_kept_rows(rows, nearest, weight, kept, every):
    model = ready(rows, nearest=nearest, residual_weight=weight, kept=kept)
    asked = np.concatenate([rows, rows[:20] + np.float32(0.3)])
    everything = places(model, asked, weight)
    known = everything[:90:every]
    distances, _ = NearestNeighbors(n_neighbors=nearest).fit(known).kneighbors(everything)
    np.testing.assert_allclose(model.score(asked), distances.mean(axis=1), rtol=1e-3, atol=1e-5)


def test_a_kept_row_is_its_own_nearest_neighbour_exactly(rows):
    np.testing.assert_allclose(ready(rows, nearest=1).score(rows), 0, atol=1e-5)


@pytest.mark.parametrize(("nearest", "kept", "every"), [(1, 200, 1), (3, 90, 1), (2, 30, 3), (3, 4, 23)])
def test_kept_rows_are_scored_by_the_nearest_others(rows, nearest, kept, every):
    rows[7] = rows[3]  # a row that lies twice in the table is its own neighbour, fairly
    model = ready(rows, nearest=nearest, kept=kept)
    places_of_kept = model.kept_rows(len(rows))
    assert places_of_kept.tolist() == list(range(0, 90, every))
    known = places(model, rows, 2.0)[places_of_kept]
    distances, _ = NearestNeighbors(n_neighbors=nearest + 1).fit(known).kneighbors(known)
    alone = model.score_kept(rows[places_of_kept])
    np.testing.assert_allclose(alone, distances[:, 1:].mean(axis=1), rtol=1e-3, atol=1e-5)
    assert np.all(np.asarray(alone) >= np.asarray(model.score(rows[places_of_kept])))


def test_a_kept_row_without_enough_others_cannot_be_scored_by_them(rows):
    with pytest.raises(InputError, match=r"model\.nearest=3: of 3 kept training rows .* set model\.nearest=2 or less"):
        ready(rows, nearest=3).kept_rows(3)


def test_the_bank_is_saved_with_the_model(rows, tmp_path):
    model = ready(rows, kept=50)
    model.save(tmp_path / "model.keras")
    again = NeighbourAutoencoder.load(tmp_path / "model.keras")
    np.testing.assert_allclose(again.score(rows + 1), model.score(rows + 1), rtol=1e-5)
    assert not any("bank" in each.path for each in model.trainable_variables)


@pytest.mark.parametrize("kept", [200, 60, 50])
def test_fewer_training_rows_than_neighbours_are_refused_before_the_training(rows, kept):
    with pytest.raises(InputError, match=r"nearest=50: .* 45 of 45 training rows are kept; set .*nearest=45 or less$"):
        ready(rows[:45], nearest=50, kept=kept)


def test_rows_that_are_left_out_to_space_the_kept_ones_evenly_are_no_neighbours(rows):
    with pytest.raises(InputError, match=r"45 of 90 training rows are kept; .*nearest=45 or less, or a larger model"):
        ready(rows, nearest=60, kept=80)
    ready(rows, nearest=45, kept=80)


def test_more_neighbours_than_kept_rows_are_refused():
    with pytest.raises(ValueError, match="nearest=3 neighbours are more than the kept=2 rows"):
        NeighbourAutoencoder(3, [8], nearest=3, kept=2)
