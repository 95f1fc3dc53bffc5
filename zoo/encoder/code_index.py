"""An index of codes: the rows of a table that are nearest to others."""

from __future__ import annotations

import difflib
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.folders import put_in_place
from zoo.matching.nearest_codes import NearestCodes, unit_codes
from zoo.tables.words import some

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandas import DataFrame

    from zoo.types import Floats

_KEY, _EMBEDDING, _ABOUT = "key", "embedding", b"zoo.index"
_ASKED = 1000  # rows that recall is measured on
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Neighbours:
    """What is nearest to each of n rows.

    Attributes:
        keys: [n, k] the names of the neighbours, nearest first; None where there are fewer.
        cosines: [n, k] of their codes; -inf where there are fewer.
    """

    keys: Any
    cosines: Floats

    def to_frame(self) -> DataFrame:
        """A line a neighbour: the number of the row, which neighbour it is (from 1), its key and the cosine."""
        import pandas as pd

        there = np.isfinite(self.cosines)
        row, place = np.nonzero(there)
        return pd.DataFrame(
            {"row": row, "neighbour": place + 1, "key": self.keys[there], "cosine": self.cosines[there]}
        )


class CodeIndex:
    """Codes by the keys of their rows, of which the nearest to others are found by cosine.

    Up to 200,000 different codes are all compared; above, k-means parts them into lists (faiss's IVF, seeded), and the
    lists nearest to a row are searched: `recall` says what that costs. Made by `Encoder.index`.

    Args:
        codes: [rows, latent_dim].
        keys: a name for each row, each its own.
        encode: makes codes of rows; None for an index that is asked with codes.

    Raises:
        InputError: keys that repeat themselves, or not one for each row; codes that are not finite.
    """

    def __init__(self, codes: Floats, keys: Sequence[Any], encode: Callable[[Any], Floats] | None = None) -> None:
        self._encode = encode
        self._become(codes, keys)

    def __repr__(self) -> str:
        return f"CodeIndex({len(self.keys):,} codes of {self.codes.shape[1]} numbers)"

    def _become(self, codes: Floats, keys: Sequence[Any]) -> None:
        """Takes rows, or refuses them and stays as it was."""
        codes, keys = np.ascontiguousarray(codes, np.float32), list(keys)
        if codes.ndim != 2:
            raise InputError(f"codes: expected [rows, latent_dim], found an array of shape {list(codes.shape)}")
        if len(keys) != len(codes):
            raise InputError(f"keys: {len(keys):,} of them for {len(codes):,} rows; give one for each row")
        rows = {key: row for row, key in enumerate(keys)}
        if len(rows) < len(keys):
            twice = next(key for row, key in enumerate(keys) if rows[key] != row)
            raise InputError(f"keys: {twice!r} is there twice; rows are told apart by their keys")
        unit_codes(codes)  # which refuses what is not finite
        self.codes, self.keys, self._rows = codes, keys, rows
        self._nearest: NearestCodes | None = None

    def __len__(self) -> int:
        """How many rows it holds."""
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        """Whether it holds a row of this key."""
        return key in self._rows

    @property
    def exact(self) -> bool:
        """Whether all codes are compared."""
        return self._searched().exact

    def neighbours(self, rows: Any, k: int = 10) -> Neighbours:
        """The k nearest to each of n rows, which the encoder encodes.

        Raises:
            ValueError: an index that was loaded without its encoder.
        """
        if self._encode is None:
            raise ValueError("this index has no encoder: ask with codes, by search(codes), or load it by an encoder's")
        return self.search(self._encode(rows), k)

    def search(self, codes: Floats, k: int = 10) -> Neighbours:
        """The k nearest to each code.

        Args:
            codes: [n, latent_dim].
            k: how many.

        Raises:
            InputError: k below 1, codes of another width or not finite.
        """
        codes = np.atleast_2d(np.asarray(codes, np.float32))
        if k < 1:
            raise InputError(f"k={k}: at least one neighbour")
        if codes.shape[1] != self.codes.shape[1]:
            raise InputError(f"codes of {codes.shape[1]} numbers, and the index has {self.codes.shape[1]}")
        rows = np.full((len(codes), k), -1, np.int64)
        cosines = np.full((len(codes), k), -np.inf, np.float32)
        first = 0
        for found, near in self._searched().search(codes, min(k, len(self))) if len(self) else ():
            block = (slice(first, first + len(found)), slice(found.shape[1]))
            rows[block], cosines[block] = found, near
            first += len(found)
        names = np.empty(len(self) + 1, object)  # the last is what -1 stands for
        names[:-1] = np.fromiter(self.keys, object, len(self))  # tuples stay tuples
        return Neighbours(names[rows], cosines)

    def add(self, rows: Any, keys: Sequence[Any]) -> None:
        """Adds rows, which the encoder encodes; codes, where the index has no encoder."""
        codes = np.atleast_2d(np.asarray(rows, np.float32)) if self._encode is None else self._encode(rows)
        self._become(np.concatenate([self.codes, codes]), [*self.keys, *keys])

    def remove(self, keys: Sequence[Any]) -> None:
        """Takes rows out.

        Raises:
            KeyError: a key that it does not hold; nothing is taken out then.
        """
        if strange := [key for key in keys if key not in self._rows]:
            near = difflib.get_close_matches(str(strange[0]), list(map(str, self.keys)), n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise KeyError(f"not in the index: {some(list(map(str, strange)))}{hint}")
        gone = {self._rows[key] for key in keys}
        kept = [row for row in range(len(self)) if row not in gone]
        self._become(self.codes[kept], [self.keys[row] for row in kept])

    def recall(self, k: int = 10, seed: int = 0) -> float:
        """The share of the true k nearest that a search finds, over 1,000 of its own rows; 1 where it is exact."""
        if self.exact:
            return 1.0
        asked = np.random.default_rng(seed).choice(len(self), min(_ASKED, len(self)), replace=False)
        unit = unit_codes(self.codes)
        best = np.full((len(asked), k), -np.inf, np.float32)
        for start in range(0, len(unit), _BLOCK):  # the k-th greatest cosine, found by comparing all
            block = np.concatenate([best, unit[asked] @ unit[start : start + _BLOCK].T], axis=1)
            best = -np.partition(-block, k - 1, axis=1)[:, :k]
        found = self.search(self.codes[asked], k).cosines
        return float((found >= best.min(axis=1, keepdims=True) - 1e-6).mean())

    def save(self, path: str | Path) -> Path:
        """Writes a Parquet file of keys and codes (columns `key` and `embedding`), whole or not at all.

        Tools that read vectors from Parquet read it too; `CodeIndex.read` makes the index again.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = Path(path).expanduser()
        if not path.parent.is_dir():
            raise InputError(f"{path}: there is no folder {path.parent}; make it first")
        if path.suffix != ".parquet":
            raise InputError(f"{path}: an index is a Parquet file; call it {path.stem}.parquet")
        flat = pa.array(self.codes.ravel())
        try:
            keys = pa.array(self.keys)
        except pa.ArrowException as error:
            raise InputError(f"keys are not of one type ({error}): make texts of them") from error
        columns = {_KEY: keys, _EMBEDDING: pa.FixedSizeListArray.from_arrays(flat, self.codes.shape[1])}
        about = {_ABOUT: json.dumps({"format": 1, "metric": "cosine"}).encode()}
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
        try:
            pq.write_table(pa.table(columns).replace_schema_metadata(about), temporary)
            put_in_place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    @classmethod
    def read(cls, path: str | Path, encode: Callable[[Any], Floats] | None = None) -> CodeIndex:
        """Reads what `save` wrote, or any Parquet file with the columns `key` and `embedding`.

        Raises:
            InputError: there is no such file, or it has not these columns.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        path = Path(path).expanduser()
        if not path.is_file():
            raise InputError(f"{path}: there is no such index")
        try:
            table = pq.read_table(path, columns=[_KEY, _EMBEDDING])
        except (pa.ArrowException, KeyError) as error:
            raise InputError(f"{path}: an index has the columns {_KEY} and {_EMBEDDING} ({error})") from error
        column = table[_EMBEDDING].combine_chunks()
        widths = pc.unique(pc.list_value_length(column)).to_pylist()
        if pa.types.is_fixed_size_list(column.type):
            widths = [column.type.list_size]
        if len(widths) != 1 or widths[0] is None or column.null_count:
            raise InputError(f"{path}: {_EMBEDDING} holds lists of several lengths ({widths[:5]}), or none")
        codes = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(table), widths[0])
        return cls(codes, table[_KEY].to_pylist(), encode)

    def _searched(self) -> NearestCodes:
        """What searches, made when it is first asked after the rows have changed."""
        if self._nearest is None:
            self._nearest = NearestCodes(self.codes)
        return self._nearest
