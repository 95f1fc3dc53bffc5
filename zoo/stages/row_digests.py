"""Rows as short digests: which rows an encoder was made from, and whether they are among those that judge it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._copies import row_digests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zoo.types import Rows, Splits

TRAINING_KEYS = "training_keys.npy"
_BYTES = 8  # a digest; of 10 million rows two different ones share one in 3 of a million cases


def digests(splits: Splits, rows: Rows) -> Rows:
    """A number for each of the given rows [n]: of its key, or of its content where rows have no keys of their own."""
    if _is_unnamed(splits):
        return row_digests(splits, rows)
    joined = b"".join(hashlib.blake2b(key, digest_size=_BYTES).digest() for key in _keys(splits, rows))
    return np.frombuffer(joined, "<i8").astype(np.int64)


def write_training_keys(path: Path, splits: Splits) -> None:
    """Writes the digests [n], sorted, of the rows that an encoder was trained and chosen on, and says of what."""
    np.save(path, np.unique(digests(splits, _seen(splits))).view([(_kind(splits), np.int64)]))


def known_rows(path: Path, splits: Splits) -> int | None:
    """How many test rows an encoder was trained or chosen on; None if that cannot be told.

    It cannot where the file cannot be read, or holds digests of other things: of keys where today's rows have none,
    say, or of rows of another width. Digests that do not say of what they are tell nothing without a match.

    Rows that training may see today as well are not counted.

    Args:
        path: what `write_training_keys` wrote.
        splits: the table with today's test rows.
    """
    try:
        known = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        return None
    kind = known.dtype.names[0] if known.dtype.names else None
    if kind not in {None, _kind(splits)}:
        return None
    held_out = np.setdiff1d(splits.test, _seen(splits))
    found = int(np.isin(digests(splits, held_out), known if kind is None else known[kind]).sum())
    return None if kind is None and not found else found


def doubts(who: str, path: Path | None, splits: Splits) -> Iterator[str]:
    """What is to be known of the rows that an encoder was trained on, where they may be those that judge it.

    Args:
        who: what to call it.
        path: what `write_training_keys` wrote; None if it has written nothing.
        splits: the table with today's test rows.
    """
    if path is None:
        yield f"{who} has kept no record of the rows that it was trained on: today's test rows may be among them"
        return
    known = known_rows(path, splits)
    if known is None:
        yield (
            f"whether {who} was trained on today's test rows cannot be told: its record of rows cannot be read, or "
            f"goes by other things (keys, columns) than today's rows have"
        )
    elif known:
        yield (
            f"{who} was trained or chosen on {known:,} of today's {len(splits.test):,} test rows, so its scores are "
            f"better than they would be on rows that it has not seen"
        )


def table_digest(splits: Splits) -> str:
    """Which rows of which table judge: of the data's fingerprint and the numbers of the test rows."""
    fingerprint = splits.provenance.get("fingerprint")
    told = f"{fingerprint}".encode() if fingerprint else digests(splits, splits.test).tobytes()
    return hashlib.blake2b(told + np.sort(splits.test).astype("<i8").tobytes(), digest_size=16).hexdigest()


def _seen(splits: Splits) -> Rows:
    return np.union1d(splits.train, splits.validation)


def _kind(splits: Splits) -> str:
    """What digests are of; those of content are comparable where rows are of one type and shape."""
    if not _is_unnamed(splits):
        return "keys"
    return f"{splits.features.dtype} {'x'.join(map(str, splits.shape))}{' sparse' if splits.is_sparse else ''}"


def _is_unnamed(splits: Splits) -> bool:
    """Whether keys say nothing of a row but its place in the table."""
    keys = splits.keys
    return keys is None or all(str(key) == str(row) for row, key in enumerate(keys))


def _keys(splits: Splits, rows: Rows) -> Iterator[bytes]:
    assert splits.keys is not None  # noqa: S101  asked before
    for row in rows:
        yield str(splits.keys[row]).encode("utf-8", errors="surrogatepass")
