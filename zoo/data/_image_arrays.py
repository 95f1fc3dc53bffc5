"""Arrays of images out of NumPy's files and out of memory, with what lies beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._image_shapes import image_shape
from zoo.errors import InputError, suggestion
from zoo.tables.byte_source import ByteSource
from zoo.tables.cells import whole
from zoo.tables.files import existing_file
from zoo.tables.npy_table import mapped
from zoo.tables.npz_table import first_array, load_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from zoo.tables.table import Table


@dataclass(frozen=True)
class Images:
    """Images, and what there is one of for each.

    Attributes:
        pixels: [rows, height, width, channels].
        beside: name -> cells [rows].
        where: the file, or what rows in memory are called.
    """

    pixels: npt.NDArray[Any]
    beside: Mapping[str, list[Any]]
    where: str

    def cells(self, name: str | None, option: str) -> list[Any] | None:
        """What an option names; None where it names nothing.

        Raises:
            InputError: there is none of that name.
        """
        if name is None:
            return None
        if name not in self.beside:
            hint = (
                suggestion(name, self.beside, what="beside the images there are")
                if self.beside
                else ("beside the images there is nothing")
            )
            raise InputError(f"{self.where}: {option}={name}: no such array or column; {hint}")
        return self.beside[name]


def from_file(place: str, name: str | None) -> Images:
    """The images of a `.npy` or `.npz` file; of the latter, of the array `name`, or of the first that may hold rows.

    Raises:
        InputError: another file, or one that holds no images.
    """
    path = existing_file(place, "data.path")
    end = path.suffix.lower()
    if end == ".npz":
        return _of_arrays(load_arrays(ByteSource(path)), name, str(path))
    if end != ".npy":
        raise InputError(f"{path}: arrays of images are read from .npy and .npz files, files of images from a folder")
    if name is not None:
        raise InputError(f"{path}: data.image_column means nothing for a .npy file, which holds a single array")
    return Images(_shaped(mapped(path), str(path)), {}, str(path))


def from_table(table: Table) -> Images:
    """The images of rows in memory, see `zoo.tables.held_table.held_table`.

    Raises:
        InputError: a table, and no array.
    """
    from zoo.tables.table import read_whole

    names = table.schema.names
    if table.row_shape is None:
        raise InputError(
            f"{table.name}: an array [rows, height, width, channels] of images is wanted, and this is a table or an "
            f"array of two dimensions; take recipe=auto, which finds what fits"
        )
    rows = read_whole(table)
    array = np.asarray(whole(rows.column(names[0])).flatten().to_numpy(zero_copy_only=False))
    array = array.reshape(rows.num_rows, *table.row_shape)
    return Images(_shaped(array, table.name), {name: rows.column(name).to_pylist() for name in names[1:]}, table.name)


def _of_arrays(arrays: Mapping[str, Any], name: str | None, where: str) -> Images:
    chosen = first_array(arrays) if name is None else name
    if chosen is None or chosen not in arrays:
        hint = suggestion(str(chosen or ""), arrays, what="arrays")
        raise InputError(f"{where}: data.image_column={name}: no such array of images; {hint}")
    pixels = _shaped(arrays[chosen], f"{where}, array '{chosen}'")
    beside = {
        each: array.reshape(-1).tolist()
        for each, array in arrays.items()
        if each != chosen and array.shape[:1] == pixels.shape[:1] and array.size == len(pixels)
    }
    return Images(pixels, beside, where)


def _shaped(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    if array.dtype.kind not in "biuf":
        raise InputError(f"{where}: holds {array.dtype} and not numbers; write numbers with numpy.save")
    if not array.size:
        raise InputError(f"{where}: an array of shape {list(array.shape)} has no numbers")
    return array.reshape(len(array), *image_shape(array.shape, where))
