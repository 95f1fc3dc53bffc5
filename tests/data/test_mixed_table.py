"""Tables of mixed columns: what each column is taken for, its scale, its gaps, and what is left out or refused."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from zoo.data import MixedTable
from zoo.errors import InputError
from zoo.rows import MixedRows

N = 400
CITIES = ["Berlin", "Oslo", "Paris"]


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        {
            "customer": [f"C{i:05d}" for i in range(N)],
            "age": rng.normal(40, 9, N).round(1),
            "income": np.exp(rng.normal(10, 2, N)).round(2),
            "city": rng.choice(CITIES, N),
            "since": (pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D")).strftime(
                "%d.%m.%Y"
            ),
            "note": [
                f"{rng.choice(['asks for', 'wants', 'got'])} {rng.choice(['an invoice', 'the app'])} {i}"
                for i in range(N)
            ],
            "same": "x",
            "nothing": None,
            "segment": rng.choice(["a", "b"], N),
            "spent": rng.normal(100, 5, N),
        }
    )
    for name in ("age", "city", "since"):
        found.loc[rng.random(N) < 0.1, name] = None
    return found


@pytest.fixture(scope="module")
def splits(frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("mixed") / "customers.csv"
    frame.to_csv(path, index=False)
    return MixedTable(str(path), label_column="segment").load()


def columns(splits, name):
    """The features' columns of a field, by what they hold."""
    return {
        part.removeprefix(name).removeprefix(": "): splits.features[:, place]
        for place, part in enumerate(splits.kind.feature_names)
        if part.partition(": ")[0] == name
    }


def test_columns_are_read_as_what_they_hold_and_it_is_said(splits):
    assert splits.kind.reads == {
        "age": "number",
        "income": "number",
        "city": "category",
        "since": "date",
        "note": "text",
        "spent": "number",
    }
    said = " ".join(splits.notes)
    assert "income number by quantiles; city category of 3, with gaps" in said
    for left_out in ("'nothing'", "'same'", "'customer'"):
        assert left_out in said
    assert set(splits.labels) == {"a", "b"}
    assert np.isfinite(splits.features).all()


def test_numbers_are_standardised_and_gaps_become_the_mean_with_a_flag(frame, splits):
    found, train = columns(splits, "age"), splits.train
    age = frame["age"].to_numpy()[:, None]
    wanted = StandardScaler().fit(age[train]).transform(age).ravel()  # NaN is left out and passed on
    np.testing.assert_allclose(found[""], np.nan_to_num(wanted), atol=1e-5)
    missing = np.isnan(age).ravel()
    np.testing.assert_allclose(found["missing"], missing - missing[train].mean(), atol=1e-5)


def test_a_heavy_tail_is_put_in_order(frame, splits):
    from scipy.stats import rankdata

    income = frame["income"].to_numpy()
    ranks = (rankdata(income[splits.train]) - 0.5) / len(splits.train)
    found = columns(splits, "income")[""][splits.train]
    assert np.argsort(found).tolist() == np.argsort(income[splits.train], kind="stable").tolist()
    np.testing.assert_allclose(found, norm.ppf(ranks) / norm.ppf(ranks).std(), atol=0.1)


def test_categories_are_the_indicators_of_multiple_correspondence_analysis(frame, splits):
    found, train = columns(splits, "city"), splits.train
    there = frame["city"].notna().to_numpy()
    known = np.flatnonzero(there)
    encoder = OneHotEncoder(sparse_output=False).fit(frame.loc[known, ["city"]])
    shown = encoder.transform(frame.loc[known, ["city"]])
    shares = encoder.transform(frame.loc[np.intersect1d(train, known), ["city"]]).mean(axis=0)
    block = np.stack([found[name] for name in CITIES], axis=1)
    np.testing.assert_allclose(block[known], (shown - shares) / np.sqrt(shares), atol=1e-5)
    np.testing.assert_array_equal(block[~there], 0)
    # the variances are those of correspondence analysis: as many directions as names less one, and each has 1
    rows = np.intersect1d(train, known)
    np.testing.assert_allclose(PCA().fit(block[rows]).explained_variance_, [1, 1, 0], atol=0.02)


def test_dates_are_days_with_their_place_in_the_year_and_the_week(frame, splits):
    found = columns(splits, "since")
    dates = pd.to_datetime(frame["since"], format="%d.%m.%Y")
    there = dates.notna().to_numpy()
    days = ((dates - pd.Timestamp("1970-01-01")).dt.days).to_numpy(float)
    train = np.intersect1d(splits.train, np.flatnonzero(there))
    wanted = (days - days[train].mean()) / days[train].std()
    np.testing.assert_allclose(found["day"][there], wanted[there], atol=1e-4)
    sine = np.sin(2 * np.pi * days / 7)
    np.testing.assert_allclose(found["weekday (sine)"][there], (sine - sine[train].mean())[there], atol=1e-4)


def test_near_texts_are_near(frame, splits):
    block = np.stack([cells for part, cells in columns(splits, "note").items() if part != "missing"], axis=1)
    wants = frame["note"].str.startswith("wants the app").to_numpy()
    other = frame["note"].str.startswith("got an invoice").to_numpy()
    within = np.linalg.norm(block[wants] - block[wants].mean(axis=0), axis=1).mean()
    assert np.linalg.norm(block[wants].mean(axis=0) - block[other].mean(axis=0)) > 2 * within


