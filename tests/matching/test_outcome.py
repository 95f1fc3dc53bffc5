import numpy as np
import pyarrow as pa

from tests.matching.test_linking import linked
from zoo.matching.outcome import entity_summary, entity_table, match_summary, pair_tables


def test_pairs_say_why_they_match(two_tables, codes_of):
    left, right = two_tables
    links = linked(left, right, codes_of(left, right))
    ids = pa.array([f"a{row}" for row in range(300)]), pa.array(range(300))
    table = pa.concat_tables(pair_tables(links, *ids))
    assert table.num_rows == len(links.match)
    rows = table.to_pylist()
    first = rows[0]
    assert first["id_a"] == f"a{links.pairs.left[links.match[0]]}"
    evidence = sum(first[f"evidence_{name}"] for name in ("first", "last", "town", "born", "phone"))
    odds = links.scorer.fields.prior + evidence
    np.testing.assert_allclose(first["probability"], 1 / (1 + np.exp(-odds)), atol=1e-4)
    for row in rows:
        for name in ("first", "last", "town", "born", "phone"):
            empty = right.column(name)[row["id_b"]].as_py() is None
            assert (row[f"agreement_{name}"] is None) == empty
            assert (f"{name}: b" in row["missing"].split("; ")) == empty
            assert not empty or row[f"evidence_{name}"] == 0
    assert "exact copies" in match_summary(links)[-1]


def test_no_match_is_an_empty_table_with_all_columns(two_tables, codes_of):
    left, right = two_tables
    links = linked(left, right, codes_of(left, right), threshold=1.0)
    full = linked(left, right, codes_of(left, right))
    links = type(links)(**{**vars(links), "match": links.match[:0]})
    (table,) = pair_tables(links, pa.array(range(300)), pa.array(range(300)))
    (expected,) = pair_tables(full, pa.array(range(300)), pa.array(range(300)))
    assert table.num_rows == 0
    assert table.schema == expected.schema
    assert "none of them is called a match" in match_summary(links)[-2]


def test_entities_are_named_by_their_first_row(two_tables, codes_of):
    table = pa.concat_tables([*two_tables, two_tables[0].slice(7, 1)])
    links = linked(table, None, codes_of(table))
    found = links.entities()
    ids = pa.array([f"id{row}" for row in range(601)])
    rows = entity_table(links, found, ids).to_pylist()
    assert rows[600]["entity"] == rows[7]["entity"] == "id7"
    assert rows[600]["match"] == "id7"
    assert rows[7]["size"] >= 2
    alone = [row for row in rows if row["size"] == 1]
    assert alone
    assert all(row["match"] is row["probability"] is None and row["entity"] == row["id"] for row in alone)
    said = entity_summary(links, found)[-1]
    assert "601 rows, 1 of them exact copies of an earlier one" in said
    assert f"{len(np.unique(found)):,} entities" in said
