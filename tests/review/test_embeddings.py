"""Embeddings from anywhere, judged against what is free, without a model of the zoo's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, save_npz

import zoo
from zoo.cli.compare import main as compare_main
from zoo.cli.judge import main
from zoo.errors import InputError


@pytest.fixture
def files(tmp_path, rng, monkeypatch):
    """400 rows of 12 numbers in three classes, and embeddings of 3 that tell the classes apart and nothing else."""
    monkeypatch.chdir(tmp_path)
    labels = rng.integers(3, size=400)
    raw = rng.normal(size=(400, 12)) * 3
    raw[:, 0] += labels
    embeddings = np.eye(3)[labels] + 0.3 * rng.normal(size=(400, 3))
    keys = [f"row {i}" for i in range(400)]
    frame = pd.DataFrame(raw, columns=[f"x{i}" for i in range(12)]).assign(key=keys, kind=[f"k{i}" for i in labels])
    frame.to_parquet("raw.parquet", index=False)
    shuffled = rng.permutation(400)
    table = pd.DataFrame({"key": keys, "embedding": list(embeddings.astype(np.float32))})
    table.iloc[shuffled].to_parquet("embeddings.parquet", index=False)
    np.save("embeddings.npy", embeddings)
    np.save("raw.npy", raw)
    return embeddings


def test_they_are_matched_by_key_and_compared_with_what_is_free(files):
    found = zoo.judge(embeddings="embeddings.parquet", raw="raw.parquet", labels="kind", key="key", quiet=True)
    report = found.report
    assert list(report.scores) == ["embeddings", "raw", "pca", "pca_whitened", "random_projection"]
    assert report.dimensions["pca"] == report.dimensions["embeddings"] == 3
    assert report.scores["embeddings"]["knn_accuracy"].value > 0.9
    assert report.differences["raw"]["knn_accuracy"].low > 0
    assert "embeddings" in report.best["knn_accuracy"]
    assert report.scores["raw"]["overlap_at_10"].value == 1
    assert found.verdict is None
    assert found.page is None


def test_pairs_and_queries_are_asked_by_key(files):
    pairs = pd.DataFrame({"a": [f"row {i}" for i in range(0, 400, 2)], "b": [f"row {i}" for i in range(1, 400, 2)]})
    cosines = (
        (files[::2] * files[1::2]).sum(axis=1)
        / np.linalg.norm(files[::2], axis=1)
        / np.linalg.norm(files[1::2], axis=1)
    )
    pairs.assign(similarity=cosines).to_csv("pairs.csv", index=False)
    asked = [(f"row {i}", f"row {j}") for i in range(0, 400, 5) for j in range(1, 400, 7)]
    pd.DataFrame(asked, columns=["query", "document"]).to_csv("queries.csv", index=False)
    given = {"raw": "raw.parquet", "key": "key", "pairs": "pairs.csv", "queries": "queries.csv"}
    report = zoo.judge(embeddings="embeddings.parquet", quiet=True, **given).report
    assert report.scores["embeddings"]["pair_similarity"].value == pytest.approx(1)
    assert {"ndcg_at_10", "recall_at_100"} <= set(report.units)


def test_without_keys_rows_go_together_by_their_number(files):
    by_number = zoo.judge(embeddings=files, raw="raw.npy", quiet=True).report
    np.savez("both.npz", x=files, keys=np.asarray([str(i) for i in range(400)]))
    by_key = zoo.judge(embeddings="both.npz", raw="raw.npy", quiet=True).report
    assert by_key.scores["embeddings"] == by_number.scores["embeddings"]


def test_alone_they_are_described(files, capsys):
    assert main([f"embeddings={Path.cwd() / 'embeddings.npy'}", "page=page.html"]) == 0
    printed = capsys.readouterr().out
    assert "there is nothing to compare with: raw=FILE" in printed
    assert "effective_rank" in printed
    assert "report  page.html" in printed
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<title>embeddings.npy: described</title>" in page
    assert "rows it had never seen" not in page
    assert "trained on" not in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["embeddings=short.npy", "raw=raw.npy"],
            "100 embeddings without keys for 400 rows: which belongs to",
        ),
        (["embeddings=embeddings.npy", "label=kind"], "did you mean 'labels'"),
        (["embeddings=absent.npy"], "absent.npy"),
        (["embeddings=nan.npy"], "NaN"),
        (
            ["mine.csv"],
            "is this a table? An encoder is wanted here; a table of embeddings is judged by embeddings=",
        ),
        (["embeddings=embeddings.parquet", "labels=kind"], "labels=kind: no such column; columns: embedding, key"),
        (["embeddings=two.parquet"], "several columns hold vectors; choose with columns= one of a, b"),
        (
            ["embeddings=embeddings.npy", "pairs=two.parquet"],
            "no column is left for score; the columns wanted are, in this order: first (the ",
        ),
        (["embeddings=commas.csv"], "say delimiter=semicolon decimal=comma"),
        (["embeddings=matrix.npz"], "holds a sparse matrix; write it dense"),
        ([], "give an encoder, such as vae_word2vec/2, or embeddings=FILE"),
        (["one", "two"], "judge one encoder at a time"),
        (
            ["embeddings=embeddings.npy", "page=nowhere/page.html"],
            "there is no folder nowhere; name another file with page=FILE",
        ),
        (["embeddings=embeddings.npy", "page=."], "is a folder; name another file with page=FILE"),
        (["mine/1", "embeddings=embeddings.npy"], "embeddings=: for embeddings, not beside an encoder (mine/1)"),
        (["mine/1", "labels=kind", "header=true"], "labels=, header=: for embeddings, not beside an encoder"),
        (
            ["embeddings=raw.parquet", "key=half"],
            "of 400 rows only 2 have a key of their own in column 'half': name a column whose cells differ with key=",
        ),
    ],
)
def test_what_cannot_be_used_is_said(arguments, said, files, capsys):
    np.save("short.npy", files[:100])
    broken = files.copy()
    broken[3, 1] = np.nan
    np.save("nan.npy", broken)
    pd.DataFrame({"a": list(files), "b": list(files)}).to_parquet("two.parquet")
    pd.DataFrame(files).to_csv("commas.csv", decimal=",", sep=";", index=False)
    save_npz("matrix.npz", csr_array(files))
    pd.read_parquet("raw.parquet").assign(half=["one", "other"] * 200).to_parquet("raw.parquet", index=False)
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert not Path("report.html").exists()


def test_marks_and_columns_are_said_where_a_file_does_not_say_them(files):
    pd.DataFrame(files).assign(other=1.5).to_csv("commas.csv", decimal=",", sep=";", index=False)
    assert main(["embeddings=commas.csv", "delimiter=semicolon", "decimal=comma", "columns=0,1,2", "page=none"]) == 0
    pd.DataFrame({"a": list(files), "b": list(2 * files)}).to_parquet("two.parquet")
    assert zoo.judge(embeddings="two.parquet", columns=["b"], quiet=True).report.dimensions["embeddings"] == 3
    assert zoo.judge(embeddings="two.parquet", columns="b", quiet=True).report.dimensions["embeddings"] == 3
    frame = pd.DataFrame(files, columns=["x", "y", "z"]).assign(other=1.5)
    assert zoo.judge(embeddings=frame, columns=frame.columns[:2], quiet=True).report.dimensions["embeddings"] == 2
    assert main(["embeddings=two.parquet", "columns=a", "page=null"]) == 0
    assert not Path("null").exists()


def test_files_of_embeddings_are_no_part_of_a_comparison(capsys):
    assert compare_main(["one", "other", "judge.also=[c.parquet]"]) == 2
    assert "judge.also= has no effect here" in capsys.readouterr().err


def test_what_is_in_memory_is_judged_as_its_files_are(files):
    from_files = zoo.judge(embeddings="embeddings.parquet", raw="raw.parquet", labels="kind", key="key", quiet=True)
    table, raw = pd.read_parquet("embeddings.parquet").set_index("key"), pd.read_parquet("raw.parquet").set_index("key")
    classes = raw.kind.sample(frac=1, random_state=0)  # put into order by its index
    in_memory = zoo.judge(embeddings=table, raw=raw.drop(columns="kind"), labels=classes, quiet=True)
    assert in_memory.report.scores == from_files.report.scores


def test_every_pair_and_query_counts_for_nothing_was_trained(files, capsys):
    keys = [f"row {i}" for i in range(400)]
    frame = pd.DataFrame(files, index=keys)
    pairs = pd.DataFrame({"a": keys[::2], "b": keys[1::2], "score": np.arange(200.0)})
    queries = [(key, other) for key, other in zip(keys[:40], keys[40:80], strict=True)]
    scores = zoo.judge(embeddings=frame, pairs=pairs, queries=queries, quiet=True).report.scores["embeddings"]
    assert scores["pair_similarity"].count == 200
    assert scores["ndcg_at_10"].count == 40
    found = zoo.judge(embeddings=files, pairs=pairs)  # rows without names
    assert found.report.scores["embeddings"]["pair_similarity"] is None
    printed = capsys.readouterr().out
    assert (
        "400 of 400 keys of pairs are not in the table, such as 'row 0': the table's keys are such as '0', '1'"
        in printed
    )
    assert "pairs and queries name rows by the keys in key=COLUMN; without it, by their numbers from 0" in printed


def test_what_cannot_be_judged_by_says_why(files, capsys):
    one = zoo.judge(embeddings=files, labels=np.zeros(400, int)).report.scores["embeddings"]
    assert one["knn_accuracy"] is one["linear_probe"] is one["class_separation"] is None
    assert "knn_accuracy has no value: all rows with a label are of one class" in capsys.readouterr().out
    zoo.judge(embeddings=np.ones((100, 4)))
    assert "isotropy has no value: its codes are all the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": [0, 1]}, "labels: 2 classes for 400 rows of embeddings"),
        ({"labels": np.eye(400)}, r"expected one class for each row, found a ndarray of shape \[400, 400\]"),
        ({"pairs": np.ones((4, 3))}, "pairs: an array has no columns of keys"),
        ({"queries": 7}, "queries: this int cannot be read as a table"),
    ],
)
def test_what_is_in_memory_and_cannot_be_used_is_said(given, said, files):
    with pytest.raises(InputError, match=said):
        zoo.judge(embeddings=files, quiet=True, **given)


def test_an_array_is_no_name_of_an_encoder(files):
    with pytest.raises(InputError, match="embeddings are given as embeddings="):
        zoo.judge(files)


def test_overrides_are_for_encoders(files):
    with pytest.raises(InputError, match="labels=, pairs=: for embeddings, not beside an encoder"):
        zoo.judge("mine/1", labels=[1, 2], pairs="pairs.csv")
    with pytest.raises(InputError, match="have no recipe"):
        zoo.judge(None, "data.path=x", embeddings="embeddings.npy")


def test_a_report_becomes_a_frame_and_a_table_of_a_notebook(files):
    report = zoo.judge(embeddings="embeddings.npy", raw="raw.npy", quiet=True).report
    frame = report.to_frame().set_index(["representation", "metric"])
    score = report.scores["pca"]["overlap_at_10"]
    assert frame.loc[("pca", "overlap_at_10"), "value"] == score.value
    difference = report.differences["pca"]["overlap_at_10"]
    assert frame.loc[("pca", "overlap_at_10"), "difference_high"] == difference.high
    assert frame.loc[("pca", "overlap_at_10"), "p"] == report.adjusted["pca"]["overlap_at_10"]
    assert np.isnan(frame.loc[("embeddings", "overlap_at_10"), "difference"])
    html = report._repr_html_()
    assert f"<td>{score}" in html
    assert "*</td>" in html
