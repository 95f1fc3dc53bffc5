"""Rows and what their codes say that they were: the best, typical ones and the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.numbers import number
from zoo.page.pictures import Pictures
from zoo.types import Reconstructs

if TYPE_CHECKING:
    from zoo.page.material import Material

TITLE = "Reconstructions"
_IMAGES, _OTHERS = 8, 4


def draw(material: Material) -> dict[str, Any] | None:
    """Three groups of rows, the original above its reconstruction."""
    errors = material.errors
    if errors is None or not isinstance(material.encoder, Reconstructs) or not np.isfinite(errors).any():
        return None
    pictures = Pictures(material)
    count = _IMAGES if pictures.are_images else _OTHERS
    finite = np.flatnonzero(np.isfinite(errors))
    order = finite[np.argsort(errors[finite], kind="stable")]
    middle = max(0, len(order) // 2 - count // 2)
    groups = {"Best": order[:count], "Typical": order[middle : middle + count], "Worst": order[::-1][:count]}
    return {
        "unit": material.error_unit,
        "shape": "image" if pictures.are_images else "text" if pictures.are_texts else "strip",
        "groups": [(title, _shown(material, pictures, places, errors)) for title, places in groups.items()],
        "rows": len(order),
    }


def _shown(material: Material, pictures: Pictures, places: Any, errors: Any) -> list[dict[str, Any]]:
    rows = material.scored_rows[places]
    described = zip(material.names(rows), material.classes_of(rows), errors[places], pictures.pairs(rows), strict=True)
    return [
        {"name": name, "of": of, "error": number(error), "given": given, "back": back}
        for name, of, error, (given, back) in described
    ]
