"""NumPy's files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, one_line
from zoo.tables.files import readable
from zoo.tables.table import numbered_blocks

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.table import Block

COLUMN = "rows"  # what the only array of such a file is called here


def mapped(path: Path) -> npt.NDArray[Any]:
    """The array of a `.npy` file, which is read from the disk as it is used.

    Raises:
        InputError: not a complete file of numbers.
    """
    with readable(path):
        try:
            return np.lib.format.open_memmap(path, mode="r")
        except ValueError as error:
            raise InputError(
                f"{path}: not a complete .npy file of numbers ({error}); write it again with numpy.save"
            ) from error


class NpyTable:
    """A `.npy` file, read in blocks by seeking: it is neither mapped nor read whole.

    An array in Fortran's order is read as many times as it has columns in a block, so it is slower.

    Args:
        source: the file.

    Raises:
        InputError: not a complete file of numbers.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, source: ByteSource) -> None:
        import pyarrow as pa

        self.source, self.name = source, source.name
        with readable(self.name), source.open() as file:
            try:
                shape, self._fortran, self._type = _header(file)
            except ValueError as error:
                raise InputError(
                    f"{self.name}: not a .npy file ({one_line(error)}); write it again with numpy.save"
                ) from error
            self._start = file.tell()
        if self._type.kind not in "biuf":
            raise InputError(f"{self.name}: holds {self._type} and not numbers; write numbers with numpy.save")
        if len(shape) < 2:
            raise InputError(
                f"{self.name}: expected rows [n, ...], found an array of shape {list(shape)}"
                + ("; as rows of one number each it is array[:, None]" if shape else "")
            )
        self.rows: int | None = int(shape[0])
        self._count = int(shape[0])
        self.row_shape: tuple[int, ...] | None = tuple(int(size) for size in shape[1:])
        self._width = math.prod(shape[1:])
        self._bytes = self._width * self._type.itemsize
        there, wanted = source.size() - self._start, self._count * self._bytes
        if there < wanted:
            raise InputError(f"{self.name}: cut off, {there:,} of {wanted:,} bytes are there; copy or write it again")
        self.schema = pa.schema([pa.field(COLUMN, pa.list_(pa.from_numpy_dtype(self._kind()), self._width))])

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return self.source.identity()

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        if not self._count or not self._bytes:
            raise InputError(f"{self.name}: an array of shape {[self._count, *(self.row_shape or ())]} has no numbers")
        return numbered_blocks(self._count, size, limit)

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        del columns, numbers
        import pyarrow as pa

        with readable(self.name), self.source.open() as file:
            for block in blocks:
                flat = (
                    self._columns(file, block)
                    if self._fortran
                    else self._numbers(file, block.first * self._width, block.rows * self._width)
                )
                native = flat.view(np.uint8) if flat.dtype.kind == "b" else flat.astype(self._kind(), copy=False)
                listed = pa.FixedSizeListArray.from_arrays(pa.array(native), type=self.schema.field(COLUMN).type)
                yield pa.table({COLUMN: listed})

    def _kind(self) -> np.dtype[Any]:
        """The numbers' type for Arrow, which has none of 80 bits."""
        if self._type.kind == "b":
            return np.dtype(np.uint8)
        return np.dtype(np.float64) if self._type.itemsize > 8 else self._type.newbyteorder("=")

    def _numbers(self, file: Any, first: int, count: int) -> Any:
        file.seek(self._start + first * self._type.itemsize)
        data = file.read(count * self._type.itemsize)
        if len(data) < count * self._type.itemsize:
            raise InputError(f"{self.name}: it was cut off while it was read; start again")
        return np.frombuffer(data, self._type)

    def _columns(self, file: Any, block: Block) -> Any:
        """A block's numbers, row after row, of an array that lies column after column."""
        inner = self.row_shape or ()
        table = np.empty((block.rows, self._width), self._type)
        for place in range(self._width):
            table[:, place] = self._numbers(file, place * self._count + block.first, block.rows)
        # the columns' own places run the first axis first, as the whole array does
        return np.ascontiguousarray(
            table.reshape(block.rows, *inner[::-1]).transpose(0, *range(len(inner), 0, -1))
        ).reshape(-1)


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"version {version[0]}.{version[1]} of the format is for arrays with named fields")
