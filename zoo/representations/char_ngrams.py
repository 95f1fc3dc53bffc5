"""Records as texts, and the texts as their runs of characters: the plain way to find the same record again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from zoo.types import Block, Floats, PositiveInt, Representation, Rows, Splits, Trained

_WIDE, _COPIES, _RIDGE = 512, 3, 1e-3  # directions before those of copies; copies a row; see `Spread.leading`
_COPIED = 30_000  # rows that are written again at most


@dataclass(frozen=True)
class _Ngrams:
    name: str
    splits: Splits
    vectorizer: Any
    directions: Floats | None

    def encode(self, rows: Rows) -> Block:
        counted = self.vectorizer.transform(texts_of_rows(self.splits, rows))
        if self.directions is None:
            return _csr(counted)
        codes: Floats = np.asarray(counted @ self.directions, np.float32)
        return codes

    def on(self, splits: Splits) -> _Ngrams:
        return replace(self, splits=splits)


class CharNgrams:
    """A record's fields, plainly spelt and joined by blanks, as runs of 2 and 3 characters within words.

    Weighted by inverse document frequency. `cosine` leaves tens of thousands of columns; `svd` keeps as many leading
    directions as the code has; `copies` takes, of 512 such directions, those in which records differ most while copies
    of a record, written with errors, do not (the leading generalised eigenvectors; linear discriminant analysis with a
    class a record).

    Args:
        directions: see above.
        dimensions: directions to keep instead of as many as the code has.

    Reference:
        Damashek 1995, "Gauging similarity with n-grams"; Deerwester et al. 1990; Fisher 1936.
    """

    def __init__(
        self, directions: Literal["cosine", "svd", "copies"] = "cosine", dimensions: PositiveInt | None = None
    ) -> None:
        self.directions, self.dimensions = directions, dimensions

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: tables that keep their cells as text."""
        if splits.raw is None or not splits.kind.column_names:
            raise InputError(
                f"baselines.{name}: CharNgrams is for records with their texts, and the data are "
                f"{splits.kind.in_words()}; take a source of records, such as zoo.data.Records"
            )
        if self.directions == "copies" and splits.rewritten(splits.train[:1], 0) is None:
            raise InputError(
                f"baselines.{name}: nobody knows how others write {splits.kind.in_words()}; take "
                f"baselines.{name}.directions=svd, or zoo.data.Records"
            )

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        self.require(name, splits)
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=False, dtype=np.float64)
        rows = vectorizer.fit_transform(texts_of_rows(splits, splits.train))
        if self.directions == "cosine":
            return _Ngrams(name, splits, vectorizer, None)
        kept = self.dimensions or trained.model.latent_dim
        wide = min(kept if self.directions == "svd" else max(_WIDE, kept), min(rows.shape) - 1)
        axes = randomized_svd(rows, wide, n_iter=3, random_state=0)[2].T
        if self.directions == "copies":
            axes = axes @ _apart(splits, vectorizer, rows @ axes, axes)[:, :kept]
        return _Ngrams(name, splits, vectorizer, axes.astype(np.float32))


def texts_of_rows(splits: Splits, rows: Rows) -> list[str]:
    """The fields [n] of the given rows that say something, plainly spelt and joined by blanks."""
    from zoo.rows._cells import texts_of
    from zoo.rows.plain_text import MISSING_WORDS, MissingCells, plain

    nothing = MissingCells(tuple(getattr(splits.kind, "missing", MISSING_WORDS)))
    raw = splits.raw.take(rows)
    columns = [texts_of(raw.column(name)) for name in splits.kind.column_names]
    spelt = [["" if cell in nothing else plain(cell) for cell in cells] for cells in columns]
    return [" ".join(filter(None, cells)) for cells in zip(*spelt, strict=True)]


def _apart(splits: Splits, vectorizer: Any, codes: Any, axes: Any) -> Any:
    """Generalised eigenvectors [wide, wide] of the codes' covariance relative to that of the copies' errors."""
    from scipy.linalg import eigh

    noise = np.zeros((axes.shape[1],) * 2)
    chosen = np.unique(np.linspace(0, len(splits.train) - 1, min(_COPIED, len(splits.train))).astype(np.int64))
    for seed in range(_COPIES):
        copies = splits.rewritten(splits.train[chosen], [seed])
        assert copies is not None  # noqa: S101  `require` has looked
        errors = vectorizer.transform(texts_of_rows(copies, copies.test)) @ axes - codes[chosen]
        noise += errors.T @ errors / (len(errors) * _COPIES)
    noise += np.eye(len(noise)) * (_RIDGE * np.trace(noise) / len(noise) + 1e-9)
    values, vectors = eigh(np.cov(codes.T), noise)
    order = np.argsort(-values)
    return vectors[:, order] * np.sqrt(np.maximum(values[order], 0) / (1 + np.maximum(values[order], 0)))


def _csr(matrix: Any) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array(matrix)
