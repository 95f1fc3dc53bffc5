"""Judges embeddings from anywhere: a file of vectors, and what is known of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data import Vectors
from zoo.errors import InputError
from zoo.evaluate.judge import Judge
from zoo.representations.pca import PCA
from zoo.representations.random_projection import RandomProjection
from zoo.representations.raw import Raw
from zoo.review.review import reviewed
from zoo.tables.words import count
from zoo.types import Trained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from zoo.review.review import Review
    from zoo.types import Floats, Metric, Representation, Rows, Splits

_NAMED = 3  # keys in a message


def judge_embeddings(
    embeddings: str,
    console: Console,
    page: str | None,
    *,
    raw: str | None = None,
    labels: str | None = None,
    key: str | None = None,
    pairs: str | None = None,
    queries: str | None = None,
) -> Review:
    """Judges a file of embeddings, whatever made them.

    With the raw rows beside them they are compared with those, with principal components of them (plain and half
    whitened) and with a random projection, all of as many dimensions as the embeddings have. A part of the rows, chosen
    by a hash of the key, judges; on the others opponents and probes are fitted.

    Args:
        embeddings: a file as `zoo.data.Vectors` reads it.
        console: where a person reads along.
        page: where to write the report page; None writes none.
        raw: the rows that the embeddings were made of, also such a file.
        labels: the column of classes, in either file.
        key: the column of keys by which rows of the two files go together, and which pairs and queries name; without
            one, rows go by their number.
        pairs: a file of pairs with a similarity, see `zoo.metrics.PairSimilarity`.
        queries: a file of queries with what is relevant to them, see `zoo.metrics.QueryRetrieval`.

    Raises:
        InputError: files that cannot be read or do not go together.
    """
    ours, labelled = _read(embeddings, key, labels if raw is None else None), labels is not None
    if raw is None:
        splits, notes = ours, ours.notes
    else:
        splits, notes = _with_labels(raw, embeddings, key, labels)
    judge = Judge()
    table = judge.scaled(splits)
    matrix = np.asarray(ours.features)
    if raw is not None:
        matrix = matrix[_matched(splits, ours, raw, embeddings)]
    own = _Matched("embeddings", table, matrix)
    opponents = {} if raw is None else _opponents(matrix.shape[1], splits.width)
    stand_in = Trained(_Width(matrix.shape[1]), None, history=(), best_epoch=-1, seconds=0.0)
    representations: list[Representation] = [own]
    representations += [each.fit(name, table, stand_in) for name, each in opponents.items()]
    for note in notes:
        console.print(f"note: {note}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{embeddings}: {len(splits):,} rows of {matrix.shape[1]} numbers, {len(splits.test):,} of them judge",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    metrics = _metrics(labelled=labelled, raw=raw is not None, pairs=pairs, queries=queries)
    report, evidence = judge.weigh(representations, metrics, table)
    if raw is None:
        advice = "there is nothing to compare with: raw=FILE names the rows that the embeddings were made of"
        console.print(f"note: {advice}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    described = {"name": embeddings, "purpose": "embeddings, judged as they are"}
    return reviewed(console, report, None, evidence, recipe=described, made={"embeddings": embeddings}, page=page)


@dataclass(frozen=True)
class _Matched:
    """Vectors [rows, dimensions] that are there for each row of a table."""

    name: str
    splits: Splits
    matrix: Floats

    def encode(self, rows: Rows) -> Floats:
        return self.matrix[rows]

    def on(self, splits: Splits) -> _Matched:
        """Of other rows there are no vectors."""
        return replace(self, splits=splits)


@dataclass(frozen=True)
class _Width:
    """What baselines look at of a trained model."""

    latent_dim: int


def _read(path: str, key: str | None, labels: str | None) -> Splits:
    return Vectors(path, key_column=key, label_column=labels, allow_constant=True).load()


def _with_labels(raw: str, embeddings: str, key: str | None, labels: str | None) -> tuple[Splits, tuple[str, ...]]:
    """The raw rows, with classes from whichever file has them."""
    try:
        splits = _read(raw, key, labels)
    except InputError:
        if labels is None:
            raise
        splits, other = _read(raw, key, None), _read(embeddings, key, labels)
        places = _matched(splits, other, raw, embeddings)
        splits = replace(splits, labels=np.asarray(other.labels)[places])
    return splits, splits.notes


def _matched(splits: Splits, ours: Splits, raw: str, embeddings: str) -> Rows:
    """The row [rows] of the embeddings that goes with each row of the table.

    Raises:
        InputError: rows without an embedding.
    """
    known = {str(each): row for row, each in enumerate(_keys(ours))}
    keys = [str(each) for each in _keys(splits)]
    missing = [each for each in keys if each not in known]
    if missing:
        raise InputError(
            f"{count(len(missing), 'row')} of {raw} {'has' if len(missing) == 1 else 'have'} no embedding in "
            f"{embeddings}, such as {', '.join(map(repr, missing[:_NAMED]))}: rows go together by key=COLUMN, or "
            f"without it by their number"
        )
    return np.asarray([known[each] for each in keys], np.int64)


def _keys(splits: Splits) -> Any:
    return range(len(splits)) if splits.keys is None else splits.keys


def _opponents(dimensions: int, width: int) -> dict[str, Any]:
    kept = min(dimensions, width)
    return {
        "raw": Raw(),
        "pca": PCA(dimensions=kept),
        "pca_whitened": PCA(dimensions=kept, whiten=0.5),
        "random_projection": RandomProjection(),
    }


def _metrics(*, labelled: bool, raw: bool, pairs: str | None, queries: str | None) -> Mapping[str, Metric]:
    """What can be asked of embeddings with what is known of their rows."""
    from zoo import metrics

    chosen: dict[str, Any] = {}
    if labelled:
        chosen |= {
            "knn_accuracy": metrics.KnnAccuracy(),
            "linear_probe": metrics.LinearProbe(),
            "class_separation": metrics.ClassSeparation(),
            "precision_at_10": metrics.RetrievalPrecision(),
            "ami": metrics.ClusterAgreement("ami"),
        }
    if pairs:
        chosen["pair_similarity"] = metrics.PairSimilarity(pairs)
    if queries:
        chosen["ndcg_at_10"] = metrics.QueryRetrieval(queries)
        chosen["recall_at_100"] = metrics.QueryRetrieval(queries, "recall", k=100)
    if raw:
        chosen |= {
            "overlap_at_10": metrics.NeighbourOverlap(),
            "trustworthiness": metrics.Trustworthiness(),
            "continuity": metrics.Continuity(),
        }
    return chosen | {"effective_rank": metrics.EffectiveRank(), "isotropy": metrics.Isotropy()}
