"""A map of the codes beside a map of the raw rows, of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.colours import CLASSES, OTHER
from zoo.page.mapping import NAMES
from zoo.page.packing import packed, plotly_bundle, quantised, smallest
from zoo.page.pictures import Pictures
from zoo.page.thumbnails import MOST_ROWS, sprite

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from zoo.page.mapping import Mapped
    from zoo.page.material import Material
    from zoo.types import Rows

TITLE = "Map"
_LONGEST = 120  # letters of a row's text
_MANY = 30  # classes


def draw(material: Material) -> dict[str, Any] | None:
    """Data for the script, and the script of Plotly."""
    where = material.mapped
    if isinstance(where, str):
        return {"reason": where}
    facts, arrays = _facts(material), _arrays(where)
    colours: dict[str, Any] = {}
    groups = [("class", _by_class(material)), ("cluster", _by_cluster(material))]
    if material.classes is not None and len(material.classes[0]) > _MANY:
        groups.reverse()  # of so many classes, nearly all are "other"
    for name, found in groups:
        if found is not None:
            colours[name], arrays[name] = found
    errors = _errors(material)
    if errors is not None:
        colours["error"], arrays["error"] = errors
    colours["neighbours kept"] = {"low": "0", "high": f"all {where.neighbours.shape[1]}"}
    arrays["neighbours kept"] = np.round(where.kept * 255).astype(np.uint8)
    thumbnails = sprite(material)
    if thumbnails is not None:
        arrays["sprite"] = np.frombuffer(thumbnails.content, np.uint8)
        keys = ("columns", "width", "height")
        facts["sprite"] = {key: getattr(thumbnails, key) for key in keys} | {"strip": thumbnails.is_strip}
    facts["colours"] = colours
    return {
        "reason": "",
        "data": packed(facts, arrays),
        "bundle": plotly_bundle(),
        "how": NAMES[material.settings.map],
        "how_many": material.how_many,
        "thumbnails": thumbnails is not None,
        "too_many": len(material.rows) > MOST_ROWS and not material.splits.is_sparse,
        "deep": where.deep is not None,
        "colours": list(colours),
        "kept": float(where.kept.mean()),
        "k": where.neighbours.shape[1],
    }


def _facts(material: Material) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "rows": len(material.rows),
        "keys": [_cut(name) for name in material.names(material.rows)],
        "palette": [*CLASSES, OTHER],
    }
    pictures = Pictures(material)
    if pictures.are_texts and len(material.rows) <= MOST_ROWS:
        seen = pictures.of(material.rows)
        facts["texts"] = [_cut(" ".join(cell.text for cell in each.cells)) for each in seen]
    return facts


def _arrays(where: Mapped) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, points in (("codes", where.codes), ("raw", where.raw), ("deep", where.deep)):
        if points is not None:
            arrays[name] = quantised(points).T.copy()  # all x, then all y: it compresses better
    arrays["neighbours"] = smallest(where.neighbours)
    return arrays


def _by_class(material: Material) -> tuple[dict[str, Any], npt.NDArray[np.uint8]] | None:
    if material.classes is None:
        return None
    names, numbers = material.classes
    return _coloured(names, numbers[material.rows], "no class")


def _by_cluster(material: Material) -> tuple[dict[str, Any], npt.NDArray[np.uint8]] | None:
    if material.clusters is None:
        return None
    numbers = material.clusters[0]
    return _coloured([f"cluster {each + 1}" for each in range(int(numbers.max()) + 1)], numbers, "none")


def _coloured(names: Sequence[str], numbers: Rows, missing: str) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
    """A colour for each of the ten largest groups, and one for all others."""
    counts = np.bincount(numbers[numbers >= 0], minlength=len(names))
    chosen = np.sort(np.argsort(-counts, kind="stable")[: len(CLASSES)])
    chosen = chosen[counts[chosen] > 0]
    places = np.full(len(names) + 1, len(CLASSES), np.int64)  # the last is for rows without a group: -1
    places[chosen] = np.arange(len(chosen))
    colours = places[numbers].astype(np.uint8)
    rest = int((colours == len(CLASSES)).sum())
    entries = [[_cut(names[each]), int(place), int(counts[each])] for place, each in enumerate(chosen)]
    if rest:
        entries.append([missing if (numbers[colours == len(CLASSES)] < 0).all() else "other", len(CLASSES), rest])
    return {"entries": entries}, colours


def _errors(material: Material) -> tuple[dict[str, Any], npt.NDArray[np.uint8]] | None:
    """Errors of the shown rows from 0 to 255, cut off where one row in a hundred lies beyond."""
    if material.errors is None:
        return None
    places = np.searchsorted(material.scored_rows, material.rows)
    if not np.array_equal(material.scored_rows[places.clip(max=len(material.scored_rows) - 1)], material.rows):
        return None  # a table so large that errors are those of another sample
    errors = np.nan_to_num(material.errors[places], nan=np.inf)
    finite = errors[np.isfinite(errors)]
    if not len(finite):
        return None
    low, high = np.quantile(finite, [0.01, 0.99])
    scaled = np.clip((errors - low) / (high - low if high > low else 1.0), 0, 1)
    return {"low": f"{low:.4g}", "high": f"{high:.4g}"}, np.round(255 * scaled).astype(np.uint8)


def _cut(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
