"""Thumbnails of many rows in one picture."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.page.pictures import Pictures

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.page.material import Material

MOST_ROWS = 5_000
_BYTES = 1_400_000  # of the picture at most
_WIDEST, _STRIP = 32, 256  # pixels of an image, columns of a strip


@dataclass(frozen=True)
class Sprite:
    """One picture of all thumbnails, side by side.

    Attributes:
        content: a WebP file.
        columns: thumbnails a line.
        width: of a thumbnail, in pixels.
        height: of a thumbnail, in pixels.
        is_strip: whether they are strips, to be stretched.
    """

    content: bytes
    columns: int
    width: int
    height: int
    is_strip: bool


def sprite(material: Material) -> Sprite | None:
    """The thumbnails of the shown rows; None for text, and for too many rows."""
    pictures, rows = Pictures(material), material.rows
    if pictures.are_texts or len(rows) > MOST_ROWS:
        return None
    blocks = [material.given(rows[block]) for block in material.blocks(len(rows))]
    if not pictures.are_images:
        strips = np.concatenate([_narrowed(pictures.colours(block)[:, 0]) for block in blocks])
        return Sprite(_webp(strips, lossless=True), 1, strips.shape[1], 1, is_strip=True)
    images = np.concatenate([pictures.pixels(block) for block in blocks])
    for widest in (_WIDEST, 24, 16):
        made = _tiled(images, widest)
        if len(made.content) <= _BYTES:
            break
    return made


def _tiled(images: npt.NDArray[np.uint8], widest: int) -> Sprite:
    from PIL import Image

    count, height, width, channels = images.shape
    shrink = max(1.0, max(height, width) / widest)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    columns = math.ceil(math.sqrt(count))
    sheet = Image.new("RGB" if channels == 3 else "L", (columns * size[0], math.ceil(count / columns) * size[1]))
    for place, pixels in enumerate(images):
        image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
        image = image if shrink == 1 else image.resize(size)
        sheet.paste(image, (place % columns * size[0], place // columns * size[1]))
    return Sprite(_webp(np.asarray(sheet), lossless=False), columns, *size, is_strip=False)


def _narrowed(strips: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Strips [n, width, 3] of at most 256 columns, each the mean of some."""
    width = strips.shape[1]
    if width <= _STRIP:
        return strips
    edges = np.linspace(0, width, _STRIP + 1).astype(int)[:-1]
    sums = np.add.reduceat(strips.astype(np.int64), edges, axis=1)
    return (sums / np.diff([*edges, width])[None, :, None]).astype(np.uint8)


def _webp(pixels: npt.NDArray[np.uint8], *, lossless: bool) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "webp", lossless=lossless, quality=70, method=2)
    return file.getvalue()
