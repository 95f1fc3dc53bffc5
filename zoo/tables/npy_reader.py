"""NumPy's files in blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.blocks import Block
from zoo.tables.files import readable

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from pathlib import Path

COLUMN = "rows"  # what the only array of such a file is called here


class NpyReader:
    """Reads a `.npy` file in blocks, by seeking: it is neither mapped nor read whole.

    Args:
        path: the file.

    Raises:
        InputError: not a complete file of numbers in C order.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path = path
        with readable(path), path.open("rb") as file:
            try:
                shape, fortran, self._type = _header(file)
            except ValueError as error:
                raise InputError(f"{path}: not a .npy file ({error}); write it again with numpy.save") from error
            self._start = file.tell()
        if self._type.kind not in "biuf":
            raise InputError(f"{path}: holds {self._type} and not numbers; write numbers with numpy.save")
        if len(shape) < 2:
            raise InputError(f"{path}: expected rows [n, ...], found an array of shape {list(shape)}")
        if fortran:
            raise InputError(
                f"{path}: its array is in Fortran's order, column after column; write it again with "
                "numpy.save(file, numpy.ascontiguousarray(array))"
            )
        self._rows = int(shape[0])
        self._inner = tuple(int(size) for size in shape[1:])
        self.row_shape: tuple[int, ...] | None = self._inner
        self._bytes = math.prod(shape[1:]) * self._type.itemsize
        there, wanted = path.stat().st_size - self._start, self._rows * self._bytes
        if there < wanted:
            raise InputError(f"{path}: cut off, {there:,} of {wanted:,} bytes are there; copy or write it again")
        kind = np.dtype(np.uint8) if self._type.kind == "b" else self._type.newbyteorder("=")
        numbers = pa.list_(pa.from_numpy_dtype(kind), math.prod(shape[1:]))
        self.schema = pa.schema([pa.field(COLUMN, numbers)])

    def blocks(self, size: int) -> list[Block]:
        """See `zoo.tables.blocks.Reader`."""
        if not self._rows or not self._bytes:
            raise InputError(f"{self.path}: an array of shape {[self._rows, *self._inner]} has no numbers")
        starts = range(0, self._rows, size)
        pieces = [(first, min(size, self._rows - first), self._start + first * self._bytes) for first in starts]
        return [
            Block(number, first, rows, start, start + rows * self._bytes)
            for number, (first, rows, start) in enumerate(pieces)
        ]

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str]) -> Generator[Any]:
        """See `zoo.tables.blocks.Reader`."""
        del columns, numbers
        import pyarrow as pa

        kind = self.schema.field(COLUMN).type
        with readable(self.path), self.path.open("rb", buffering=0) as file:
            for block in blocks:
                file.seek(block.start)
                flat = np.fromfile(file, self._type, (block.stop - block.start) // self._type.itemsize)
                if flat.nbytes < block.stop - block.start:
                    raise InputError(f"{self.path}: it was cut off while it was read; start again")
                native = (
                    flat.view(np.uint8)
                    if flat.dtype.kind == "b"
                    else flat.astype(flat.dtype.newbyteorder("="), copy=False)
                )
                yield pa.table({COLUMN: pa.FixedSizeListArray.from_arrays(pa.array(native), type=kind)})


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"version {version[0]}.{version[1]} of the format is for arrays with named fields")
