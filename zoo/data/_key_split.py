"""Which row may be used for what, decided by the row's key alone."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy.typing as npt

    from zoo.types import Rows


def key_positions(keys: Iterable[str]) -> npt.NDArray[np.float64]:
    """Uniform numbers [rows] in [0, 1), the same for a key on every machine and in every table.

    The first 53 bits of the key's 8-byte BLAKE2b digest (RFC 7693), so that no rounding ever reaches 1.
    """
    # Keys out of a pickle may hold lone surrogates, which plain UTF-8 refuses.
    digests = b"".join(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest() for key in keys)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) * 2.0**-53


def parts_by_position(
    positions: npt.NDArray[np.float64], validation: float, test: float
) -> dict[str, npt.NDArray[np.bool_]]:
    """Split -> which of the rows at these positions [rows] are of it."""
    tested = positions < test
    validated = ~tested & (positions < test + validation)
    return {"train": ~tested & ~validated, "validation": validated, "test": tested}


def split_by_key(
    keys: Collection[str], *, validation: float, test: float, holdout: Collection[str] = ()
) -> tuple[Rows, Rows, Rows]:
    """Row numbers of train, validation and test.

    A key's split depends on nothing but the key, so a table may be re-ordered or grow without moving a row from one
    split to another: a word that a model was trained on is never judged later.

    Args:
        keys: [rows] the rows' keys.
        validation: fraction of all keys for early stopping.
        test: fraction of all keys that only judging sees.
        holdout: keys that are in test whatever their hash says.

    Returns:
        [n_train], [n_validation], [n_test] row numbers, each ascending.
    """
    position = key_positions(keys)
    tested = position < test
    if holdout:
        tested |= np.fromiter((key in holdout for key in keys), dtype=bool, count=len(keys))
    validated = ~tested & (position < test + validation)
    return np.flatnonzero(~tested & ~validated), np.flatnonzero(validated), np.flatnonzero(tested)
