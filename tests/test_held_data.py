"""Rows in memory in place of a recipe's file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from zoo.cli.held_data import of_file, with_held
from zoo.data import SparseMatrix
from zoo.errors import InputError
from zoo.recipe import compose

X = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)


def data_of(recipe, *arguments, **named):
    return with_held(recipe, *arguments, **named).config["data"]


def test_columns_of_the_recipes_own_file_are_forgotten_where_the_rows_do_not_have_them():
    assert data_of("sentences", [], X)["key_column"] is None
    named = pd.DataFrame({"key": [f"k{row}" for row in range(50)], "v": list(X)})
    assert data_of("sentences", [], named)["key_column"] == "key"
    of_index = data_of("dense_papers", [], pd.DataFrame(X, index=[f"k{row}" for row in range(50)]))
    assert (of_index["vector_column"], of_index["label_column"], of_index["key_column"]) == (None, None, "index")


def test_columns_that_the_user_names_are_kept():
    asked = data_of("sentences", ["data.key_column=id"], X)
    assert asked["key_column"] == "id"  # which the source then refuses by name
    given = data_of("sentences", [], X, labels=np.arange(50) % 2, keys=[f"k{row}" for row in range(50)])
    assert given["key_column"] is not None
    assert given["label_column"] is not None


def test_sparse_arrays_and_arrays_of_columns():
    matrix = sparse.random_array((80, 30), density=0.2, format="coo", rng=np.random.default_rng(0))
    composed = with_held("softmax_baskets", ["data.test=0.3"], matrix, labels=np.arange(80) % 2)
    splits = composed.build("data").load()
    kept = np.flatnonzero(np.diff(matrix.tocsr().indptr) >= composed.config["data"]["min_items"])
    assert (splits.features != matrix.tocsr()[kept].astype(np.float32)).nnz == 0
    assert splits.labels.tolist() == (kept % 2).tolist()
    with pytest.raises(InputError, match=r"or give dense rows, matrix\.toarray\(\)"):
        with_held("dense_vectors", [], matrix).build("data").load()
    with pytest.raises(InputError, match="a sparse array of SciPy's is wanted"):
        SparseMatrix(table=with_held("dense_vectors", [], X).rows[0]).load()
    assert with_held("table", [], X).rows[0].schema.names == [str(place) for place in range(8)]


def test_mappings_of_items_to_amounts_are_baskets():
    random = np.random.default_rng(0)
    baskets = [{f"i{item}": 2 for item in random.choice(9, 3, replace=False)} for _ in range(60)]
    splits = with_held("softmax_baskets", [], baskets).build("data").load()
    assert sorted(splits.kind.items) == [f"i{item}" for item in range(9)]
    assert set(splits.features.data) == {2.0}


def test_purchases_are_a_row_for_each_item_and_not_a_column(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"order_id": np.repeat(np.arange(90), 4), "product_id": random.integers(9, size=360)})
    frame["quantity"] = 1
    frame.to_csv(tmp_path / "purchases.csv", index=False)
    held = with_held("softmax_baskets", [], frame, None, None).build("data").load()
    file = compose("softmax_baskets", [f"data.path={tmp_path / 'purchases.csv'}"]).build("data").load()
    assert held.features.shape == file.features.shape
    assert any("a row for each item" in note for note in held.notes)
    wide = pd.DataFrame(random.integers(2, size=(90, 6)), columns=list("abcdef")) + np.eye(90, 6, dtype=int)
    splits = with_held("softmax_baskets", [], wide, None, None).build("data").load()
    assert splits.features.shape[1] == 6
    assert any("a column for each item, 6 items such as" in note for note in splits.notes)


def test_a_path_and_names_of_columns_say_the_same_as_overrides():
    said = of_file("anomaly_table", [], Path("my rows.csv"), "odd", None)
    assert said == ['data.data.path="my rows.csv"', 'data.data.label_column="odd"']
    assert of_file("auto", [], "a.csv", None, "id") == ['data.path="a.csv"', 'data.key_column="id"']
    with pytest.raises(InputError, match="name of the column"):
        of_file("auto", [], "a.csv", [1, 2], None)


@pytest.mark.parametrize("recipe", ["conv_folder", "conv_digits", "conv_mnist", "anomaly_mnist"])
def test_an_array_of_images_stands_in_for_images_from_anywhere(recipe):
    images = np.random.default_rng(0).random((60, 8, 8))
    inner = "data.data" if recipe == "anomaly_mnist" else "data"
    composed = with_held(recipe, [f"{inner}.test=0.3"], images, labels=np.arange(60) % 2 * 8)
    assert composed.config["model"]["preprocess"]["rescale"]["scale"] == 1.0
    source = composed.config["data"].get("data", composed.config["data"])
    assert (source["_target_"], source["test"]) == ("zoo.data.ImageArray", 0.3)
    splits = composed.build("data").load()
    assert splits.shape == (8, 8, 1)
    assert splits.kind.limits == (np.float32(images.min()), np.float32(images.max()))
    assert set(splits.labels.tolist()) == ({0, 1} if recipe == "anomaly_mnist" else {0, 8})


def test_pixels_that_are_missing_or_all_the_same():
    images = np.random.default_rng(0).random((60, 8, 8))
    images[3, 2, 1] = np.nan
    composed = with_held("conv_folder", ["data.invalid=drop"], images)
    assert composed.config["model"]["preprocess"]["rescale"]["scale"] == 1.0
    assert len(composed.build("data").load().features) == 59
    for same in (np.full((60, 8, 8), 300.0), np.full((60, 8, 8), np.nan)):
        with pytest.raises(InputError, match="data: no two pixels differ, so there is nothing to learn"):
            with_held("conv_folder", [], same)


def test_rows_that_are_no_images_say_so():
    with pytest.raises(InputError, match=r"an array of shape \[50, 8\], and images are wanted"):
        with_held("conv_digits", [], X)
    with pytest.raises(InputError, match="and this is a table"):
        with_held("conv_digits", [], pd.DataFrame(X))
