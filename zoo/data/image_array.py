"""Images in an array: a file of NumPy's, or rows in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.data._image_arrays import Images
    from zoo.tables.query import Query
    from zoo.types import Fraction, PositiveInt, Splits


class ImageArray:
    """A source of images [rows, height, width, channels], or of grey ones [rows, height, width], in one array.

    Pixels keep the scale that they have (0 to 255, 0 to 1, -1 to 1 or any other), which is said: the encoder takes such
    images as it was trained on. A model takes pixels of 0 to 1, by its part `rescale`: `zoo new` and `zoo.run(data=)`
    set it by what they see, a recipe of your own by hand. An image's split depends on its key alone.

    Args:
        path: a `.npy` or `.npz` file; this or `table`.
        image_column: the array of a `.npz` file that holds the images; otherwise the first that may.
        label_column: the array or column of classes, which only judging sees.
        labels: a file of classes [rows] instead: .npy, or a table of one column.
        key_column: the array or column of names of the images; otherwise row numbers from 0.
        size: resize every image to size x size pixels (bilinear, antialiased, sides' ratio not kept); None takes them
            as they are.
        validation: fraction of images for early stopping.
        test: fraction of images that only judging sees.
        invalid: what to do with images that hold NaN or an infinity.
        table: rows in memory, see `zoo.run`.

    Raises:
        InputError: the fractions leave nothing to train on, or options contradict each other.

    Example:
        >>> ImageArray("images.npy", labels="labels.npy").load().features.shape
        (1797, 8, 8, 1)
    """

    def __init__(
        self,
        path: str | None = None,
        image_column: str | None = None,
        label_column: str | None = None,
        labels: str | None = None,
        key_column: str | None = None,
        size: PositiveInt | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        invalid: Literal["error", "drop"] = "error",
        table: Query | None = None,
    ) -> None:
        from zoo.data._row_split import refuse_shares

        self.path, self.table, self.image_column = path, table, image_column
        self.label_column, self.labels, self.key_column = label_column, labels, key_column
        self.size, self.validation, self.test, self.invalid = size, validation, test, invalid
        refuse_shares(validation, test)
        if (path is None) == (table is None):
            raise InputError("give data.path=, a .npy or .npz file of images, or rows in memory by zoo.run(data=)")
        if label_column is not None and labels is not None:
            raise InputError("data.label_column= is beside the images, data.labels= a file of its own; give one")

    def load(self) -> Splits:
        """Reads and splits the images.

        Returns:
            features [rows, height, width, channels], uint8 or float32 on their own scale; keys [rows] str; labels
            [rows], or None.

        Raises:
            InputError: the file cannot be read, holds no images, or too few; the message says what to do.
        """
        from zoo.data._classes import class_labels
        from zoo.data._images import image_splits
        from zoo.data._key_split import split_by_key
        from zoo.data._pixels import Pixels

        found = self._read()
        where = found.where
        kept, notes = self._kept(found.pixels, where)
        images = self._sized(found.pixels[kept], notes)
        notes.append(Pixels.of(images, where).in_words())
        classes: npt.NDArray[Any] | None = None
        labels, called = self._labels(found)
        if labels is not None:
            classes, said = class_labels([labels[row] for row in kept], called, where)
            notes += said
        keys = found.cells(self.key_column, "data.key_column")
        names = [str(row if keys is None else keys[row]) for row in kept]
        if len(set(names)) < len(names):
            raise InputError(f"{where}: data.key_column={self.key_column} names several images alike; name another")
        parts = split_by_key(names, validation=self.validation, test=self.test)
        return image_splits(
            images,
            dict(zip(("train", "validation", "test"), parts, strict=True)),
            name=where,
            options=f"data.validation={self.validation} or data.test={self.test}",
            labels=classes,
            keys=np.fromiter(names, dtype=object, count=len(names)),
            provenance={
                "source": type(self).__name__,
                "path": where,
                "size": self.size,
                **({} if self.labels is None else {"labels": self.labels}),
            },
            notes=notes,
        )

    def _read(self) -> Images:
        from zoo.data._image_arrays import from_file, from_table

        if self.table is not None:
            return from_table(self.table)
        return from_file(str(self.path), self.image_column)

    def _labels(self, found: Images) -> tuple[list[Any] | None, str]:
        """Labels, and what to call them."""
        from zoo.data._label_files import WHAT, read_labels

        if self.labels is None:
            return found.cells(self.label_column, "data.label_column"), f"'{self.label_column}'"
        return read_labels(self.labels, len(found.pixels), found.where).tolist(), f"{WHAT} {self.labels}"

    def _kept(self, images: npt.NDArray[Any], where: str) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Numbers of the images of finite numbers, and a note of the others."""
        from zoo.tables.words import count

        if images.dtype.kind in "biu":
            return np.arange(len(images)), []
        finite = np.fromiter((bool(np.isfinite(image).all()) for image in images), bool, len(images))
        broken = int((~finite).sum())
        if not broken:
            return np.arange(len(images)), []
        if self.invalid == "error" or broken == len(images):
            row = int(np.flatnonzero(~finite)[0])
            raise InputError(
                f"{where}: {broken:,} of {count(len(images), 'image')} hold NaN or an infinity, the first is row {row} "
                "(from 0); repair them, or leave them out with data.invalid=drop"
            )
        return np.flatnonzero(finite), [f"Dropped {count(broken, 'image')} that hold NaN or an infinity."]

    def _sized(self, images: npt.NDArray[Any], notes: list[str]) -> npt.NDArray[Any]:
        """The images in the size that is asked for."""
        from zoo.data._pixels import as_stored

        images = as_stored(images)
        height, width = images.shape[1:3]
        if self.size is None or (height, width) == (self.size, self.size):
            return images
        from PIL import Image

        sized = np.empty((len(images), self.size, self.size, images.shape[3]), images.dtype)
        for number, image in enumerate(images):
            for channel in range(images.shape[3]):
                plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
                sized[number, ..., channel] = plane.resize((self.size, self.size), Image.Resampling.BILINEAR)
        notes.append(
            f"Resized from {height}x{width} to {self.size}x{self.size} pixels (height x width): the encoder takes "
            "images of that size."
        )
        return sized
