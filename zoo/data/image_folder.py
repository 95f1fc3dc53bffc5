"""Images of the user's own, in a folder with a sub-folder for each class."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from zoo.data._image_files import (
    SUFFIXES,
    Losses,
    decoded,
    decoder_says,
    find_images,
    height_by_width,
    sizes_of,
)
from zoo.errors import InputError
from zoo.tables.files import require_utf8_name
from zoo.tables.words import count, named, printable

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.data._image_files import Found, Size
    from zoo.types import Fraction, PositiveInt, Splits

_SPLIT_NAMES = {"train", "training", "valid", "val", "validation", "test", "testing"}


class ImageFolder:
    """A source of images from files: PNG, JPEG, BMP, GIF (its first frame) and WebP.

    An image's class is the sub-folder it is in, at any depth below; images directly in the folder have no label. Its
    key is its path relative to the folder, and its split depends on that alone, so that a folder may grow without
    moving an image from one split to another. Files and folders whose names start with a dot are passed over.

    Images are turned as their EXIF orientation says, and converted to 8 bits a channel. A transparent image loses its
    alpha channel and keeps its colours; what is lost of which file is noted.

    Args:
        path: the folder; `~` is expanded.
        size: resize every image to size x size pixels (bilinear, antialiased, sides' ratio not kept); None takes
            images that are all of one size as they are.
        channels: 1 for grey (ITU-R 601-2 luma of colours), 3 for red, green and blue.
        validation: fraction of images for early stopping.
        test: fraction of images that only judging sees.
        invalid: what to do with files that cannot be decoded to their end.

    Raises:
        InputError: the fractions leave nothing to train on.

    Example:
        >>> ImageFolder("photos", size=32).load().features.shape
        (1200, 32, 32, 3)
    """

    held_as: ClassVar = "zoo.data.ImageArray"

    def __init__(
        self,
        path: str,
        size: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        invalid: Literal["error", "drop"] = "error",
    ) -> None:
        from zoo.data._row_split import refuse_shares

        self.path = path
        self.size = size
        self.channels = channels
        self.validation = validation
        self.test = test
        self.invalid = invalid
        refuse_shares(validation, test)

    def load(self) -> Splits:
        """Reads, converts and splits the images.

        Returns:
            features [rows, height, width, channels] uint8 from 0 to 255, keys [rows] str, labels [rows] str ("" for
            images outside the sub-folders), or None where no image has one.

        Raises:
            InputError: no such folder, no images in it, files that cannot be decoded, images of differing sizes
                without `size`, or a split without rows.
        """
        from zoo.data._images import allocate, image_splits
        from zoo.data._key_split import split_by_key

        folder = self._folder()
        found = find_images(folder)
        keys = found.images
        if not keys:
            raise InputError(f"{folder}: no images ({', '.join(SUFFIXES)}) here or below; {_contents(folder)}")
        sizes, broken = sizes_of(folder, keys)
        size = self._common_size(folder, sizes)
        losses = Losses()
        images = allocate((len(sizes), *size, self.channels), str(folder))
        kept = self._read(folder, list(sizes), images, losses, broken)
        notes = [*self._broken_notes(folder, broken, len(keys)), *losses.notes(), *self._size_notes(sizes, size)]
        notes += _passed_over(found)
        renamed = [name for name in map(printable, kept) if name not in kept]
        if renamed:
            notes.append(f"Wrote {count(len(renamed), 'name')} that are not UTF-8 with their bytes: {named(renamed)}.")
        kept = list(map(printable, kept))
        labels = [_label(key) for key in kept]
        notes += _label_notes(labels)
        parts = split_by_key(kept, validation=self.validation, test=self.test)
        return image_splits(
            images[: len(kept)],
            dict(zip(("train", "validation", "test"), parts, strict=True)),
            name=str(folder),
            options=f"data.validation={self.validation} or data.test={self.test}",
            labels=np.array(labels, dtype=np.str_) if any(labels) else None,
            keys=np.fromiter(kept, dtype=object, count=len(kept)),
            provenance={
                "source": type(self).__name__,
                "path": str(folder),
                "size": self.size,
                "classes": dict(sorted(Counter(label for label in labels if label).items())),
                "invalid_dropped": len(broken),
            },
            notes=notes,
        )

    def _folder(self) -> Path:
        folder = Path(self.path).expanduser()
        require_utf8_name(folder, "data.path")
        if folder.is_file():
            instead = "give the folder that holds the images"
            if folder.suffix.lower() in {".npy", ".npz"}:
                instead = "recipe=auto reads an array of images, and so does data._target_=zoo.data.ImageArray"
            raise InputError(f"data.path={self.path}: this is a file; {instead}")
        if not folder.is_dir():
            there = folder.parent
            if not there.is_dir():
                raise InputError(
                    f"data.path={self.path}: no such folder, and no {there} either (relative paths start at "
                    f"{Path.cwd()})"
                )
            raise InputError(f"data.path={self.path}: no such folder; {there} {_contents(there)}")
        return folder

    def _common_size(self, folder: Path, sizes: dict[str, Size]) -> Size:
        """The size of all images; by `data.size`, or the one that they have."""
        if self.size is not None:
            return self.size, self.size
        counts = Counter(sizes.values())
        if not counts:
            return 1, 1  # no file can be read, which the caller reports
        usual, number = counts.most_common(1)[0]
        others = [f"{key} ({height_by_width(size)})" for key, size in sizes.items() if size != usual]
        if others:
            raise InputError(
                f"{folder}: {number:,} images are {height_by_width(usual)} pixels (height x width), but "
                f"{len(others):,} are not: {named(others)}; resize all of them with data.size=..., such as "
                f"data.size={min(usual)}"
            )
        return usual

    def _read(
        self,
        folder: Path,
        keys: list[str],
        images: npt.NDArray[np.uint8],
        losses: Losses,
        broken: dict[str, str],
    ) -> list[str]:
        """Fills the array from its start; returns the keys of its rows, and adds files that cannot be decoded."""
        kept: list[str] = []
        for key in keys:
            try:
                images[len(kept)] = decoded(folder / key, key, images.shape[1:], losses)
            except Exception as error:  # noqa: BLE001, RUF100  a decoder may raise anything on damaged bytes
                broken[key] = decoder_says(error)
            else:
                kept.append(key)
        return kept

    def _broken_notes(self, folder: Path, broken: dict[str, str], files: int) -> list[str]:
        if not broken:
            return []
        listed = named([f"{key} ({reason})" for key, reason in sorted(broken.items())])
        if self.invalid != "drop":
            raise InputError(
                f"{folder}: {len(broken):,} of {count(files, 'image')} cannot be decoded to the end: {listed}; repair "
                "them, or leave them out with data.invalid=drop"
            )
        if len(broken) == files:
            raise InputError(f"{folder}: none of {count(files, 'image')} can be decoded: {listed}; export them again")
        return [f"Dropped {count(len(broken), 'image')} that cannot be decoded to the end: {listed}."]

    def _size_notes(self, sizes: dict[str, Size], size: Size) -> list[str]:
        resized = [found for found in sizes.values() if found != size]
        if not resized:
            return []
        first, last = height_by_width(min(resized)), height_by_width(max(resized))
        return [
            f"Resized {count(len(resized), 'image')} from {first if first == last else f'{first} .. {last}'} to "
            f"{height_by_width(size)} pixels (height x width)."
        ]


def _label(key: str) -> str:
    first, slash, _ = key.partition("/")
    return first if slash else ""


def _label_notes(labels: list[str]) -> list[str]:
    classes = sorted(set(labels) - {""})
    notes = []
    if len(classes) == 1:
        notes.append(f"All labelled images are of the one class '{classes[0]}', so the labels tell nothing apart.")
    if len(classes) > 1 and {name.lower() for name in classes} <= _SPLIT_NAMES:
        notes.append(
            f"The classes are {', '.join(classes)}, which look like splits; if they are, name one of these folders "
            "with data.path=."
        )
    if classes and "" in labels:
        notes.append(f"{count(labels.count(''), 'image')} outside the sub-folders, without a label.")
    return notes


def _passed_over(found: Found) -> list[str]:
    notes = []
    if found.others:
        notes.append(f"Passed over {count(len(found.others), 'file')} with names of no image: {named(found.others)}.")
    if found.again:
        what = count(len(found.again), "folder")
        notes.append(f"Passed over {what} that link to one that is read already: {named(found.again)}.")
    return notes


def _contents(folder: Path) -> str:
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    return f"holds: {named(names)}" if names else "it is empty"
