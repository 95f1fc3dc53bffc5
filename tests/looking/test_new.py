"""`zoo new`: from files as people have them to recipes that hold together and whose sources read the file."""

import subprocess
import sys

import pytest
import yaml

from zoo.cli.new import main
from zoo.recipe import compose


@pytest.fixture
def new(files, tmp_path, capsys, monkeypatch):
    """A function of a file's name: the written recipe as YAML, what was printed, and the recipe as it was checked."""
    checked = []
    monkeypatch.setattr("zoo.cli.new.compose", lambda path: checked.append(compose(path)))

    def call(name, *values):
        output = tmp_path / "own.yaml"
        status = main([str(files / name), f"output={output}", "overwrite=true", *values])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return yaml.safe_load(output.read_text()), printed.out, checked[-1]

    return call


# file, recipe, settings of the data, what is said
CASES = [
    ("papers.parquet", "dense_vectors", {"vector_column": "embedding", "label_column": "field", "key_column": "title"},
     "unsure: Column 'field' has few values"),
    ("sentences.parquet", "sentences", {"vector_column": "vector", "key_column": "text", "fit_on_all": False},
     "The vectors have length 1"),
    ("measured.csv", "dense_vectors", {"label_column": "species", "allow_constant": True}, "Scales differ: "),
    ("foretold.csv", "table", {"label_column": "target"}, "target  numbers"),
    ("rows.npy", "dense_vectors", {}, "An array of rows of 12 numbers"),
    ("labelled.npz", "dense_vectors", {"vector_column": "X", "label_column": "y"}, "0 .. 2: the label"),
    ("people.csv", "records_table", {}, "unsure: Whether several records may be of the same thing"),
    ("clusters.csv", "records_table", {"entity_column": "cluster"}, "only judging sees it"),
    ("orders.csv", "softmax_baskets", {"basket_column": "order", "item_column": "product"}, "A row for each item"),
    ("pairs.csv", "softmax_baskets", {"basket_column": "u", "item_column": "i"}, "unsure: Which of the two columns"),
    ("lists.parquet", "softmax_baskets", {"column": "items", "key_column": "user"}, "lists items"),
    ("tags.csv", "softmax_baskets", {"column": "tags", "key_column": "id", "separator": ","}, "unsure: Whether column"),
    ("wide.csv", "softmax_baskets", {"wide": True, "key_column": "id"}, "A column for each of 12 items"),
    ("lines.csv", "softmax_baskets", {}, "100 lines were looked at, of 1 .. 5 items; 6 different ones"),
    ("terms.npz", "softmax_baskets", {"_target_": "zoo.data.SparseMatrix"}, "A sparse matrix of 50 columns"),
    ("word2vec.bin", "dense_word2vec", {"holdout": []}, "few are English words"),
    ("word2vec.txt", "dense_word2vec", {"holdout": []}, "150 rows: vectors of 20 numbers"),
    ("glove.txt", "dense_word2vec", {"holdout": []}, "Their keys begin with 'the', 'king'"),
    ("photos", "conv_folder", {"size": 32, "channels": 3, "invalid": "drop"}, "be decoded: cats/broken.png"),
    ("images.npy", "conv_folder", {"_target_": "zoo.data.ImageArray", "size": None}, "from 0 to 1, and so must be"),
    ("mnist.npz", "conv_folder", {"_target_": "zoo.data.ImageArray", "size": None, "image_column": "x_train",
     "label_column": "y_train"}, "Left out of "),
    ("grey", "conv_folder", {"size": None, "channels": 1, "invalid": "drop"}, "20 images, in grey"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "recipe", "data", "said"), CASES, ids=[case[0] for case in CASES])
def test_each_kind_of_file(new, files, name, recipe, data, said):
    written, printed, composed = new(name)
    assert written["defaults"] == [recipe, "_self_"]
    assert written["data"] == {"path": str(files / name)} | data
    assert said in printed
    if name in {"orders.csv", "lists.parquet", "tags.csv", "lines.csv"}:  # six items
        assert composed.config["model"]["bottleneck"]["latent_dim"] == 2
    if recipe in {"records_table", "table"}:  # what reads their cells is TensorFlow's
        return
    splits = composed.build("data").load()
    assert len(splits.train)
    assert (splits.labels is not None) == ("label_column" in data or name == "photos")


