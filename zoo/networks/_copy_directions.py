"""Directions in which rows differ, and copies of one row do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from zoo.types import Doubles, Floats

_RIDGE = 1e-3  # of the noise's mean variance, added to all directions: copies are few
_MORE = 32  # directions of the rows that are looked at beyond four times those wanted


def copy_directions(rows: csr_array, copies: csr_array, count: int) -> Floats:
    """The leading directions [columns, count] of the rows' covariance relative to that of their copies' errors.

    Columns are weighted by their inverse document frequency, rows brought to length 1 and to the leading singular
    directions; there the generalised eigenvectors are found: linear discriminant analysis in which each row is a class
    and its copies are the class's members. Rows that are empty on either side say nothing. Directions beyond those
    that there are, are 0.

    Args:
        rows: [n, columns] counts.
        copies: [n, columns] of the same rows as others wrote them.
        count: directions wanted.

    Reference:
        Fisher 1936; Hastie, Tibshirani and Friedman 2009, "The elements of statistical learning", section 4.3.3.
    """
    from scipy.linalg import eigh
    from sklearn.utils.extmath import randomized_svd

    found: Floats = np.zeros((rows.shape[1], count), np.float32)
    used = np.flatnonzero(np.asarray(rows.sum(axis=0)).ravel())
    own, others = rows[:, used], copies[:, used]
    there = (np.asarray(own.sum(axis=1)).ravel() > 0) & (np.asarray(others.sum(axis=1)).ravel() > 0)
    own, others = own[there], others[there]
    if min(own.shape) < 2:
        found[used[:1], :1] = 1.0
        return found
    frequencies = np.bincount(own.indices, minlength=len(used))
    weights = np.log((1 + own.shape[0]) / (1 + frequencies)) + 1
    first, second = (_unit(each * weights[None, :]) for each in (own, others))
    kept = min(4 * count + _MORE, min(own.shape) - 1)
    _, _, axes = randomized_svd(first, kept, n_iter=3, random_state=0)
    codes = first @ axes.T
    noise = second @ axes.T - codes
    within = noise.T @ noise / len(noise)
    within += np.eye(kept) * (_RIDGE * np.trace(within) / kept + 1e-6)
    between, vectors = eigh(np.atleast_2d(np.cov(codes.T)), within)
    order = np.argsort(-between)[:count]
    sizes = np.sqrt(np.maximum(between[order], 0) / (1 + np.maximum(between[order], 0)))
    found[used, : len(order)] = weights[:, None] * (axes.T @ vectors[:, order]) * sizes
    return found


def _unit(matrix: csr_array) -> csr_array:
    from sklearn.preprocessing import normalize

    unit: csr_array = normalize(matrix)
    return unit


def shared_out(shares: Doubles, most: Doubles, total: int) -> list[int]:
    """Whole numbers that add up to `total`, in proportion to shares, none below 1 and none above `most`.

    Raises:
        ValueError: there are more shares than `total`, or `most` does not reach it.
    """
    if len(shares) > total:
        raise ValueError(f"{len(shares)} fields do not fit into a code of {total} numbers: raise latent_dim")
    if most.sum() < total:
        raise ValueError(f"the fields have {int(most.sum())} columns, fewer than the code's {total} numbers")
    given = np.minimum(np.maximum(np.floor(shares / shares.sum() * total), 1), most)
    while given.sum() > total:
        given[np.argmax(np.where(given > 1, given / shares, -1))] -= 1
    while given.sum() < total:
        given[np.argmax(np.where(given < most, shares / given, -1))] += 1
    return [int(each) for each in given]
