"""Character n-grams of many short texts at once, without a Python loop over characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.arrays import sorted_unique

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_BITS = 21  # of a code point
_BLANK = ord(" ")
_TEXTS = 1 << 17  # at a time, so that their n-grams stay small


def counted_ngrams(texts: Sequence[str]) -> tuple[Any, npt.NDArray[np.int64]]:
    """How often each text has each 2- and 3-gram within its words, blanks at a word's ends included.

    The same as scikit-learn's `CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), lowercase=False)`:
    words are parted by single blanks, so that a 2-gram of " a b " lies within a word's own blanks, and
    so does a 3-gram whose middle is no blank.

    Args:
        texts: n texts, words parted by single blanks, none at the ends.

    Returns:
        Counts, a SciPy CSR array [n, grams] float32 with sorted columns; and each column's n-gram as one number.
    """
    from scipy.sparse import csr_array, vstack

    pieces = [_keys(texts[start : start + _TEXTS]) for start in range(0, len(texts), _TEXTS)] or [_keys([])]
    known = sorted_unique(np.concatenate([sorted_unique(keys) for _, keys in pieces]))
    blocks = []
    for (rows, keys), start in zip(pieces, range(0, max(len(texts), 1), _TEXTS), strict=True):
        count = min(_TEXTS, len(texts) - start)
        columns = np.searchsorted(known, keys).astype(np.int32)
        block = csr_array((np.ones(len(keys), np.float32), (rows, columns)), shape=(count, len(known)))
        block.sort_indices()
        blocks.append(block)
    return (vstack(blocks, format="csr") if len(blocks) > 1 else blocks[0]), known


def _keys(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The text and the n-gram of every n-gram there is."""
    padded = [f" {text} " if text else "" for text in texts]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    letters = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    owner = np.repeat(np.arange(len(padded), dtype=np.int32), lengths)
    two, three = letters[:-1] << _BITS | letters[1:], np.empty(0, np.int64)
    inside = owner[:-1] == owner[1:]
    rows, keys = [owner[:-1][inside]], [two[inside]]
    if len(letters) > 2:
        three = two[:-1] << _BITS | letters[2:]
        inside = (owner[:-2] == owner[2:]) & (letters[1:-1] != _BLANK)
        rows.append(owner[:-2][inside])
        keys.append(three[inside])
    return np.concatenate(rows), np.concatenate(keys)
