"""Whether queries find what is relevant to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._key_table import (
    held_out_places,
    no_keys,
    not_in_table,
    numbers_of_keys,
    read_key_table,
    rows_by_key,
)
from zoo.metrics._query_files import queries_like
from zoo.metrics._ranked import places_of, worth
from zoo.metrics._vectors import cosines, is_finite, nearest, query_vectors, unit, vectors
from zoo.metrics._weighted import mean
from zoo.types import Rescores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_SCORES = ("ndcg", "recall")
_ABOVE = 10.0  # any cosine, for documents that are put in order once more
_WANTED = 10  # queries, below which an interval says little


@dataclass(frozen=True)
class _Questions:
    """What is asked: queries [n] of a table, documents of the judged one, and what is relevant to each query.

    Attributes:
        asked: the table of the queries; None where they are rows of the judged table.
        queries: their row numbers [n].
        documents: [m] row numbers of what is ranked.
        relevant: for each query the places of relevant documents among them, and how relevant they are.
        said: what of the file does not count.
    """

    asked: Splits | None
    queries: Rows
    documents: Rows
    relevant: tuple[tuple[Rows, Doubles], ...]
    said: str


class QueryRetrieval:
    """nDCG@k or recall@k of documents ranked by the cosine of their codes to a query's, the mean over queries.

    A file says which rows are relevant to which queries. Queries are rows of the table, which are then no documents,
    or rows of a file of their own. Documents are all other rows, training rows too: what is searched is mostly what
    the encoder was fitted to. Queries that are rows of the table must be held out, see `held_out`. Documents at equal
    cosine may come in any order, and the mean over their orders counts, so that codes that are all the same find what
    chance finds.

    Args:
        path: a table (CSV, TSV, Parquet, JSON lines) with a row for each judgement.
        score: `ndcg`, with linear gains, as trec_eval and BEIR; or `recall`, the share of the relevant documents that
            are among the first k.
        k: documents looked at.
        query: column of the query's key; None takes the first column that is not named for something else.
        document: column of the document's key; None the next.
        relevance: column of how relevant it is, 0 for not at all; None the next, or 1 where there is none.
        where: column -> what must stand in it for a judgement to count, such as `{split: test}`.
        queries: a table of the queries' vectors, of the same width as the rows; None: they are rows of the table.
        query_key: its column of keys; None the first one but the vectors'.
        query_vector: its column of vectors; None the first one of lists.
        among: documents at most, the first rows.
        held_out: whether queries that are rows of the table must be held out; see `PairSimilarity`.
        asked: `code` searches with the queries' codes, `query` with what a representation is searched with where that
            is something else, such as a query that is not quantised (`zoo.types.EncodesQueries`).

    Raises:
        InputError: another score.

    Reference:
        Jarvelin and Kekalainen 2002, "Cumulated gain-based evaluation of IR techniques"; Thakur et al. 2021, "BEIR".
    """

    unit = "share"
    higher_is_better = True

    def __init__(
        self,
        path: str,
        score: Literal["ndcg", "recall"] = "ndcg",
        k: PositiveInt = 10,
        query: str | None = None,
        document: str | None = None,
        relevance: str | None = None,
        where: Mapping[str, str] | None = None,
        queries: str | None = None,
        query_key: str | None = None,
        query_vector: str | None = None,
        among: PositiveInt = 100_000,
        held_out: bool = True,
        asked: Literal["code", "query"] = "code",
    ) -> None:
        if score not in _SCORES:
            raise InputError(f"QueryRetrieval has no score {score!r}; {suggestion(score, _SCORES)}")
        self.path, self.score, self.k, self.where, self.among = path, score, k, where, among
        self.query, self.document, self.relevance = query, document, relevance
        self.columns = {"query": query, "document": document, "relevance": relevance}
        self.queries, self.query_key, self.query_vector = queries, query_key, query_vector
        self.ignores_splits = queries is not None or not held_out
        self.held_out, self.asked = held_out, asked
        self._read: tuple[Splits, _Questions] | None = None

    def shortage(self, splits: Splits) -> str:
        """Keys that the table does not have, queries that do not count, and too few that do."""
        return self._questions(splits).said

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] nDCG or recall; None without a query that has a relevant document."""
        found = self._questions(splits)
        if not len(found.queries):
            return None
        asking = representation if found.asked is None else representation.on(found.asked)
        documents = vectors(representation, found.documents)
        queries = query_vectors(asking, found.queries) if self.asked == "query" else vectors(asking, found.queries)
        if not (is_finite(queries) and is_finite(documents)):
            return np.full(len(found.queries), np.nan)
        scores = np.empty(len(found.queries))
        finer = self._rescoring(representation, asking, found)
        for block, similarities in cosines(unit(queries), unit(documents)):
            finer(block, similarities)
            for query, row in zip(range(block.start, block.stop), similarities, strict=True):
                scores[query] = self._score(row, *found.relevant[query])
        return scores

    def _rescoring(
        self, representation: Representation, asking: Representation, found: _Questions
    ) -> Callable[[slice, Doubles], None]:
        """Puts the best of some queries' similarities [block, documents] in order by the second representation."""
        count = 0
        if self.asked == "query" and isinstance(representation, Rescores) and isinstance(asking, Rescores):
            count = min(representation.candidates, len(found.documents))
            queries = unit(query_vectors(asking.second, found.queries))
            documents = unit(vectors(representation.second, found.documents))

        def finer(block: slice, similarities: Doubles) -> None:
            if not count:
                return
            chosen = nearest(similarities, count)
            for row, query, places in zip(similarities, queries[block], chosen, strict=True):
                row[places] = _ABOVE + documents[places] @ query

        return finer

    def row_numbers(self, splits: Splits) -> Rows | None:
        """See `zoo.types.CountsRows`; None where the queries are in a file of their own."""
        found = self._questions(splits)
        return found.queries if found.asked is None else None

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def _score(self, similarities: Doubles, relevant: Rows, gains: Doubles) -> float:
        ranks = np.arange(1, len(similarities) + 1)
        top = ranks <= self.k
        before, alike = places_of(relevant, similarities)
        if self.score == "recall":
            return float(worth(before, alike, top).mean())
        discounts = top / np.log2(ranks + 1)
        ideal = np.sort(gains)[::-1] @ discounts[: len(gains)]
        return float(gains @ worth(before, alike, discounts) / ideal)

    def _questions(self, splits: Splits) -> _Questions:
        if self._read is None or self._read[0] is not splits:
            self._read = (splits, self._find(splits))
        return self._read[1]

    def _find(self, splits: Splits) -> _Questions:
        file = read_key_table(self.path, self.columns, optional=["relevance"], where=self.where)
        rows = rows_by_key(splits)
        if (numbers_of_keys(file.keys("document"), rows) < 0).all():  # of another table; so may be the queries' width
            none = np.empty(0, np.int64)
            lacking = not_in_table(file.keys("document"), rows, "documents")
            return _Questions(None, none, none, (), no_keys(splits) or f"{file.path}: {lacking}")
        asked = queries_like(splits, self.queries, self.query_key, self.query_vector) if self.queries else None
        known = rows if asked is None else rows_by_key(asked)
        query, document = numbers_of_keys(file.keys("query"), known), numbers_of_keys(file.keys("document"), rows)
        documents = np.arange(len(splits)) if asked else np.setdiff1d(np.arange(len(splits)), query)
        documents = documents[: self.among]
        places = np.full(len(splits) + 1, -1)  # the last is for documents that are not in the table
        places[documents] = np.arange(len(documents))
        gains = file.numbers("relevance") if "relevance" in file.names else np.ones(len(file))
        counts = (query >= 0) & (places[document] >= 0) & (gains > 0)
        must = asked is None and self.held_out
        if must:
            counts &= held_out_places(splits)[query]
        queries, relevant = _by_query(query[counts], places[document[counts]], gains[counts])
        missing = [
            not_in_table(file.keys("document"), rows, "documents"),
            not_in_table(file.keys("query"), known, "queries"),
        ]
        left_out = len(np.unique(query[query >= 0])) - len(queries)
        said = [f"{file.path}: {each}" for each in missing if each]
        if left_out:
            unseen = " are not held out, or" if must else ":"
            said.append(f"{left_out:,} queries{unseen} nothing in the table is relevant to them")
        if len(queries) < _WANTED:
            said.append(f"{len(queries)} queries are left; at least {_WANTED} are wanted")
        return _Questions(asked, queries, documents, relevant, no_keys(splits) or "; ".join(said))


def _by_query(queries: Rows, documents: Rows, gains: Doubles) -> tuple[Rows, tuple[tuple[Rows, Doubles], ...]]:
    """The distinct queries, and of each the documents and their gains; of a pair judged twice the higher gain."""
    order = np.lexsort((-gains, documents, queries))
    pairs = np.column_stack([queries, documents])[order]
    first = order[np.flatnonzero((np.diff(pairs, axis=0, prepend=-1) != 0).any(axis=1))]
    chosen, starts = np.unique(queries[first], return_index=True)
    parts = zip(*(np.split(each[first], starts[1:]) for each in (documents, gains)), strict=True)
    return chosen, tuple(parts) if len(chosen) else ()
