"""Rows as a person looks at them: images as pictures, vectors as heat strips, records and baskets as text."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.colours import diverging
from zoo.types import MISSING, OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from zoo.page.material import Material
    from zoo.types import Doubles, Rows

_DEVIATIONS = 2.5  # of a column, where the colour of a strip is full
_MOST_ITEMS = 24
_LONGEST = 60  # letters of a cell
_NAMED = {MISSING: "(missing)", OTHER: "(something rare)"}


@dataclass(frozen=True)
class Cell:
    """A cell of a record, or an item of a basket.

    Attributes:
        field: name of the field; "" for items.
        text: what it holds.
        differs: whether the reconstruction holds something else.
    """

    field: str
    text: str
    differs: bool = False


@dataclass(frozen=True)
class Picture:
    """A row to look at.

    Attributes:
        alt: what is seen, for those who do not see it.
        source: a data URI of an image; "" where cells say it.
        shape: `image` or `strip`; `text` where cells say it.
        width: of the image in CSS pixels.
        cells: of a record or a basket.
    """

    alt: str
    source: str = ""
    shape: str = "text"
    width: int = 0
    cells: tuple[Cell, ...] = ()


class Pictures:
    """Makes pictures of a table's rows.

    Args:
        material: of the page.
    """

    def __init__(self, material: Material) -> None:
        self._material = material
        self._splits = material.splits

    @property
    def are_images(self) -> bool:
        """Whether rows are images."""
        return len(self._splits.shape) == 3

    @property
    def are_texts(self) -> bool:
        """Whether rows are records or baskets."""
        return self._splits.is_sparse

    def of(self, rows: Rows | Sequence[int]) -> list[Picture]:
        """Rows as they are."""
        rows = np.asarray(rows, np.int64)
        names = self._material.names(rows)
        if self.are_texts:
            return [
                Picture(name, cells=tuple(cells)) for name, (cells, _) in zip(names, self._texts(rows), strict=True)
            ]
        return self.of_values(self._material.given(rows), names)

    def pairs(self, rows: Rows) -> list[tuple[Picture, Picture]]:
        """Rows, and what their codes say that they are."""
        names = self._material.names(rows)
        if self.are_texts:
            both = zip(names, self._texts(rows, self._material.back(rows)), strict=True)
            return [
                (Picture(name, cells=tuple(given)), Picture(f"{name}, reconstructed", cells=tuple(back)))
                for name, (given, back) in both
            ]
        given = self.of_values(self._material.given(rows), names)
        back = self.of_values(self._material.back(rows), [f"{name}, reconstructed" for name in names])
        return list(zip(given, back, strict=True))

    def of_values(self, values: Doubles, names: Sequence[str]) -> list[Picture]:
        """Dense rows [n, width] on the judge's scale, such as decoded ones."""
        if self.are_images:
            return [
                Picture(name, image_uri(pixels), "image", _shown_width(pixels))
                for name, pixels in zip(names, self.pixels(values), strict=True)
            ]
        strips = self.colours(values)
        return [Picture(name, image_uri(strip), "strip") for name, strip in zip(names, strips, strict=True)]

    def pixels(self, values: Doubles) -> npt.NDArray[np.uint8]:
        """Rows [n, width] of an image table as pixels [n, height, width, 1 or 3] from 0 to 255."""
        height, width, channels = self._splits.shape
        images = np.asarray(values, float).reshape(len(values), height, width, channels)
        images = images[..., :3] if channels >= 3 else images[..., :1]
        low, high = self._limits
        return (255 * np.clip((np.nan_to_num(images) - low) / (high - low), 0, 1)).round().astype(np.uint8)

    def colours(self, values: Doubles) -> npt.NDArray[np.uint8]:
        """Rows [n, width] of numbers as strips [n, 1, width, 3]: each column by its own spread."""
        mean, deviation = self._spread
        return diverging((np.asarray(values, float) - mean) / (_DEVIATIONS * deviation))[:, None]

    @cached_property
    def _limits(self) -> tuple[float, float]:
        limits = getattr(self._splits.kind, "limits", None)
        if limits is None:
            some = self._material.given(self._material.rows[:256])
            limits = (float(some.min()), float(some.max()))
        low, high = limits
        return low, high if high > low else low + 1.0

    @cached_property
    def _spread(self) -> tuple[Doubles, Doubles]:
        some = self._material.given(self._material.rows[:1_000])
        deviation = some.std(axis=0)
        return some.mean(axis=0), np.where(deviation > 0, deviation, 1.0)

    def _texts(self, rows: Rows, back: Any = None) -> list[tuple[list[Cell], list[Cell]]]:
        features: Any = self._splits.take(rows)
        columns = [features.indices[slice(*features.indptr[i : i + 2])] for i in range(len(rows))]
        backs = [None] * len(rows) if back is None else list(back)
        categories = self._splits.categories or {}
        if len(categories) > 1:
            cells = self._cells(rows)
            parts = zip(columns, backs, range(len(rows)), strict=True)
            return [self._record(own, each, {name: cells[name][i] for name in cells}) for own, each, i in parts]
        names = next(iter(categories.values()), None)
        return [_basket(own, each, names) for own, each in zip(columns, backs, strict=True)]

    def _cells(self, rows: Rows) -> dict[str, list[str]]:
        """Field -> its cells as the user's table has them, where that was kept."""
        if self._splits.raw is None:
            return {}
        inputs, columns = self._splits.inputs(rows), self._splits.kind.columns_of_inputs()
        return {column: [_plain(cell) for cell in inputs[name]] for name, column in columns.items()}

    def _record(self, columns: Any, back: Any, cells: Mapping[str, str]) -> tuple[list[Cell], list[Cell]]:
        """One cell a field; the field's columns follow each other."""
        given, returned, offset = [], [], 0
        for field, names in (self._splits.categories or {}).items():
            own = [column - offset for column in columns if offset <= column < offset + len(names)]
            text = _cut(cells.get(field) or ", ".join(_NAMED.get(names[each], names[each]) for each in own) or "-")
            guess = None if back is None else int(np.argmax(back[offset : offset + len(names)]))
            differs = guess is not None and guess not in own
            given.append(Cell(field, text, differs))
            named = "" if guess is None else _cut(_NAMED.get(names[guess], names[guess]))
            returned.append(Cell(field, named, differs))
            offset += len(names)
        return given, returned


def _basket(columns: Any, back: Any, names: Sequence[str] | None) -> tuple[list[Cell], list[Cell]]:
    """The items of a basket, and as many that its code finds likeliest."""
    own = [int(column) for column in columns][:_MOST_ITEMS]
    likely = [] if back is None else [int(each) for each in np.argsort(-np.asarray(back))[: len(own)]]
    named = [_cut(f"column {each}" if names is None else names[each]) for each in own]
    given = [Cell("", name, back is not None and each not in likely) for each, name in zip(own, named, strict=True)]
    guesses = [_cut(f"column {each}" if names is None else names[each]) for each in likely]
    inside = {int(column) for column in columns}
    return given, [Cell("", name, each not in inside) for each, name in zip(likely, guesses, strict=True)]


def image_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """Pixels [height, width, 1 or 3] as the data URI of a PNG."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _shown_width(pixels: npt.NDArray[np.uint8]) -> int:
    """Whole multiples of small images, so that pixels stay square."""
    width = pixels.shape[1]
    return int(width * max(1, round(56 / width))) if width < 96 else 96


def _plain(cell: Any) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
