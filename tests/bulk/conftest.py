"""Tiny exported encoders, untrained: what they give is compared with themselves in this process."""

import numpy as np
import pytest

ITEMS = [f"item{number}" for number in range(8)]
FIELDS = {"colour": ("", "?", "red", "green"), "size": ("", "?", "1", "2", "3")}


def saved(folder, model, row_kind, shape, code_scale=None):
    from zoo.export._signatures import write_saved_model
    from zoo.quiet import import_tensorflow

    import_tensorflow().keras.utils.set_random_seed(0)
    model.build(shape)
    write_saved_model(folder / "saved_model", model, row_kind, code_scale=code_scale)
    return folder / "saved_model"


@pytest.fixture(scope="session")
def dense(tmp_path_factory):
    """Rows [n, 4] -> 2."""
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    return saved(tmp_path_factory.mktemp("dense"), DenseAutoencoder(2, [3]), DenseRows("vector", (4,)), (None, 4))


@pytest.fixture(scope="session")
def named(tmp_path_factory):
    """Rows [n, 4] of the columns a, b, c, d -> 2."""
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    kind = DenseRows("vector", (4,), ("a", "b", "c", "d"))
    return saved(tmp_path_factory.mktemp("named"), DenseAutoencoder(2, [3]), kind, (None, 4))


@pytest.fixture(scope="session")
def integers(tmp_path_factory):
    """Rows [n, 4] -> 2 integers."""
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    folder = tmp_path_factory.mktemp("integers")
    return saved(folder, DenseAutoencoder(2, [3]), DenseRows("vector", (4,)), (None, 4), code_scale=0.25)


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Images [n, 8, 8, 1] -> 2."""
    from zoo.models.conv_autoencoder import ConvAutoencoder
    from zoo.rows.dense_rows import DenseRows

    shape = (8, 8, 1)
    model = ConvAutoencoder(2, widths=[4])
    return saved(tmp_path_factory.mktemp("images"), model, DenseRows("image", shape), (None, *shape))


@pytest.fixture(scope="session")
def sparse(tmp_path_factory):
    """Sparse rows [n, 8] -> 2."""
    from zoo.rows.sparse_rows import SparseRows

    return saved(tmp_path_factory.mktemp("sparse"), bag(), SparseRows(8), (None, 8))


@pytest.fixture(scope="session")
def baskets(tmp_path_factory):
    """Baskets of items -> 2."""
    from zoo.rows.item_rows import ItemRows

    return saved(tmp_path_factory.mktemp("baskets"), bag(), ItemRows(ITEMS), (None, 8))


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Baskets of items with values -> 2."""
    from zoo.rows.item_rows import ItemRows

    return saved(tmp_path_factory.mktemp("weights"), bag(), ItemRows(ITEMS, weighted=True), (None, 8))


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """Records of two fields -> 2."""
    from zoo.rows.record_rows import RecordRows

    return saved(tmp_path_factory.mktemp("records"), bag(), RecordRows(FIELDS), (None, 9))


def bag():
    from zoo.bottlenecks.linear import Linear
    from zoo.likelihoods.multinomial import Multinomial
    from zoo.models.autoencoder import Autoencoder
    from zoo.networks.embedding_bag import EmbeddingBag
    from zoo.networks.mlp import MLP

    return Autoencoder(EmbeddingBag(4), Linear(2), MLP([4]), Multinomial())


@pytest.fixture
def table(rng):
    """1,000 rows [1000, 4]."""
    return rng.normal(size=(1000, 4)).astype(np.float32)
