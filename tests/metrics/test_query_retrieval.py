"""Queries and what is relevant to them, against scikit-learn's nDCG and a recall by hand."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

from zoo.errors import InputError
from zoo.metrics.query_retrieval import QueryRetrieval
from zoo.types import Splits

QUERIES = 20


@pytest.fixture
def gains(rng):
    """Relevance [20 queries, 180 documents] from 0 to 2, to each query at least one."""
    found = rng.integers(0, 3, size=(QUERIES, 180)) * (rng.random((QUERIES, 180)) < 0.04)
    found[np.arange(QUERIES), rng.integers(0, 180, QUERIES)] = 2
    return found


@pytest.fixture
def table(rng, gains):
    """200 rows: the first 20 are queries, near what is relevant to them."""
    documents = rng.normal(size=(180, 6))
    queries = gains @ documents / 3 + rng.normal(size=(QUERIES, 6))
    features = np.vstack([queries, documents]).astype(np.float32)
    keys = np.asarray([f"q{each}" for each in range(QUERIES)] + [f"d{each}" for each in range(180)], dtype=object)
    rows = np.arange(200)
    return Splits(features, train=rows[60:], validation=rows[:0], test=rows[:60], keys=keys)


@pytest.fixture
def judgements(tmp_path, gains):
    """A file of them, as integers of which 0 is said of some; one pair twice, the second time as less relevant."""
    lines = ["query,doc,rel"]
    lines += [
        f"q{query},d{document},{gains[query, document]}" for query, document in zip(*gains.nonzero(), strict=True)
    ]
    lines += [
        next(line for line in lines if line.endswith(",2"))[:-1] + "1",
        *(f"q{query},d{document},0" for query, document in zip(*np.argwhere(gains == 0)[:9].T, strict=True)),
    ]
    path = tmp_path / "judgements.csv"
    path.write_text("\n".join(lines))
    return str(path)


def recall(gains, cosines, k):
    top = np.argsort(-cosines, axis=1)[:, :k]
    return (np.take_along_axis(gains > 0, top, axis=1).sum(axis=1) / (gains > 0).sum(axis=1)).mean()


def cosines_of(table):
    return np.round(cosine_similarity(table.features[:QUERIES].astype(np.float64), table.features[QUERIES:]), 10)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_it_is_sklearns_ndcg_and_recall_by_hand(k, table, gains, judgements, raw, once):
    cosines = cosines_of(table)
    assert once(QueryRetrieval(judgements, k=k), raw, table) == pytest.approx(ndcg_score(gains, cosines, k=k))
    assert once(QueryRetrieval(judgements, "recall", k=k), raw, table) == pytest.approx(recall(gains, cosines, k))
    assert QueryRetrieval(judgements).shortage(table) == ""


def test_queries_may_come_from_a_file_of_their_own(table, gains, judgements, raw, once, tmp_path):
    path = tmp_path / "queries.parquet"
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(table.features[:QUERIES].ravel()), 6)
    pq.write_table(pa.table({"key": table.keys[:QUERIES].tolist(), "vector": vectors}), path)
    rows = np.arange(180)
    documents = Splits(table.features[QUERIES:], rows[:60], rows[:0], rows[60:], keys=table.keys[QUERIES:])
    metric = QueryRetrieval(judgements, queries=str(path))
    assert once(metric, raw, documents) == pytest.approx(ndcg_score(gains, cosines_of(table), k=10))
    assert metric.shortage(documents) == ""
    narrow = replace(documents, features=documents.features[:, :3])
    with pytest.raises(InputError, match="queries of 6 numbers, and the table has rows of 3 columns"):
        QueryRetrieval(judgements, queries=str(path)).values(raw, narrow)
    with pytest.raises(InputError, match="query_key=keys: no such column; did you mean 'key'"):
        QueryRetrieval(judgements, queries=str(path), query_key="keys").values(raw, documents)


def test_documents_at_equal_cosine_count_the_mean_over_their_orders(table, gains, judgements, codes, once):
    constant = codes(np.ones_like)
    expected = ndcg_score(gains, np.ones(gains.shape), k=10)  # scikit-learn averages over ties
    assert once(QueryRetrieval(judgements), constant, table) == pytest.approx(expected)
    assert once(QueryRetrieval(judgements, "recall", k=18), constant, table) == pytest.approx(0.1)


def test_keys_that_are_not_there_and_queries_that_training_has_seen_are_counted(table, judgements, raw, codes, once):
    unknown = table.keys.copy()
    unknown[[3, 25]] = "someone", "something"
    metric = QueryRetrieval(judgements)
    without = replace(table, keys=unknown)
    assert len(metric.values(raw.on(without), without)) == QUERIES - 1
    assert "1 of 20 keys of queries are not in the table, such as 'q3'" in metric.shortage(without)
    seen = replace(table, test=table.test[15:], train=np.concatenate([table.train, table.test[:15]]))
    assert len(metric.values(raw.on(seen), seen)) == 5
    assert "15 queries are not held out" in metric.shortage(seen)
    assert "5 queries are left; at least 10 are wanted" in metric.shortage(seen)
    assert metric.values(raw, replace(table, keys=None)) is None
    assert "have no keys" in metric.shortage(replace(table, keys=None))
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), table))


def test_what_is_wrong_with_a_file_is_said(tmp_path, table, raw, judgements):
    with pytest.raises(InputError, match="no such file"):
        QueryRetrieval(str(tmp_path / "judgments.csv")).shortage(table)
    with pytest.raises(InputError, match="document=document: no such column"):
        QueryRetrieval(judgements, document="document").shortage(table)
    with pytest.raises(InputError, match="no row has '7' in column 'rel'; there are: 0, 1, 2"):
        QueryRetrieval(judgements, where={"rel": "7"}).shortage(table)
    narrow = tmp_path / "narrow.csv"
    narrow.write_text("query\nq1\n")
    with pytest.raises(InputError, match="no column is left for document"):
        QueryRetrieval(str(narrow)).shortage(table)
    with pytest.raises(InputError, match="no score 'map'"):
        QueryRetrieval(judgements, "map")
    assert QueryRetrieval(judgements, relevance="rel", where={"rel": "2"}).shortage(table) == ""


class _Coarse:
    """Codes of the first column only, asked by whole rows; what it finds may be put in order by these."""

    def __init__(self, table, candidates, second=None):
        self.name, self.table, self.candidates = "coarse", table, candidates
        self.second = second or self

    def encode(self, rows):
        return self.table.features[rows] * [1, 0, 0, 0, 0, 0]

    def encode_queries(self, rows):
        return self.table.features[rows]

    def on(self, table):
        return _Coarse(table, self.candidates, self.second)


def test_a_query_may_be_asked_as_it_is_and_what_it_finds_put_in_order(table, gains, judgements, raw, once):
    whole, first = table.features[:QUERIES], table.features[QUERIES:] * [1, 0, 0, 0, 0, 0]
    expected = ndcg_score(gains, np.round(cosine_similarity(whole.astype(np.float64), first), 10), k=10)
    metric = QueryRetrieval(judgements, asked="query")
    assert once(metric, _Coarse(table, 0), table) == pytest.approx(expected)
    assert once(QueryRetrieval(judgements), _Coarse(table, 180, raw.on(table)), table) < once(metric, raw, table)
    assert once(metric, _Coarse(table, 180, raw.on(table)), table) == pytest.approx(once(metric, raw, table))


def test_judgements_of_another_table_have_no_value_and_say_so(table, judgements, raw, tmp_path):
    queries = tmp_path / "queries.parquet"  # of another width, as another model's are
    pq.write_table(pa.table({"key": ["q0"], "vector": [[1.0, 2.0]]}), queries)
    other = replace(table, keys=np.asarray([f"x{each}" for each in range(200)], dtype=object))
    metric = QueryRetrieval(judgements, queries=str(queries))
    assert metric.values(raw.on(other), other) is None
    assert "keys of documents are not in the table, such as" in metric.shortage(other)
