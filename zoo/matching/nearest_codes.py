"""The codes that are nearest to others, by cosine: what may be the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.matching.arrays import Ints, Reals, Truths


EXACT = 200_000  # different codes up to which all are compared
_QUERIES = 4096  # at a time
_LISTS_A_ROOT, _SEARCHED = 4, 64  # IVF: lists for each root of a code, and how many of them are searched
_TRAINED_ON, _ROUNDS = 64, 10  # codes a list that k-means looks at, and how often
_MORE = 8  # beside k, so that which of equal cosines come along does not hang on the order of the search


class NearestCodes:
    """Finds the rows of a table whose codes have the greatest cosine with others.

    Up to 200,000 different codes are all compared; above, k-means parts them into lists (IVF, seeded), of which the 64
    nearest are searched. Rows with the same code are found together, in the order of the table.

    Args:
        codes: [n, latent_dim] float32; rows of zeros are found by nobody.
        seed: of k-means.

    Attributes:
        exact: whether all codes are compared.

    Raises:
        zoo.errors.InputError: faiss-cpu is not installed, or codes that are not finite.

    Reference:
        Johnson, Douze and Jégou 2017, "Billion-scale similarity search with GPUs" (faiss).
    """

    def __init__(self, codes: Reals, seed: int = 0) -> None:
        unit = unit_codes(codes)
        self._first, self._copies, self._order = _grouped(unit)
        distinct = unit[self._first]
        self._found_at_all: Truths = np.any(distinct, axis=1)
        self.exact = len(distinct) <= EXACT
        self._index = _index(distinct, self.exact, seed)

    def search(self, codes: Reals, k: int) -> Iterator[tuple[Ints, Reals]]:
        """Block by block, the rows [n, k] of greatest cosine and the cosines, falling; -1 where there are fewer.

        Equal cosines come in the order of the table. A row of zeros finds none.
        """
        for start in range(0, len(codes), _QUERIES):
            yield self._found(unit_codes(codes[start : start + _QUERIES]), k)

    def _found(self, unit: Reals, k: int) -> tuple[Ints, Reals]:
        many = min(k + _MORE, len(self._first))
        cosines, groups = self._index.search(unit, many)
        there = (groups >= 0) & self._found_at_all[groups] & np.any(unit, axis=1)[:, None]
        cosines = np.where(there, np.clip(cosines, -1, 1), -np.inf)
        first = np.where(there, self._first[groups], np.iinfo(np.int64).max)
        order = np.lexsort((first, -cosines), axis=1)
        groups, cosines = (np.take_along_axis(each, order, axis=1)[:, :k] for each in (groups, cosines))
        return self._with_copies(groups, cosines, k)

    def _with_copies(self, groups: Ints, cosines: Reals, k: int) -> tuple[Ints, Reals]:
        """Rows for groups of rows of one code: up to k of each, and k of all."""
        there = np.isfinite(cosines)
        sizes = np.where(there, np.minimum(np.diff(self._copies)[groups], k), 0)
        before = np.cumsum(sizes, axis=1) - sizes
        sizes = np.clip(k - before, 0, sizes)
        rows, found = np.full((len(groups), k), -1, np.int64), np.full((len(groups), k), -np.inf, np.float32)
        flat, counts = groups.ravel(), sizes.ravel()
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        query = np.repeat(np.repeat(np.arange(len(groups)), groups.shape[1]), counts)
        place = np.repeat(before.ravel(), counts) + within
        rows[query, place] = self._order[np.repeat(self._copies[flat], counts) + within]
        found[query, place] = np.repeat(cosines.ravel(), counts)
        return rows, found


def unit_codes(codes: Reals) -> Reals:
    """Codes [n, latent_dim] of length 1; rows of zeros stay.

    Raises:
        zoo.errors.InputError: codes that are not finite.
    """
    codes = np.ascontiguousarray(codes, np.float32)
    finite = np.isfinite(codes).all(axis=1)
    if not finite.all():
        raise InputError(
            f"the codes of {int((~finite).sum()):,} rows hold NaN or infinity, the first of row "
            f"{int(np.argmin(finite)):,} (from 0): the encoder cannot be used to match; train it again"
        )
    length = np.sqrt(np.einsum("ij,ij->i", codes, codes, dtype=np.float64))[:, None]
    return np.divide(codes, length, out=np.zeros_like(codes), where=length > 1e-12) + np.float32(0)


def cosines_of_pairs(left: Reals, right: Reals, one: Ints, other: Ints) -> Reals:
    """[pairs] of unit codes `left[one]` and `right[other]`."""
    found = np.empty(len(one), np.float32)
    for start in range(0, len(one), 1 << 18):
        block = slice(start, start + (1 << 18))
        found[block] = np.einsum("ij,ij->i", left[one[block]], right[other[block]])
    return np.clip(found, -1, 1)


def first_of_equal(rows: Any) -> Ints:
    """[n] the number of the first row that is the same as each row [n, columns] of numbers of 32 bits."""
    bits = np.ascontiguousarray(rows).view(np.uint32)
    odd: Any = np.random.default_rng(0).integers(2**63, size=bits.shape[1], dtype=np.uint64) | np.uint64(1)
    hashes: Any = np.zeros(len(bits), np.uint64)
    for column in range(bits.shape[1]):  # 64 bits take one of a million rows for another once in 30 million tables
        hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        hashes += bits[:, column].astype(np.uint64) * odd[column]
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    found: Ints = first[group.ravel()]
    return found


def _grouped(codes: Reals) -> tuple[Ints, Ints, Ints]:
    """Rows of one code together: each group's first row, where it starts, and all rows, group by group.

    Groups come in the order of their first rows.
    """
    firsts, group = np.unique(first_of_equal(codes), return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(firsts)))])
    return firsts, starts, order


def _index(codes: Reals, exact: bool, seed: int) -> Any:
    faiss = import_faiss()
    if exact:
        flat = faiss.IndexFlatIP(codes.shape[1])
        flat.add(codes)
        return flat
    lists = int(_LISTS_A_ROOT * np.sqrt(len(codes)))
    index = faiss.index_factory(codes.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid = seed, _ROUNDS, _TRAINED_ON
    index.train(codes)
    index.add(codes)
    index.nprobe = _SEARCHED
    return index


def import_faiss() -> Any:
    """The module.

    Raises:
        zoo.errors.InputError: it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            f"matching needs faiss-cpu, which cannot be imported ({error}): pip install faiss-cpu"
        ) from error
    return faiss
