"""Finding and decoding files of images."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.words import count, named

if TYPE_CHECKING:
    import numpy.typing as npt

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
_ROTATED = 5  # EXIF orientations from here on swap height and width
_ORIENTATION = 0x0112  # the EXIF tag
Size = tuple[int, int]  # height, width


@dataclass
class Losses:
    """Files of which something is lost on the way to 8 bits a channel."""

    files: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, key: str) -> None:
        """Remembers what a file loses."""
        self.files.setdefault(what, []).append(key)

    def notes(self) -> list[str]:
        """A sentence for each kind of loss."""
        return [f"{what} of {count(len(keys), 'image')}: {named(keys)}." for what, keys in sorted(self.files.items())]


@dataclass
class Found:
    """What is in a folder: paths relative to it, with slashes and in order.

    Attributes:
        images: files that are images by their name.
        others: files that are none.
        again: folders that are links to one that was read already, or to one above.
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)


def find_images(folder: Path) -> Found:
    """The files in a folder and below, also behind links, each folder once."""
    found = Found()
    seen: set[str] = set()
    for here, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:  # a link to a folder above would never end, and an image twice could be trained on and judged
            found.again.append(Path(here).relative_to(folder).as_posix())
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith("."):
                path = Path(here, name)
                names = found.images if path.suffix.lower() in SUFFIXES else found.others
                names.append(path.relative_to(folder).as_posix())
    found.images.sort()
    found.others.sort()
    return found


def _refuse(error: OSError) -> None:
    raise InputError(
        f"{error.filename}: this folder cannot be read ({error.strerror}); check that it may be"
    ) from error


def sizes_of(folder: Path, keys: list[str]) -> tuple[dict[str, Size], dict[str, str]]:
    """From the files' heads alone: the upright sizes of the images, and why a file is none."""
    from PIL import Image

    sizes: dict[str, Size] = {}
    broken: dict[str, str] = {}
    for key in keys:
        try:
            with Image.open(folder / key) as image:
                turned = image.getexif().get(_ORIENTATION, 1) >= _ROTATED
                sizes[key] = (image.width, image.height) if turned else (image.height, image.width)
        except Exception as error:  # noqa: BLE001, RUF100  a decoder may raise anything on damaged bytes
            broken[key] = decoder_says(error)
    return sizes, broken


def decoded(path: Path, key: str, shape: tuple[int, ...], losses: Losses) -> npt.NDArray[np.uint8]:
    """The image [height, width, channels] uint8."""
    from PIL import Image, ImageOps

    height, width, channels = shape
    with Image.open(path) as opened:
        deep = any(";16" in str(tile) for tile in getattr(opened, "tile", ()))
        animated = bool(getattr(opened, "is_animated", False))
        opened.load()
        image: Any = ImageOps.exif_transpose(opened)
    if deep or image.mode.startswith("I"):
        losses.add("Kept the upper 8 of 16 bits a channel", key)
    if image.mode.startswith("I"):
        upper = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255)
        image = Image.fromarray(upper.astype(np.uint8))
    if animated:
        losses.add("Kept the first frame only", key)
    if image.has_transparency_data and image.convert("RGBA").getextrema()[3][0] < 255:
        losses.add("Dropped the alpha channel", key)
    if image.mode not in {"1", "L", "LA", "La"}:
        image = image.convert("RGB")
        if channels == 1 and _has_colour(image):
            losses.add("Dropped the colours", key)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8).reshape(shape)


def _has_colour(image: Any) -> bool:
    red, green, blue = (np.asarray(channel) for channel in image.split())
    return not (np.array_equal(red, green) and np.array_equal(green, blue))


def height_by_width(size: Size) -> str:
    """Such as `28x28`."""
    return f"{size[0]}x{size[1]}"


def decoder_says(error: Exception) -> str:
    """What a decoder says, without the path that the message has already."""
    text = (str(error).splitlines() or [""])[0]
    return "not an image" if "cannot identify image file" in text else text or type(error).__name__
