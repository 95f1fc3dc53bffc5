"""Rows to fit to from one file, and rows to judge by from another."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.data.vectors import Vectors
from zoo.errors import InputError


@pytest.fixture
def files(tmp_path, rng):
    """Two files of 120 and 30 vectors, with keys and labels."""

    def written(name, count, width=4, keys=None, labels="ab"):
        rows = rng.normal(size=(count, width)).astype(np.float32)
        columns = {"vector": list(rows), "label": [labels[row % 2] for row in range(count)]}
        if keys:
            columns = {"key": [f"{keys}{row}" for row in range(count)], **columns}
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(columns), path)
        return str(path), rows

    return written


def test_all_of_the_other_file_judges_and_nothing_else(files):
    (path, fitted), (other, judged) = files("fitted", 120, keys="f"), files("judged", 30, keys="j")
    splits = Vectors(path, key_column="key", label_column="label", judged=other).load()
    np.testing.assert_array_equal(splits.features, np.concatenate([fitted, judged]))
    np.testing.assert_array_equal(splits.test, np.arange(120, 150))
    np.testing.assert_array_equal(np.sort(np.concatenate([splits.train, splits.validation])), np.arange(120))
    assert 0 < len(splits.validation) < 40
    assert splits.keys[[0, 120]].tolist() == ["f0", "j0"]
    assert splits.labels[[0, 121]].tolist() == ["a", "b"]
    np.testing.assert_array_equal(splits.judged_only, splits.test)
    assert splits.provenance["judged"]["rows"] == 30
    assert not any("same rows" in note for note in splits.notes)


def test_rows_without_keys_are_numbered_on(files):
    splits = Vectors(files("fitted", 120)[0], vector_column="vector", judged=files("judged", 30)[0]).load()
    assert splits.keys.tolist() == [str(row) for row in range(150)]


def test_what_does_not_go_together_is_refused(files):
    path, _ = files("fitted", 120, keys="k")
    with pytest.raises(InputError, match="30 of its keys are those of rows to fit to"):
        Vectors(path, key_column="key", judged=files("same", 30, keys="k")[0]).load()
    with pytest.raises(InputError, match="rows of 5 numbers, and those to fit to have 4"):
        Vectors(path, key_column="key", judged=files("wide", 30, width=5, keys="w")[0]).load()
    with pytest.raises(InputError, match="give one of the two"):
        Vectors(path, judged=path, fit_on_all=True)
