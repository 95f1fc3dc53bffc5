"""A whole run of the table recipe on a frame in memory, and what the encoder takes: frames of any make."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import zoo

pytestmark = pytest.mark.slow
N = 160


class Streamed:
    """A frame of polars and the like, as Arrow sees it."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    old = rng.random(N) < 0.5
    found = pd.DataFrame(
        {
            "age": np.where(old, 60, 30) + rng.normal(0, 4, N),
            "visits": pd.array(rng.poisson(5, N), "Int64"),
            "plan": pd.Categorical(np.where(old, "Pro", "free")),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, N), unit="D"),
            "active": rng.random(N) < 0.7,
            "segment": np.where(old, "a", "b"),
        },
        index=pd.Index([f"c{i}" for i in range(N)], name="customer"),
    )
    found.loc[rng.random(N) < 0.15, ["age", "plan"]] = None
    found.loc[rng.random(N) < 0.15, ["visits", "since"]] = None
    return found


@pytest.fixture(scope="module")
def result(frame, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("mixed"))
        overrides = {"train.epochs": 1, "judge.resamples": 20, "page": None, "publish": False}
        yield zoo.run("table", overrides, data=frame, labels="segment", quiet=True)


def test_labels_and_keys_judge_and_are_no_columns(result, frame):
    encoder = result.encoder
    assert encoder.kind.column_names == ("age", "visits", "plan", "since", "active")
    assert encoder.latent_dim == encoder.kind.width // 4
    assert result.report.scores["encoder"]["knn"] is not None
    assert {"pca", "raw"} <= set(result.report.scores)


def test_frames_of_any_make_have_the_same_codes(result, frame, tmp_path):
    encoder = result.encoder
    wanted = encoder.encode(frame)
    assert np.isfinite(wanted).all()
    plain = frame.reset_index(drop=True)
    for rows in (
        pa.Table.from_pandas(plain),
        Streamed(pa.Table.from_pandas(plain)),
        plain.astype(object).where(plain.notna(), None).to_dict("records"),
        plain.astype({"plan": object, "visits": float}).sample(frac=1, random_state=0).sort_index(),
    ):
        np.testing.assert_allclose(encoder.encode(rows), wanted, atol=1e-5)
    with pytest.raises(ValueError, match="did you mean 'Age'"):
        encoder.encode(frame.rename(columns={"age": "Age"}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = zoo.load(str(result.save(tmp_path / "kept")))
    np.testing.assert_allclose(again.encode(frame), wanted, atol=1e-5)


def test_rows_come_back_by_column(result, frame):
    told = result.encoder.reconstruct_table(frame)
    assert list(told) == ["age", "visits", "plan", "since", "active"]
    assert len(told) == N
    both = frame["plan"].notna().to_numpy() & told["plan"].notna().to_numpy()
    assert (told["plan"].to_numpy()[both] == frame["plan"].astype(object).to_numpy()[both]).mean() > 0.8
    assert set(told["active"].dropna()) <= {"True", "False"}
    assert pd.to_datetime(told["since"]).dropna().between("2019-01-01", "2023-01-01").all()