@pytest.mark.parametrize("name", ["frauds.csv", "anomalies.npz"])
def test_a_rare_class_may_be_of_anomalies_which_is_said(new, name):
    written, printed, composed = new(name)
    assert written["defaults"][0] == "anomaly_table"
    assert "unsure: Whether 1 in column" in printed
    assert set(composed.build("data").load().labels.tolist()) == {0, 1}


def test_a_recipe_that_is_asked_for(new):
    written, printed, composed = new("measured.csv", "recipe=anomaly_table", "label=none")
    assert written["data"]["contamination"] == 0.05
    assert written["model"]["nearest"] == 16  # twice a twentieth of the 160 rows that are trained on
    assert "unsure: How many rows are odd" in printed
    assert composed.config["model"]["false_alarm_rate"] == 0.05
    splits = composed.build("data").load()
    assert splits.labels[splits.test].sum() == 100
    assert new("rows.npy", "recipe=anomaly_table")[0]["data"].keys() == {"data", "contamination"}
    assert new("frauds.csv", "recipe=dense_vectors")[0]["data"]["label_column"] == "fraud"
    assert new("wide.csv", "recipe=dense_vectors")[0]["defaults"][0] == "dense_vectors"
    assert new("customers.csv", "recipe=records_table")[0]["data"]["drop"] == ["churn"]


def test_customers_with_gaps_text_dates_categories_an_id_and_a_label(new):
    written, printed, _ = new("customers.csv")
    assert written["defaults"][0] == "table"
    columns = {"key_column": "customer_id", "label_column": "churn"}
    assert written["data"] == {"path": written["data"]["path"]} | columns
    for line in (
        "customer_id  whole numbers 1000 .. 1399: the key",
        "town         categories (3: ",
        "since        dates, such as 20",
        "remark       text, such as likes",
        "churn        categories (2: ",
        "Gaps in 'age'.",
    ):
        assert line in printed


def test_a_spreadsheet_of_other_marks_and_another_encoding(new):
    written, printed, _ = new("spreadsheet.csv")
    assert written["data"] | {"delimiter": ";", "encoding": "cp1252"} == written["data"]
    assert "Köln" in printed
    assert "How the text is written was told from the file" in printed
    assert written["defaults"][0] == "table"
    assert "income       numbers" in printed


def test_no_tensorflow_is_imported(files, tmp_path):
    code = (
        "import sys; from zoo.cli.new import main; status = main(sys.argv[1:]); "
        "sys.exit(status or any(name in sys.modules for name in ('tensorflow', 'keras', 'mlflow')))"
    )
    command = [sys.executable, "-c", code, str(files / "customers.csv"), f"output={tmp_path / 'own.yaml'}"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("missing.csv", [], "no such file"),
        ("torch.npy", [], "numpy.moveaxis(images, 1, -1)"),
        ("images.npy", ["recipe=table"], "an array of images holds no rows for recipe=table"),
        ("customers.csv", ["recipe=tabel"], "did you mean 'table'?"),
        ("rows.npy", ["recipe=table"], "holds no rows for recipe=table"),
        ("orders.csv", ["recipe=anomaly_table", "label=produkt"], "did you mean 'product'?"),
        ("customers.csv", ["outptu=x.yaml"], "did you mean 'output'?"),
        ("photos/readme.txt", [], "readme.txt"),
    ],
)
def test_what_cannot_be_used_is_said(files, tmp_path, capsys, monkeypatch, name, values, said):
    monkeypatch.chdir(tmp_path)
    assert main([str(files / name), *values]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_recipe_that_is_there_is_kept_unless_overwritten(files, tmp_path, capsys):
    output = tmp_path / "mine.yaml"
    output.write_text("mine")
    assert main([str(files / "rows.npy"), f"output={output}"]) == 2
    assert "overwrite=true" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert main([str(files / "rows.npy"), f"output={output}", "overwrite=true", "name=other"]) == 0
    assert compose(str(output)).name == "other"
