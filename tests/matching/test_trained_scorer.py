"""What training rows teach of matches, exported with their encoder and used where it is wanted."""

import json

import numpy as np
import pyarrow as pa
import pytest

import zoo
from tests.matching.conftest import tables
from zoo.cli.match import main as match
from zoo.errors import InputError
from zoo.matching.scorer_file import SCORER_FILE, read_scorer


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An exported encoder with its scorer; its 600 training records are of 400 persons."""
    from zoo.bottlenecks.linear import Linear
    from zoo.data._record_fields import Texts, typed_fields
    from zoo.export._pair_scorer import write_pair_scorer
    from zoo.export._signatures import write_saved_model
    from zoo.likelihoods.multinomial import Multinomial
    from zoo.models.autoencoder import Autoencoder
    from zoo.networks.embedding_bag import EmbeddingBag
    from zoo.networks.mlp import MLP
    from zoo.quiet import import_tensorflow
    from zoo.rows.typed_record_rows import TypedRecordRows
    from zoo.types import Splits

    import_tensorflow().keras.utils.set_random_seed(0)
    raw, rows, none = pa.concat_tables(tables(7)), np.arange(600), np.arange(0)
    fields, _ = typed_fields(raw, raw.column_names, rows, (), {}, Texts("runs", 256), 2, "persons")
    kind = TypedRecordRows(fields)
    model = Autoencoder(EmbeddingBag(64, combiner="sqrtn"), Linear(32), MLP([4]), Multinomial())
    model.build((None, kind.width))
    folder = tmp_path_factory.mktemp("persons") / "saved_model"
    write_saved_model(folder, model, kind)
    write_pair_scorer(folder, model, Splits(kind.read(raw), rows, none, none, raw=raw, kind=kind), None)
    return folder


def test_the_file_says_how_to_score_a_pair_without_the_zoo(trained):
    told = json.loads((trained / SCORER_FILE).read_text())
    assert told["learnt_from"] == "600 training rows"
    assert told["kinds"] == {
        "first": "text",
        "last": "text",
        "town": "category",
        "born": "date",
        "phone": "text",
    }
    agreement = np.asarray([[1, 0.95, 1, -1, 0.9], [0, 0, 0, 0.1, 0]])
    weights, knots = told["fields"]["weights"], told["fields"]["knots"]
    odds = [
        told["fields"]["prior"]
        + sum(np.interp(each, knots, weights[name]) for name, each in zip(weights, row, strict=True) if each >= 0)
        for row in agreement
    ]
    scorer = read_scorer(trained)
    np.testing.assert_allclose(scorer.fields.probability(agreement), 1 / (1 + np.exp(-np.asarray(odds))))
    assert odds[0] > 0 > odds[1]


def test_it_is_used_where_it_is_asked_for(trained):
    left, right = tables(0)
    found = zoo.load(trained).match(left, right, one_to_one=True, scorer="trained")
    pairs = set(zip(found["id_a"].to_pylist(), found["id_b"].to_pylist(), strict=True))
    true = {(row, row) for row in range(200)}
    assert 2 * len(pairs & true) / (len(pairs) + len(true)) > 0.97
    again = zoo.match(trained, left, right, one_to_one=True, scorer="trained", quiet=True)
    assert again.equals(found)
    assert not zoo.match(trained, left, right, one_to_one=True, quiet=True).equals(found)


def test_a_table_too_small_to_learn_from_is_scored_by_it(trained, capsys):
    left, right = tables(0)
    found = zoo.match(trained, left.slice(5, 1), right.slice(0, 9))
    assert list(zip(found["id_a"].to_pylist(), found["id_b"].to_pylist(), strict=True)) == [(0, 5)]
    assert "too few candidates to learn from" in (said := capsys.readouterr().out)
    assert "fields weighed as learnt from 600 training rows" in said
    part = zoo.match(trained, left.slice(5, 1), right.slice(0, 9), fields=["last", "phone", "born"], quiet=True)
    assert part["id_b"].to_pylist() == [5]


def test_where_there_is_none_that_is_said(trained, encoder, two_tables, capsys, tmp_path):
    assert zoo.load(encoder).pair_scorer is None
    with pytest.raises(InputError, match="no pair scorer is exported with this encoder"):
        zoo.match(encoder, *two_tables, scorer="trained", quiet=True)
    nicked = two_tables[0].append_column("nick", two_tables[0]["first"])
    with pytest.raises(InputError, match=r"it does not weigh 'nick', only 'first'"):
        zoo.match(trained, nicked, nicked, fields=["nick"], scorer="trained", quiet=True)
    given = [f"name={trained}", f"a={tmp_path}", f"b={tmp_path}", f"output={tmp_path / 'a.csv'}", "scorer=train"]
    assert match(given) == 2
    assert "did you mean 'trained'?" in capsys.readouterr().err
