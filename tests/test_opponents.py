"""What an encoder is judged against: a recipe's baselines and files that the user names."""

import re

import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.recipe import compose
from zoo.representations.file import File
from zoo.stages.opponents import opponents
from zoo.stages.preflight import require_rows


@pytest.fixture
def table(tmp_path, monkeypatch, rng):
    """400 rows [400, 6] in a file, in the working directory."""
    monkeypatch.chdir(tmp_path)
    rows = (rng.normal(size=(400, 6)) * np.linspace(3, 1, 6)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    return rows


def test_files_are_called_by_their_names_beside_the_baselines(table):
    del table
    recipe = compose("dense_vectors", ["judge.also=[a/mine.parquet,b/mine.parquet,raw.csv.gz,encoder.npy]"])
    found = opponents(recipe)
    assert list(found)[:2] == ["raw", "pca"]
    assert list(found)[-4:] == ["mine", "mine_2", "raw_2", "encoder_2"]
    assert isinstance(found["mine_2"], File)
    assert found["mine_2"].path == "b/mine.parquet"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("judge.also=[others.npy]", "others.npy"),
        ("judge.also=[short.npy]", "399 embeddings without keys for 400 rows"),
        ("+baselines.patches={_target_: zoo.representations.PatchKMeans}", "rows of 6 columns; leave it out with"),
        (
            "+baselines.svd={_target_: zoo.representations.TruncatedSVD}",
            "baselines.svd._target_=zoo.representations.PCA",
        ),
    ],
)
def test_opponents_that_cannot_take_the_rows_are_refused_before_training(override, message, table):
    np.save("short.npy", table[1:])
    recipe = compose("dense_vectors", ["data.path=rows.npy", override])
    with pytest.raises(InputError, match=re.escape(message)):
        require_rows(recipe, recipe.build("data").load())


@pytest.mark.slow
def test_embeddings_of_a_file_are_judged_beside_the_encoder(table):
    np.save("copies.npy", 2 * table)
    overrides = ["data.path=rows.npy", "model.latent_dim=2", "train.epochs=1", "train.steps_per_epoch=2"]
    report = zoo.run("dense_vectors", *overrides, "judge.also=[copies.npy]").report
    assert report.dimensions["copies"] == 6
    assert report.scores["copies"]["overlap_at_10"].value == 1
    assert report.differences["copies"]["overlap_at_10"].high < 0
