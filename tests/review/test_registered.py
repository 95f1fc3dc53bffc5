"""Registered encoders judged again, and compared."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.cli.compare import main as compare_main
from zoo.cli.judge import main
from zoo.cli.publish import publish
from zoo.cli.push import push
from zoo.errors import InputError
from zoo.tracking.tracker import Tracker

pytestmark = pytest.mark.slow
RECIPE = """
defaults: [dense_vectors, _self_]
name: small
purpose: for tests
data: {path: rows.npy}
model: {latent_dim: 3, hidden: [8]}
train: {epochs: 2, batch_size: 16, steps_per_epoch: 10}
judge: {resamples: 50}
page: {map: pca, rows: 50}
gates: {neighbours: {margin: -2}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    patch = pytest.MonkeyPatch()
    patch.chdir(place)
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    random = np.random.default_rng(0)
    np.save("rows.npy", (random.normal(size=(300, 3)) @ random.normal(size=(3, 8))).astype(np.float32))
    np.save("other.npy", (random.normal(size=(300, 3)) @ random.normal(size=(3, 8))).astype(np.float32))
    np.save("wider.npy", random.normal(size=(300, 9)).astype(np.float32))
    Path("small.yaml").write_text(RECIPE)
    yield zoo.run("./small.yaml", quiet=True), zoo.run("./small.yaml", "seed=1", quiet=True)
    patch.undo()


def test_an_encoder_judged_again_has_the_scores_that_it_was_blessed_for(place, capsys):
    first, _ = place
    assert main(["small/1", "page=again.html"]) == 0
    printed = capsys.readouterr().out
    assert "report  again.html" in printed
    assert "these test rows have judged 2 encoders" in printed  # each counts once, however often it is judged
    assert "was trained" not in printed
    again = zoo.judge("small/1", quiet=True)
    assert again.report.looks == 2
    assert not again.report.notes
    assert again.verdict.blessed
    for name, scores in again.report.scores.items():
        for metric, score in scores.items():
            wanted = first.report.scores[name][metric]
            assert (score is None) == (wanted is None)
            if score is not None:
                assert score.value == pytest.approx(wanted.value, abs=1e-5)


def test_other_rows_and_gates_can_be_asked_for(place):
    other = zoo.judge("small/1", "data.path=other.npy", "gates.neighbours.margin=1.5", quiet=True)
    assert not other.verdict.blessed
    assert other.report.looks == 1
    assert zoo.judge("small/1", "data.path=other.npy", quiet=True).report.looks == 1
    assert main(["small/1", "gates.neighbours.margin=1.5", "page=none"]) == 3
    with pytest.raises(InputError, match=r"small/1 cannot read these rows: .*9"):
        zoo.judge("small/1", "data.path=wider.npy", quiet=True)


def test_files_of_embeddings_are_compared_with_as_in_a_run(place):
    np.save("mine.npy", np.load("rows.npy")[:, :2])
    assert "mine" in zoo.judge("small/1", "judge.also=[mine.npy]", quiet=True).report.scores


def test_encoders_are_compared_on_the_same_rows(place, capsys):
    assert compare_main(["small/1", "small/2", "page=both.html"]) == 0
    printed = capsys.readouterr().out
    assert "Paired differences" in printed
    assert Path("both.html").is_file()
    report = zoo.compare("small/1", "small/2", quiet=True).report
    assert list(report.scores) == ["small/1", "small/2"]
    metric = next(iter(report.differences["small/2"]))
    one, other = (report.scores[name][metric].value for name in report.scores)
    assert report.differences["small/2"][metric].value == pytest.approx(one - other)
    assert report.looks == 2


def test_rows_that_an_encoder_was_trained_on_are_noted_where_it_can_be_told(place, capsys):
    keys = np.asarray([f"row {row}" for row in range(300)])
    np.savez("named.npz", x=np.load("rows.npy"), keys=keys)
    np.save("less.npy", np.load("rows.npy")[-200:])  # other numbers, so other rows are held out
    report = zoo.compare("small/1", "small/2", overrides=["data.path=less.npy"], page="less.html", quiet=True).report
    first, second = report.notes
    assert re.match(r"small/1 was trained or chosen on \d+ of today's \d+ test rows, so its scores are better", first)
    assert second.startswith("small/2 was trained or chosen on")
    assert first[1:] in Path("less.html").read_text().replace("&#39;", "'")
    assert main(["small/1", "data.path=named.npz", "+data.key_column=keys", "page=none"]) == 0
    assert "whether small/1 was trained on today's test rows cannot be told" in capsys.readouterr().out


def test_runs_are_compared_by_their_ids_blessed_or_not(place):
    _, second = place
    left = zoo.run("./small.yaml", "gates.neighbours.margin=2", "seed=2", quiet=True)
    assert left.version is None
    report = zoo.compare(left.run_id, f"runs:/{second.run_id}", quiet=True).report
    name = f"run {left.run_id[:8]}"
    assert list(report.scores) == [name, "small/2"]
    for metric, score in report.scores[name].items():
        wanted = left.report.scores["encoder"][metric]
        assert (score is None) == (wanted is None)
        if score is not None:
            assert score.value == pytest.approx(wanted.value, abs=1e-5)
    assert report.looks == 3
    assert zoo.judge(left.run_id, "data.path=other.npy", quiet=True).report.scores["encoder"]


def test_rows_in_memory_are_trained_on_and_what_is_not_blessed_is_kept_found_saved_and_not_published(place):
    rows = np.load("rows.npy")
    frame = pd.DataFrame(rows, columns=[f"c{column}" for column in range(8)], index=[f"r{row}" for row in range(300)])
    settings = {"gates.neighbours.margin": 2, "name": "held"}
    result = zoo.run(
        "./small.yaml", settings, data=frame, labels=np.arange(300) % 3, train={"epochs": 1}, quiet=True
    )  # fmt: skip
    assert not result.verdict.blessed
    codes = result.encoder.encode(frame[:5])
    with pytest.warns(UserWarning, match="is not blessed: it failed neighbours"):
        again = zoo.load(f"runs:/{result.run_id}")
    np.testing.assert_allclose(again.encode(frame[:5]), codes, atol=1e-5)
    np.testing.assert_allclose(again.encode_words(["r3"]), codes[3:4], atol=1e-5)  # the frame's index names its rows
    assert again.kind.column_names == tuple(frame.columns)
    with pytest.warns(UserWarning, match="is not blessed"):
        assert zoo.load("held@latest").name == f"runs:/{result.run_id}"
    for made, folder in ((result.encoder, "mine"), (again, "mine too")):
        assert made.save(folder) == Path(folder)
        with pytest.warns(UserWarning, match="mine.* is not blessed"):
            np.testing.assert_allclose(zoo.load(folder).encode(frame[:5]), codes, atol=1e-5)
    assert "Not blessed" in Path("mine/assets.extra/report.html").read_text()
    assert not Path("mine/BLESSED").exists()
    with pytest.raises(InputError, match="mine is there already"):
        again.save("mine")
    with pytest.raises(InputError, match=r"is not blessed: it failed neighbours.*nothing was published"):
        publish("held@latest")
    with pytest.raises(InputError, match="is registered already, as small/2"):
        publish(place[1].run_id)
    with pytest.raises(InputError, match=r"held@latest: is not registered; python -m zoo\.publish held@latest"):
        push("held@latest", str(Path("elsewhere")))
    assert "encoder" in str(result)
    assert not list(Path("serving/store/held").iterdir())
    assert Tracker().newest_version("held") == 0


@pytest.mark.parametrize(
    ("encoders", "said"),
    [
        (["small"], "give two encoders"),
        (["small/1", "small/1"], "named twice"),
        (["small/1", "models:/small/1"], "an encoder is named twice: small/1 and models:/small/1 are the same"),
        (["small/1", "smal"], "smal"),
        (["small/1", "0" * 32], f"there is no run {'0' * 32}"),
        (["small/1", "small/2", "model.latent_dim=5"], "model.latent_dim=5: changes nothing here"),
        (["small/1", "small/2", "page=nowhere/at/all.html"], "there is no folder nowhere/at"),
    ],
)
def test_what_cannot_be_compared_is_said(encoders, said, place, capsys):
    assert compare_main(encoders) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "override", ["model.latent_dim=5", "seed=3", "+train.seeds=2", "choose_by=loss", "export.store=x"]
)
def test_what_cannot_be_changed_any_more_is_refused(override, place, capsys):
    assert main(["small/1", override]) == 2
    assert f"{override}: changes nothing here, since nothing is trained" in capsys.readouterr().err
    assert main(["small/1", "dta.path=rows.npy"]) == 2
    assert "dta" in capsys.readouterr().err


def test_an_encoder_without_its_recipe_is_not_judged(place, tmp_path):
    first, _ = place
    import shutil

    shutil.copytree(first.directory, tmp_path / "7")
    (tmp_path / "7" / "recipe.yaml").unlink()
    with pytest.raises(InputError, match="its recipe is not with it"):
        zoo.judge(tmp_path / "7", quiet=True)
