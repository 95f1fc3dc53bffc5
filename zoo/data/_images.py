"""What every source of images does: one array in memory, one identity, one shape of provenance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._row_split import refuse_empty
from zoo.errors import InputError
from zoo.rows.image_rows import ImageRows
from zoo.tables.fingerprint import fingerprint as table_fingerprint
from zoo.tables.fingerprint import row_slices
from zoo.types import Splits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from zoo.types import Rows


def allocate(shape: tuple[int, ...], name: str) -> npt.NDArray[np.uint8]:
    """Memory for all images, [rows, height, width, channels] uint8, of any content.

    Raises:
        InputError: the machine does not have it.
    """
    try:
        return np.empty(shape, dtype=np.uint8)
    except MemoryError as error:
        gibibytes = math.prod(shape) / 2**30
        rows, height, width, channels = shape
        raise InputError(
            f"{name}: {rows:,} images of {height} x {width} x {channels} need {gibibytes:,.1f} GiB of memory, which "
            "this machine does not have; make them smaller with data.size=..."
        ) from error


def binarise(images: npt.NDArray[np.uint8], seed: Sequence[int]) -> None:
    """Draws each pixel once, in place: 255 with probability pixel / 255, else 0.

    A pixel's draw depends on the seed and its place alone, so the first images are drawn alike however many follow.

    Args:
        images: [rows, height, width, channels] uint8.
        seed: seed of the draws.
    """
    random = np.random.default_rng(seed)
    for rows in row_slices(images):
        # Of the 255 equally likely numbers 0..254, exactly `pixel` are below the pixel.
        drawn = random.integers(0, 255, size=images[rows].shape, dtype=np.uint8)
        images[rows] = np.where(drawn < images[rows], np.uint8(255), np.uint8(0))


def fingerprint(images: npt.NDArray[np.uint8], labels: npt.NDArray[Any] | None) -> str:
    """BLAKE2b (16 bytes, hexadecimal) over the shape, the images' bytes and the labels as text."""
    texts = () if labels is None else labels.tolist()
    return table_fingerprint(f"{' '.join(map(str, images.shape))} ", images, texts)


def image_splits(
    images: npt.NDArray[np.uint8],
    rows: Mapping[str, Rows],
    *,
    name: str,
    options: str,
    labels: npt.NDArray[Any] | None = None,
    keys: npt.NDArray[np.object_] | None = None,
    groups: Rows | None = None,
    provenance: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> Splits:
    """Puts a source's images and what is known about them together.

    Args:
        images: [rows, height, width, channels] uint8.
        rows: row numbers of train, validation and test.
        name: what to call the images in messages.
        options: the options that decide the splits, such as "data.test=0.2".
        labels: [rows] classes, or None.
        keys: [rows] names, or None.
        groups: [rows] numbers, the same for rows that belong together, or None.
        provenance: where the images come from.
        notes: what was done to them.

    Raises:
        InputError: a split has no rows.
    """
    refuse_empty(rows, len(images), name=name, options=options)
    counted = {
        "rows": len(images),
        "shape": [int(size) for size in images.shape[1:]],
        "splits": {split: len(numbers) for split, numbers in rows.items()},
        "fingerprint": fingerprint(images, labels),
    }
    return Splits(
        features=images,
        train=rows["train"],
        validation=rows["validation"],
        test=rows["test"],
        keys=keys,
        labels=labels,
        groups=groups,
        provenance={**provenance, **counted},
        notes=tuple(notes),
        kind=ImageRows(
            tuple(int(size) for size in images.shape[1:]), limits=(float(images.min()), float(images.max()))
        ),
    )
