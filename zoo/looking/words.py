"""Files of word vectors: word2vec's, GloVe's, fastText's and gensim's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.looking.advice import Advice
from zoo.looking.sample import sample_of
from zoo.looking.table_look import quarter
from zoo.tables.cells import vectors_of
from zoo.tables.words import some
from zoo.word_pairs import read_word_pairs

if TYPE_CHECKING:
    from zoo.tables.table import Table

_FEWEST_WORDS = 20
_PEOPLE = ("similarity", "similarity_cleaned", "nuance", "nuance_whitened")  # gates by people's scores
_SCORES = ("wordsim353", "simlex999", "analogies")


def words_in(table: Table, place: dict[str, Any]) -> Advice:
    """The recipe for word vectors in an open table with the columns `key` and `vector`.

    Raises:
        InputError: rows that cannot be read.
    """
    sample = sample_of(table)
    names = table.schema.names
    keys = [str(key) for key in sample.rows.column(names[0]).to_pylist()]
    vectors = vectors_of(sample.rows.column(names[1]).slice(0, 1000), names[1], table.name)
    width = int(vectors.shape[1])
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    seen = (
        f"{sample.in_words()}: vectors of {width} numbers, of lengths {lengths.min():.3g} .. {lengths.max():.3g}.",
        f"Their keys begin with {some(keys)}.",
    )
    return replace(_by_vocabulary(place, width, keys), seen=seen)


def of_gensim(place: dict[str, Any]) -> Advice:
    """The recipe for a file of gensim's, which is not opened: it is a pickle, and loading one runs what is in it."""
    seen = ("A file of gensim's, which is a pickle: it is not opened before the run. Only run files that you trust.",)
    return replace(_by_vocabulary(place, None, None), seen=seen)


def _by_vocabulary(place: dict[str, Any], width: int | None, keys: list[str] | None) -> Advice:
    known = _known_words(keys) if keys is not None else _FEWEST_WORDS
    settings: dict[str, Any] = {"data": dict(place)}
    remarks = {"data.limit": "the first rows, which are the most frequent words; null takes all"}
    if width is not None:
        # half of a short vector, as measured with GloVe's 50 numbers; of long ones a quarter keeps as much
        settings["model"] = {"latent_dim": max(width // 2, min(2, width)) if width <= 100 else quarter(width, 100)}
        remarks["model.latent_dim"] = f"of {width}"
    if known >= _FEWEST_WORDS:
        because = "Word vectors: the keys are English words, so that people's scores judge them."
        return Advice("dense_word2vec", settings, because, remarks=remarks)
    settings["data"]["holdout"] = []
    settings["metrics"] = dict.fromkeys(_SCORES)
    settings["gates"] = dict.fromkeys(_PEOPLE)
    remarks["metrics"] = "few keys are among the English words that people have compared; judged by neighbours"
    unsure = (
        "Whether the rows are in order of falling frequency, as word vectors are: if not, data.rank_power=0.",
        "Whether people's scores exist for these words: data.holdout=[pairs.tsv] and a metric WordSimilarity use them.",
    )
    because = "Vectors with names, of which few are English words."
    return Advice("dense_word2vec", settings, because, unsure=unsure, remarks=remarks)


def _known_words(keys: list[str]) -> int:
    """How many of the words that people have compared are among these keys."""
    try:
        return len({key.lower() for key in keys} & read_word_pairs("wordsim353").words())
    except InputError:  # the scores come with gensim
        return 0