def test_features_come_back_as_cells_by_column(frame, splits):
    cells = {name: each.numpy() for name, each in splits.kind.cells(splits.features).items()}
    assert set(cells) == {"age", "income", "city", "since", "spent"}
    np.testing.assert_allclose(cells["age"], frame["age"], rtol=1e-4)
    np.testing.assert_allclose(
        cells["income"], frame["income"].clip(*frame["income"][splits.train].agg(["min", "max"])), rtol=1e-3
    )
    assert [city.decode() for city in cells["city"]] == frame["city"].fillna("").tolist()
    dates = pd.to_datetime(frame["since"], format="%d.%m.%Y").dt.strftime("%Y-%m-%d").fillna("")
    assert [date.decode() for date in cells["since"]] == dates.tolist()


def test_a_kind_is_the_same_when_it_is_read_again(splits):
    again = MixedRows.from_config(json.loads(json.dumps(splits.kind.get_config())))
    np.testing.assert_array_equal(again.read(splits.raw.slice(0, 50)), splits.features[:50])


def test_new_cells_are_imputed_and_new_names_are_no_name(splits):
    row = {"age": "a lot", "income": "1e999", "city": "Atlantis", "since": "31.31.2020", "note": "", "spent": None}
    found = dict(zip(splits.kind.feature_names, splits.kind.read_rows([row])[0], strict=True))
    assert found["income"] == found["spent"] == found["since: day"] == 0
    assert found["age: missing"] > 0
    assert found["since: missing"] > 0 > found["city: missing"]
    assert all(found[f"city: {name}"] < 0 for name in CITIES)


def test_frames_with_types_and_files_of_text_are_the_same_table(frame, splits, tmp_path):
    typed = frame.assign(since=pd.to_datetime(frame["since"], format="%d.%m.%Y"), city=frame["city"].astype("category"))
    typed.to_parquet(tmp_path / "customers.parquet")
    found = MixedTable(str(tmp_path / "customers.parquet"), label_column="segment").load()
    assert found.kind.feature_names == splits.kind.feature_names
    np.testing.assert_allclose(found.features, splits.features, atol=1e-4)


def test_a_label_of_quantities_judges_by_thirds(frame, tmp_path):
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = MixedTable(str(tmp_path / "table.csv"), label_column="spent", columns=["age", "city"]).load()
    assert sorted(set(found.labels)) == ["high", "low", "middle"]
    low = frame["spent"].to_numpy()[found.labels == "low"]
    assert low.max() < frame["spent"].to_numpy()[found.labels == "high"].min()
    assert "holds quantities" in " ".join(found.notes)


def test_the_user_knows_better(frame, tmp_path):
    frame.to_csv(tmp_path / "table.csv", index=False)
    path = str(tmp_path / "table.csv")
    found = MixedTable(
        path, reads={"customer": "text", "income": "number"}, numbers="standardise", drop=["note"]
    ).load()
    assert found.kind.reads["customer"] == "text"
    assert "note" not in found.kind.reads
    assert not found.kind.fields["income"].quantiles
    for options, said in (
        ({"drop": ["agee"]}, "did you mean 'age'"),
        ({"reads": {"age": "money"}}, "one of text, category, number, date"),
        ({"columns": ["age", "segment"], "label_column": "segment"}, "judged by what it was told"),
        ({"columns": ["nothing"]}, "no column says anything"),
        ({"reads": {"city": "number"}, "columns": ["city"]}, "no two different numbers"),
    ):
        with pytest.raises(InputError, match=said):
            MixedTable(path, **options).load()


@pytest.mark.parametrize(
    ("write", "options"),
    [
        (lambda number: f"{number:,.2f}", {}),
        (lambda number: f"{number:,.2f}".translate(str.maketrans(",.", ".,")), {}),
        (lambda number: f"{number:.2f}".replace(".", ","), {"decimal": "comma"}),
        (lambda number: f"$ {number:,.2f}", {}),
        (lambda number: f"{number:,.2f}\u00a0\u20ac".replace(",", "\u202f"), {}),
        (lambda number: f"{number:.2f}%", {}),
    ],
)
def test_numbers_are_read_as_people_write_them(write, options, tmp_path):
    numbers = np.random.default_rng(1).normal(5000, 3000, 150).round(2)
    frame = pd.DataFrame({"plain": numbers, "written": [write(number) for number in numbers]})
    frame.to_csv(tmp_path / "table.csv", index=False, sep=";")
    if options:
        frame["plain"] = numbers + 0.0
        frame.assign(plain=frame["plain"].map(write)).to_csv(tmp_path / "table.csv", index=False, sep=";")
    found = MixedTable(str(tmp_path / "table.csv"), delimiter="semicolon", **options).load()
    assert found.kind.reads == {"plain": "number", "written": "number"}
    np.testing.assert_allclose(found.features[:, 1], found.features[:, 0], atol=1e-5)
    np.testing.assert_allclose(found.kind.cells(found.features)["written"], numbers, rtol=1e-3)


def test_what_is_no_column_of_single_cells_is_said(tmp_path):
    pd.DataFrame({"items": [["a", "b"]] * 20}).to_parquet(tmp_path / "baskets.parquet")
    with pytest.raises(InputError, match=r"'items' is a list.*softmax_baskets"):
        MixedTable(str(tmp_path / "baskets.parquet")).load()
    pd.DataFrame({"items": [["a", "b"]] * 20, "x": np.arange(20) % 7}).to_parquet(tmp_path / "both.parquet")
    with pytest.raises(InputError, match=r"data\.columns names 'items', whose cells are of list.*softmax_baskets"):
        MixedTable(str(tmp_path / "both.parquet"), columns=["items", "x"]).load()
    pd.DataFrame({"zip": [f"0{i}" for i in range(1000, 1100)], "x": np.arange(100) % 7}).to_csv(tmp_path / "zip.csv")
    found = MixedTable(str(tmp_path / "zip.csv")).load()
    assert found.kind.reads == {"x": "number"}
    assert "name rows, as ids do" in " ".join(found.notes)
