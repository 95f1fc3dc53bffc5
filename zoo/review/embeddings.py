"""Judges embeddings from anywhere: a file of vectors, and what is known of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._classes import class_labels
from zoo.errors import InputError
from zoo.evaluate.judge import Judge
from zoo.representations.file import File
from zoo.representations.pca import PCA
from zoo.representations.random_projection import RandomProjection
from zoo.representations.raw import Raw
from zoo.review.given import Given, classes
from zoo.review.review import reviewed, writable_page
from zoo.tables.words import short_name
from zoo.types import Trained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.review.review import Review
    from zoo.stages.voice import Voice
    from zoo.tables.options import Options
    from zoo.types import Metric, Representation, Splits

_BY_KEY = ("pair_similarity", "ndcg_at_10")  # metrics that ask for rows by their keys


def judge_embeddings(
    embeddings: Any,
    voice: Voice,
    page: str | None,
    *,
    raw: Any = None,
    labels: Any = None,
    key: str | None = None,
    pairs: Any = None,
    queries: Any = None,
    columns: Sequence[str] = (),
    raw_columns: Sequence[str] = (),
    text: Options | None = None,
) -> Review:
    """Judges embeddings, whatever made them.

    With the raw rows beside them they are compared with those, with principal components of them (plain and half
    whitened) and with a random projection, all of as many dimensions as the embeddings have. A part of the rows, chosen
    by a hash of the key, judges; on the others opponents and probes are fitted. Tables are files, or in memory
    whatever `zoo.tables.held_table` takes.

    Args:
        embeddings: a table as `zoo.data.Vectors` reads it.
        voice: where a person reads along.
        page: where to write the report page; None writes none.
        raw: the rows that the embeddings were made of, also such a table.
        labels: the column of classes, in either table; or a class for each row of `raw`, where that is given, else of
            `embeddings`.
        key: the column of keys by which rows of the two tables go together, and which pairs and queries name; without
            one, rows go by the index of a DataFrame, or by their number.
        pairs: a table of pairs with a similarity, see `zoo.metrics.PairSimilarity`.
        queries: a table of queries with what is relevant to them, see `zoo.metrics.QueryRetrieval`.
        columns: of the embeddings: that of whole vectors, or those of numbers; names may hold `*`; empty finds them.
        raw_columns: of the raw rows, alike.
        text: how files of text are read.

    Raises:
        InputError: tables that cannot be read or do not go together.
    """
    path = writable_page(page)
    given = Given.as_argument(embeddings, "embeddings", columns, text)
    made_of = None if raw is None else Given.as_argument(raw, "raw", raw_columns, text)
    splits = _splits(given, made_of, key, labels)
    metrics = _metrics(labelled=labels is not None, raw=raw is not None, pairs=pairs, queries=queries, text=text)
    judge = Judge()
    table = judge.scaled(splits)
    nothing = Trained(None, None, history=(), best_epoch=-1, seconds=0.0)
    source: Any = Raw()
    if made_of is not None:
        source = File(given.place, key, list(given.columns) or None)  # type: ignore[arg-type]  # a table is open already
    with given.own_words():
        own = source.fit("embeddings", table, nothing)
    width = int(own.encode(table.test[:1]).shape[1])
    opponents = {} if raw is None else _opponents(width, splits.width)
    stand_in = replace(nothing, model=_Width(width))
    representations: list[Representation] = [own]
    representations += [each.fit(name, table, stand_in) for name, each in opponents.items()]
    for note in splits.notes:
        voice.note(note)
    voice.say(f"{given.name}: {len(splits):,} rows of {width} numbers, {len(splits.test):,} of them judge")
    report, evidence = judge.weigh(representations, metrics, table)
    if raw is None:
        advice = "there is nothing to compare with: raw=FILE names the rows that the embeddings were made of"
        voice.note(advice)
    scores = report.scores["embeddings"]
    short: dict[str, list[str]] = {}
    for name, metric in metrics.items():
        if scores[name] is not None and hasattr(metric, "shortage") and (shortage := metric.shortage(table)):
            short.setdefault(shortage, []).append(name)
    for shortage, names in short.items():
        voice.note(f"{', '.join(names)}: {shortage}")
    if key is None and (made_of or given).index is None and any(scores.get(name, True) is None for name in _BY_KEY):
        voice.note("pairs and queries name rows by the keys in key=COLUMN; without it, by their numbers from 0")
    described = {"name": short_name(given.name), "purpose": "embeddings, judged as they are"}
    return reviewed(voice, report, None, evidence, recipe=described, made={"embeddings": given.name}, page=path)


@dataclass(frozen=True)
class _Width:
    """What baselines look at of a trained model."""

    latent_dim: int


def _splits(embeddings: Given, raw: Given | None, key: str | None, labels: Any) -> Splits:
    """The rows that opponents are fitted to: the raw ones if there are any, with classes from wherever they are."""
    rows = embeddings if raw is None else raw
    values = classes(labels, rows)
    if values is not None:
        return _with_values(rows.vectors(key, None), values, rows.name)
    try:
        return rows.vectors(key, labels)
    except InputError as error:
        if labels is None or raw is None:
            raise
        splits = raw.vectors(key, None)
        try:
            other = embeddings.vectors(key, labels)
        except InputError as second:
            raise InputError(f"{error}; nor are the embeddings': {second}") from second
    keys, theirs = np.asarray(splits.keys).astype(str), np.asarray(other.keys).astype(str)
    known = dict(zip(theirs.tolist(), np.asarray(other.labels).tolist(), strict=True))
    none = "" if np.asarray(other.labels).dtype.kind in "OSU" else -1
    return replace(splits, labels=np.asarray([known.get(each, none) for each in keys.tolist()]))


def _with_values(splits: Splits, values: Sequence[Any], name: str) -> Splits:
    if len(values) != len(splits):
        raise InputError(
            f"labels: {len(values):,} classes for {len(splits):,} rows of {name}; give one for each, in their order"
        )
    labels, notes = class_labels(values, "labels", name)
    return replace(splits, labels=labels, notes=(*splits.notes, *notes))


def _opponents(dimensions: int, width: int) -> dict[str, Any]:
    kept = min(dimensions, width)
    return {
        "raw": Raw(),
        "pca": PCA(dimensions=kept),
        "pca_whitened": PCA(dimensions=kept, whiten=0.5),
        "random_projection": RandomProjection(),
    }


def _metrics(*, labelled: bool, raw: bool, pairs: Any, queries: Any, text: Options | None) -> Mapping[str, Metric]:
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
    # nothing was trained here, so that no row has been seen: every pair counts, and every query
    if pairs is not None:
        judged: Any = Given.as_argument(pairs, "pairs", text=text).key_table()
        chosen["pair_similarity"] = metrics.PairSimilarity(judged, held_out=False)
    if queries is not None:
        relevant: Any = Given.as_argument(queries, "queries", text=text).key_table()
        chosen["ndcg_at_10"] = metrics.QueryRetrieval(relevant, held_out=False)
        chosen["recall_at_100"] = metrics.QueryRetrieval(relevant, "recall", k=100, held_out=False)
    if raw:
        chosen |= {
            "overlap_at_10": metrics.NeighbourOverlap(),
            "trustworthiness": metrics.Trustworthiness(),
            "continuity": metrics.Continuity(),
        }
    return chosen | {"effective_rank": metrics.EffectiveRank(), "isotropy": metrics.Isotropy()}
