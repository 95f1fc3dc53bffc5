"""What an encoder can do beside encoding, against closed forms, for every kind of rows."""

import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.stats import multivariate_normal

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.gaussian import Gaussian  # noqa: E402
from zoo.bottlenecks.gaussian_mixture import GaussianMixture  # noqa: E402
from zoo.bottlenecks.linear import Linear  # noqa: E402
from zoo.encoder import Encoder  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods.multinomial import Multinomial  # noqa: E402
from zoo.likelihoods.normal import Normal  # noqa: E402
from zoo.likelihoods.product import Product  # noqa: E402
from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.networks.embedding_bag import EmbeddingBag  # noqa: E402
from zoo.networks.mlp import MLP  # noqa: E402
from zoo.rows.field import Field  # noqa: E402
from zoo.rows.item_rows import ItemRows  # noqa: E402
from zoo.rows.record_rows import RecordRows  # noqa: E402
from zoo.types import MISSING, OTHER  # noqa: E402

CATEGORIES = {"name": (MISSING, OTHER, "ann", "bob lee"), "town": (MISSING, OTHER, "ulm")}


def linear_gaussian(rng):
    """p(z) = N(0, I), p(x|z) = N(W z + b, 0.5^2 I), and a posterior that is only roughly the right one."""
    keras.utils.set_random_seed(0)
    identity = {"hidden": [], "skip": True}
    model = Autoencoder(MLP(**identity), Gaussian(2), MLP(**identity), Normal(0.5))
    model.build((None, 4))
    w, b = rng.normal(size=(2, 4)), rng.normal(size=4)
    model.likelihood.location.dense.set_weights([w, b])
    precision = np.linalg.inv(np.eye(2) + w @ w.T / 0.25)
    model.bottleneck.loc.set_weights([w.T @ precision / 0.25, -b @ w.T @ precision / 0.25 + 0.1])
    model.bottleneck.raw_scale.set_weights([np.zeros((4, 2)), np.log(np.expm1(1.5 * np.sqrt(np.diag(precision))))])
    return model, w, b


def test_importance_weighted_likelihood_is_that_of_a_linear_gaussian_model(rng):
    model, w, b = linear_gaussian(rng)
    rows = (rng.normal(size=(20, 2)) @ w + b + 0.5 * rng.normal(size=(20, 4))).astype(np.float32)
    expected = multivariate_normal(b, w.T @ w + 0.25 * np.eye(4)).logpdf(rows)
    encoder = Encoder.from_model("linear", model)
    many = encoder.log_likelihoods(rows, samples=3000, seed=1)
    np.testing.assert_allclose(many, expected, atol=0.15)
    assert abs((many - expected).mean()) < 0.02
    few = np.mean([encoder.log_likelihoods(rows, samples=1, seed=seed) for seed in range(200)], axis=0)
    assert (few.mean() - expected.mean()) < -0.1  # one sample is the evidence lower bound


def test_samples_have_the_models_mean_and_covariance(rng):
    model, w, b = linear_gaussian(rng)
    drawn = Encoder.from_model("linear", model).sample(20_000, seed=3)  # means of p(x|z), without its noise
    np.testing.assert_allclose(drawn.mean(axis=0), b, atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), w.T @ w, atol=0.12 * np.abs(w.T @ w).max())


def test_what_an_encoder_cannot_do_it_says():
    model = Autoencoder(MLP([3]), Linear(2), MLP([3]), Normal())
    model.build((None, 4))
    encoder = Encoder.from_model("plain", model)
    with pytest.raises(ValueError, match="plain has no sample; it has decode, encode"):
        encoder.sample(3)
    with pytest.raises(ValueError, match=r"model\.false_alarm_rate"):
        encoder.is_anomalous(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"takes rows \[n, 2\]"):
        encoder.decode(np.zeros((1, 3)))
    assert encoder.assign(np.zeros((1, 4))) is None
    assert encoder.log_likelihoods(np.zeros((1, 4)), 2) is None


def test_the_threshold_travels_with_the_exported_model(tmp_path, rng):
    model = Autoencoder(MLP([3]), Linear(2), MLP([3]), Normal(), false_alarm_rate=0.1)
    model.build((None, 4))
    rows = rng.normal(size=(50, 4)).astype(np.float32)
    encoder = Encoder.from_model("odd", model)
    model.threshold.assign(np.quantile(encoder.score(rows), 0.9))
    expected = Normal(1.0).scale * 0.5 * ((rows - encoder.reconstruct(rows)) ** 2).sum(axis=1) + 2 * np.log(2 * np.pi)
    np.testing.assert_allclose(encoder.score(rows), expected, rtol=1e-4)
    encoder = Encoder.from_model("odd", model)
    assert encoder.is_anomalous(rows).sum() == 5
    write_saved_model(tmp_path / "odd", model, encoder.kind)
    exported = Encoder.from_saved_model(tmp_path / "odd")
    np.testing.assert_array_equal(exported.is_anomalous(rows), encoder.is_anomalous(rows))


