"""Rows as a few bytes each: product quantisation behind a rotation that shares the variance out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.types import Doubles, Floats

CODES = 256  # vectors in a codebook: what a byte can name
_NOTHING = 1e-12  # of the largest variance: a direction in which rows do not vary
_FAR = 1e3  # times the largest number of a codebook
_TINY = 1e-20  # a squared length that is none
_BLOCK = 16_384  # rows at a time


@dataclass(frozen=True)
class ProductCodes:
    """Each of `groups` parts of a rotated row is replaced by the nearest vector of the part's codebook.

    Attributes:
        rotation: [width, groups * size], orthonormal columns, and columns of 0 where groups * size exceeds the width.
        books: [groups, codes, size], the codebooks.

    Reference:
        Jegou, Douze and Schmid 2011, "Product quantization for nearest neighbor search"; Ge et al. 2013, "Optimized
        product quantization", section 3.3 (the parametric solution: directions go to the part whose product of
        variances is the smallest, which is optimal for normal rows, and where its iterations start).
    """

    rotation: Floats
    books: Floats

    @classmethod
    def fit(cls, rows: Floats, groups: int, codes: int = CODES, iterations: int = 25, seed: int = 0) -> ProductCodes:
        """Finds rotation and codebooks by principal components and k-means.

        Args:
            rows: [n, width] to fit to; n may be smaller than `codes`.
            groups: parts of a row, which are the bytes of its code.
            codes: vectors in a codebook.
            iterations: of k-means (Lloyd 1982) in each part.
            seed: of the rows that k-means starts at.
        """
        rotation = shared_directions(rows, groups)
        parts = in_parts(rows @ rotation, groups)
        random = np.random.default_rng(seed)
        starts = np.resize(random.permutation(len(rows)), codes)  # some rows twice where there are too few
        books = np.ascontiguousarray(parts[starts].transpose(1, 0, 2))
        for _ in range(iterations):
            _move_to_means(books, parts, random)
        _put_repeated_away(books)
        return cls(rotation, books)

    def numbers(self, rows: Floats) -> npt.NDArray[np.uint8]:
        """Which vector of each codebook is nearest: rows [n, width] -> [n, groups] uint8."""
        found = np.empty((len(rows), len(self.books)), np.uint8)
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = _nearest(in_parts(rows[block] @ self.rotation, len(self.books)), self.books)
        return found

    def decoded(self, numbers: npt.NDArray[np.uint8]) -> Floats:
        """The rows that codes [n, groups] stand for: [n, width]."""
        chosen = self.books[np.arange(len(self.books)), numbers]
        return np.asarray(chosen.reshape(len(numbers), -1) @ self.rotation.T, np.float32)


def shared_directions(rows: Floats, groups: int) -> Floats:
    """Principal directions about 0 of rows [n, width], in `groups` parts of about equal products of variances.

    Returns:
        [width, groups * size], size being the smallest that is enough; columns of 0 fill up the parts that need it.
    """
    width = rows.shape[1]
    size = -(-width // groups)
    seconds: Doubles = rows.astype(np.float64).T @ rows
    variances, directions = np.linalg.eigh(seconds / max(len(rows), 1))
    logs = np.log(np.maximum(variances, _NOTHING * max(float(variances[-1]), _NOTHING)))
    logs -= logs.min()  # so that a part grows with each direction that it is given
    found: Floats = np.zeros((width, groups * size), np.float32)
    given, products = np.zeros(groups, int), np.zeros(groups)
    for direction in range(width)[::-1]:  # eigenvalues come in ascending order
        part = int(np.where(given < size, products, np.inf).argmin())
        found[:, part * size + given[part]] = directions[:, direction]
        products[part] += logs[direction]
        given[part] += 1
    return found


def in_parts(rotated: Floats, groups: int) -> Floats:
    """[n, groups * size] -> [n, groups, size]."""
    return rotated.reshape(len(rotated), groups, -1)


def _nearest(parts: Floats, books: Floats) -> npt.NDArray[Any]:
    """Numbers [n, groups] of the vectors of books [groups, codes, size] that are nearest to parts [n, groups, size]."""
    found = np.empty(parts.shape[:2], np.int64)
    for group, book in enumerate(books):
        found[:, group] = ((book**2).sum(axis=1) - 2 * parts[:, group] @ book.T).argmin(axis=1)
    return found


def _move_to_means(books: Floats, parts: Floats, random: np.random.Generator) -> None:
    """One step of k-means in each part, in place; a vector that no row chose goes to a random row."""
    chosen = _nearest(parts, books)
    for group, book in enumerate(books):
        own, numbers = parts[:, group], chosen[:, group]
        counts = np.bincount(numbers, minlength=len(book))
        sums = np.stack([np.bincount(numbers, column, len(book)) for column in own.T], axis=1)
        used = counts > 0
        book[used] = sums[used] / counts[used, None]
        idle = int((~used).sum())
        if idle:
            book[~used] = own[random.integers(len(own), size=idle)]


def _put_repeated_away(books: Floats) -> None:
    """Moves vectors that are there twice where no row is, in place: rounding would choose between equal ones."""
    for book in books:
        first = np.unique(book, axis=0, return_index=True)[1]
        repeated = np.setdiff1d(np.arange(len(book)), first)
        book[repeated] = _FAR * (1 + np.abs(book).max())


def additions(numbers: npt.NDArray[Any], missing: Floats, codes: int, ridge: float, steps: int = 40) -> Floats:
    """What each vector of each codebook should add, so that the sums make up for what is missing: ridge regression.

    A code says which vector was nearest in each of the parts; its choices in one part also tell of the others, since
    parts are uncorrelated and not independent. Least squares over all choices, each a vector as wide as a row, uses it:
    the tables of an additive quantiser, with the choices of a product quantiser.

    Args:
        numbers: [n, groups] the codes.
        missing: [n, width] rows less what their codes stand for so far.
        codes: vectors in a codebook.
        ridge: of the squared additions; so many rows of its own each vector is told to add nothing.
        steps: of conjugate gradients (Hestenes and Stiefel 1952), for all columns at once.

    Returns:
        [groups, codes, width].

    Reference:
        Babenko and Lempitsky 2014, "Additive quantization for extreme vector compression", section 3.2, with a ridge.
    """
    from scipy import sparse

    count, groups = numbers.shape
    places = (numbers.astype(np.int64) + codes * np.arange(groups)).ravel()
    ones, rows = np.ones(count * groups, np.float32), np.repeat(np.arange(count), groups)
    chosen = sparse.csr_array((ones, (rows, places)), shape=(count, groups * codes))
    turned = sparse.csr_array(chosen.T)
    left = turned @ missing
    found, ahead, squares = np.zeros_like(left), left.copy(), np.square(left).sum(axis=0)
    for _ in range(steps):
        pushed = turned @ (chosen @ ahead) + ridge * ahead
        share = squares / np.maximum((ahead * pushed).sum(axis=0), _TINY)
        found += share * ahead
        left -= share * pushed
        before, squares = squares, np.square(left).sum(axis=0)
        ahead = left + squares / np.maximum(before, _TINY) * ahead
    return np.asarray(found.reshape(groups, codes, -1), np.float32)
