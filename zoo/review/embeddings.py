"""Judges embeddings from anywhere: a file of vectors, and what is known of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data import Vectors
from zoo.errors import InputError
from zoo.evaluate.judge import Judge
from zoo.representations.file import File
from zoo.representations.pca import PCA
from zoo.representations.random_projection import RandomProjection
from zoo.representations.raw import Raw
from zoo.review.review import reviewed
from zoo.tables.words import short_name, without_password
from zoo.types import Trained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.review.review import Review
    from zoo.stages.voice import Voice
    from zoo.types import Metric, Representation, Splits


def judge_embeddings(
    embeddings: str,
    voice: Voice,
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
        voice: where a person reads along.
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
    splits = _read(embeddings, key, labels) if raw is None else _with_labels(raw, embeddings, key, labels)
    judge = Judge()
    table = judge.scaled(splits)
    nothing = Trained(None, None, history=(), best_epoch=-1, seconds=0.0)
    source = Raw() if raw is None else File(embeddings, key_column=key)
    own = source.fit("embeddings", table, nothing)
    width = int(own.encode(table.test[:1]).shape[1])
    opponents = {} if raw is None else _opponents(width, splits.width)
    stand_in = replace(nothing, model=_Width(width))
    representations: list[Representation] = [own]
    representations += [each.fit(name, table, stand_in) for name, each in opponents.items()]
    for note in splits.notes:
        voice.note(note)
    voice.say(
        f"{without_password(embeddings)}: {len(splits):,} rows of {width} numbers, {len(splits.test):,} of them judge"
    )
    metrics = _metrics(labelled=labels is not None, raw=raw is not None, pairs=pairs, queries=queries)
    report, evidence = judge.weigh(representations, metrics, table)
    if raw is None:
        advice = "there is nothing to compare with: raw=FILE names the rows that the embeddings were made of"
        voice.note(advice)
    described = {"name": short_name(embeddings), "purpose": "embeddings, judged as they are"}
    made = {"embeddings": without_password(embeddings)}
    return reviewed(voice, report, None, evidence, recipe=described, made=made, page=page)


@dataclass(frozen=True)
class _Width:
    """What baselines look at of a trained model."""

    latent_dim: int


def _read(path: str, key: str | None, labels: str | None) -> Splits:
    return Vectors(path, key_column=key, label_column=labels, allow_constant=True).load()


def _with_labels(raw: str, embeddings: str, key: str | None, labels: str | None) -> Splits:
    """The raw rows, with classes from whichever file has them."""
    try:
        return _read(raw, key, labels)
    except InputError:
        if labels is None:
            raise
        splits, other = _read(raw, key, None), _read(embeddings, key, labels)
    keys, theirs = np.asarray(splits.keys).astype(str), np.asarray(other.keys).astype(str)
    classes = dict(zip(theirs.tolist(), np.asarray(other.labels).tolist(), strict=True))
    none = "" if np.asarray(other.labels).dtype.kind in "OSU" else -1
    return replace(splits, labels=np.asarray([classes.get(each, none) for each in keys.tolist()]))


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
