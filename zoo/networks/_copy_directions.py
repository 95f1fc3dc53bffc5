"""Directions in which rows differ, and copies of one row do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from zoo.types import Doubles, Floats

_RIDGE = 1e-3  # of the noise's mean variance, added to all directions: copies are few
_FEWEST = 2  # rows, and columns, that have a direction in which they differ
_TINY = 1e-12
_LOOKED_AT = 10_000  # rows that axes are sought in


@dataclass(frozen=True)
class Spread:
    """Rows and copies of them, columns weighted and rows brought to length 1, in the rows' leading singular directions.

    Attributes:
        rows: [n, columns], rare columns weighing more (inverse document frequency), of length 1 or 0.
        codes: [n, axes] the rows along the axes.
        copied: [n, axes] their copies along the axes.
        axes: [columns, axes], weights of the columns included: counts of items times these are codes, but for length.
        weights: [columns], those that no row has weigh as much as what a single row has.
    """

    rows: csr_array
    codes: Floats
    copied: Floats
    axes: Floats
    weights: Doubles

    def sized(self, directions: Floats) -> Floats:
        """Directions [axes, count] along which the rows' mean square length is 1."""
        squares = np.square(self.codes @ directions).sum(axis=1)
        there = self.codes.any(axis=1)
        size = np.sqrt(squares[there].mean()) if there.any() else 0.0
        sized: Floats = directions if size < _TINY else (directions / size).astype(np.float32)
        return sized

    @property
    def left_out(self) -> float:
        """The share of the rows' squared length that does not lie along the axes, from 0 to 1."""
        there = self.codes.any(axis=1)
        return float(max(1 - np.square(self.codes[there]).sum(axis=1).mean(), 0)) if there.any() else 0.0

    def beyond(self, count: int) -> Floats:
        """Random directions [columns, count] of what the axes leave out of a row, weights of the columns included.

        Of a row of length 1 without anything along the axes they make one of mean square length 1, and of two such
        rows they keep the cosine as well as so few numbers can.

        Reference:
            Johnson and Lindenstrauss 1984, "Extensions of Lipschitz mappings into a Hilbert space".
        """
        own = self.axes / self.weights[:, None]
        random = np.random.default_rng(0).normal(size=(len(own), count)) / np.sqrt(count)
        found: Floats = (self.weights[:, None] * (random - own @ (own.T @ random))).astype(np.float32)
        return found

    def leading(self, count: int) -> Floats:
        """The leading directions [axes, count] of the rows' covariance relative to that of their copies' errors.

        They are generalised eigenvectors: linear discriminant analysis in which each row is a class and its copies are
        the class's members. Rows that are empty on either side say nothing. Directions beyond those that there are,
        are 0.

        Reference:
            Fisher 1936; Hastie, Tibshirani and Friedman 2009, "The elements of statistical learning", section 4.3.3.
        """
        from scipy.linalg import eigh

        kept = self.codes.shape[1]
        found: Floats = np.zeros((kept, count), np.float32)
        there = self.codes.any(axis=1) & self.copied.any(axis=1)
        if there.sum() < _FEWEST:
            found[:1, :1] = 1.0
            return found
        codes, noise = self.codes[there], (self.copied - self.codes)[there]
        within = noise.T @ noise / len(noise)
        within += np.eye(kept) * (_RIDGE * np.trace(within) / kept + 1e-6)
        between, vectors = eigh(np.atleast_2d(np.cov(codes.T)), within)
        order = np.argsort(-between)[:count]
        sizes = np.sqrt(np.maximum(between[order], 0) / (1 + np.maximum(between[order], 0)))
        found[:, : len(order)] = vectors[:, order] * sizes
        return found


def spread(rows: csr_array, copies: csr_array, most: int) -> Spread:
    """Rows [n, columns] of counts and the same rows as others wrote them, along `most` axes at most."""
    from sklearn.utils.extmath import randomized_svd

    frequencies = np.bincount(rows.indices, minlength=rows.shape[1])
    there = np.diff(rows.indptr) > 0
    used = frequencies > 0  # what no row has, says nothing of a copy either
    weights = np.log((1 + there.sum()) / (1 + frequencies)) + 1
    first, second = (_unit(each * (weights * used)[None, :]) for each in (rows, copies))
    kept = min(most, int(used.sum()), int(there.sum()))
    if kept < _FEWEST:
        axes = np.zeros((rows.shape[1], 1))
        axes[np.flatnonzero(used)[:1]] = 1.0
    else:
        axes = randomized_svd(first[there][:_LOOKED_AT], kept, n_iter=3, random_state=0)[2].T
    codes, copied = (np.asarray(each @ axes, np.float32) for each in (first, second))
    return Spread(first, codes, copied, (weights[:, None] * axes).astype(np.float32), weights)


def _unit(matrix: csr_array) -> csr_array:
    from sklearn.preprocessing import normalize

    unit: csr_array = normalize(matrix)
    return unit


def shared_out(shares: Doubles, most: Doubles, total: int) -> list[int]:
    """Whole numbers that add up to `total`, in proportion to shares, none above `most`.

    None is below 2 where there are enough: one number by itself is a sign, which says of next to nothing what it is.

    Raises:
        ValueError: there are more shares than `total`, or `most` does not reach it.
    """
    if len(shares) > total:
        raise ValueError(f"{len(shares)} fields do not fit into a code of {total} numbers: raise latent_dim")
    if most.sum() < total:
        raise ValueError(f"the fields have {int(most.sum())} columns, fewer than the code's {total} numbers")
    least = np.minimum(2 if 2 * len(shares) <= total else 1, most)
    given = np.minimum(np.maximum(np.floor(shares / shares.sum() * total), least), most)
    while given.sum() > total:
        given[np.argmax(np.where(given > least, given / shares, -1))] -= 1
    while given.sum() < total:
        given[np.argmax(np.where(given < most, shares / given, -1))] += 1
    return [int(each) for each in given]