def test_a_mixture_says_which_cluster(tmp_path):
    model = Autoencoder(MLP([], skip=True), GaussianMixture(2, 3, seed=0), MLP([], skip=True), Normal())
    model.build((None, 2))
    model.bottleneck.loc.set_weights([np.eye(2), np.zeros(2)])
    centres = np.asarray([[10.0, 0.0], [-10.0, 0.0], [0.0, 10.0]], np.float32)
    random = np.random.default_rng(0)
    model.bottleneck.adapt_prior(np.concatenate([c + random.normal(size=(50, 2)) for c in centres]).astype(np.float32))
    write_saved_model(tmp_path / "mixture", model, Encoder.from_model("m", model).kind)
    for encoder in (Encoder.from_model("m", model), Encoder.from_saved_model(tmp_path / "mixture")):
        clusters = encoder.assign(np.repeat(centres, 2, axis=0))
        assert len(set(clusters)) == 3
        np.testing.assert_array_equal(clusters[::2], clusters[1::2])
        np.testing.assert_allclose(encoder.assign_probabilities(centres).sum(axis=1), 1, rtol=1e-5)


@pytest.fixture
def records():
    model = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Product({"name": 4, "town": 3}))
    model.build((None, 7))
    return model


def test_records_are_looked_up_in_memory_and_in_the_exported_graph(records, tmp_path):
    row_kind = RecordRows(CATEGORIES)
    frame = pd.DataFrame(
        {"town": ["ULM", None, "rome", "ulm"], "name": ["Ann ", " bob   lee", float("nan"), "zoe"], "more": range(4)}
    )
    one_hot = csr_array(
        np.asarray([[0, 0, 1, 0, 0, 0, 1], [0, 0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0, 1]])
    )
    expected = Encoder.from_model("plain", records).encode(one_hot.astype(np.float32))
    encoder = Encoder.from_model("records", records, kind=row_kind)
    write_saved_model(tmp_path / "records", records, row_kind)
    exported = Encoder.from_saved_model(tmp_path / "records")
    pickled = pickle.dumps(exported)
    shutil.rmtree(tmp_path / "records")
    again = pickle.loads(pickled)  # noqa: S301  it is our own
    assert repr(again) == repr(exported)
    assert again.save(tmp_path / "saved").joinpath("saved_model.pb").is_file()
    with pytest.raises(ValueError, match=r"records is in memory .* can be pickled unless"):
        pickle.dumps(encoder)
    for each in (encoder, exported, again):
        for rows in (frame, frame.to_dict("records"), frame.to_dict("list")):
            np.testing.assert_allclose(each.encode(rows), expected, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(one_hot), expected, atol=1e-6)
    with pytest.raises(ValueError, match="fields are missing: town; there are name"):
        exported.encode(frame[["name"]])


def test_what_stood_for_missing_and_intervals_are_known_in_the_graph():
    age = Field.of_intervals([20, 30.5], [True, True, True])
    assert age.names == (MISSING, OTHER, "[-inf, 20)", "[20, 30.5)", "[30.5, inf)")
    row_kind = RecordRows({"age": age, "sex": (MISSING, OTHER, "f")}, missing=["?", "N/A"])
    rows = {"age": [19.9, 20, "30.5", "-1e3", "?", "old", "[20, 30.5)"], "sex": ["f", "F ", "?", "n/a", None, "x", "f"]}
    tensors = {name: import_tensorflow().constant(cells) for name, cells in row_kind.arrays(rows).items()}
    columns = row_kind.features(tensors)["indices"].numpy() - [0, 5]
    np.testing.assert_array_equal(columns[:, 0], [2, 3, 4, 2, 0, 1, 3])
    np.testing.assert_array_equal(columns[:, 1], [2, 2, 0, 0, 0, 1, 2])


def test_baskets_are_looked_up_in_memory_and_in_the_exported_graph(tmp_path):
    model = Autoencoder(EmbeddingBag(4, combiner="sum"), Linear(2), MLP([3]), Multinomial())
    model.build((None, 3))
    row_kind = ItemRows(["milk", "bread", "tea"])
    baskets = [["tea", "milk", "tea"], [], ["coffee", "bread"]]
    counts = csr_array(np.asarray([[1, 0, 2], [0, 0, 0], [0, 1, 0]], np.float32))
    expected = Encoder.from_model("plain", model).encode(counts)
    write_saved_model(tmp_path / "baskets", model, row_kind)
    for encoder in (Encoder.from_model("b", model, kind=row_kind), Encoder.from_saved_model(tmp_path / "baskets")):
        np.testing.assert_allclose(encoder.encode(baskets), expected, atol=1e-6)
        found = encoder.recommend(baskets, k=2)
        likely = encoder.reconstruct(baskets)
        assert found.items[0].tolist() == ["bread", None]
        assert found.items[2].tolist() == [["milk", "tea"][place] for place in np.argsort(-likely[2, [0, 2]])]
        best = np.argsort(-likely[1])[:2]
        assert found.items[1].tolist() == [row_kind.items[place] for place in best]
        np.testing.assert_allclose(found.scores[1], likely[1, best], rtol=1e-6)
        assert found.to_frame()["basket"].tolist() == [0, 1, 1, 2, 2]
        assert encoder.recommend(["tea", "milk"], k=5).items.tolist() == [["bread", None, None]]
        with pytest.warns(UserWarning, match=r"1 of 1 items are not known .*'te' \(did you mean 'tea'"):
            encoder.recommend(["te"], k=1)
    np.testing.assert_allclose(Encoder.from_model("b", model, kind=row_kind).encode(counts), expected, atol=1e-6)
    with pytest.raises(ValueError, match="bare has no reconstruct; it has encode"):
        Encoder("bare", {"encode": np.asarray}, row_kind, 2).recommend(baskets)
    with pytest.raises(ValueError, match="no items that could be missing"):
        Encoder.from_model("plain", model).recommend(baskets)
    with pytest.raises(ValueError, match="a list of lists of items"):
        Encoder.from_model("b", model, kind=row_kind).encode("milk")
