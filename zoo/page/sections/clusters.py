"""Clusters of the codes, and the rows that are most typical of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.pictures import Pictures

if TYPE_CHECKING:
    from zoo.page.material import Material

TITLE = "Clusters"
_IMAGES, _STRIPS, _TEXTS = 8, 5, 3
_MOST_CLASSES = 50  # beyond, the largest class of a cluster says nothing


def draw(material: Material) -> dict[str, Any] | None:
    """A card a cluster, the largest first."""
    clusters = material.clusters
    if clusters is None:
        return None
    numbers, distances, how = clusters
    pictures = Pictures(material)
    most = _IMAGES if pictures.are_images else _TEXTS if pictures.are_texts else _STRIPS
    cards = []
    for each in np.argsort(-np.bincount(numbers), kind="stable"):
        inside = np.flatnonzero(numbers == each)
        if not len(inside):
            continue
        typical = inside[np.argsort(distances[inside], kind="stable")][:most]
        rows = material.rows[typical]
        shown = zip(material.names(rows), pictures.of(rows), strict=True)
        cards.append(
            {
                "number": int(each) + 1,
                "size": len(inside),
                "share": 100 * len(inside) / len(numbers),
                "of": _largest_class(material, inside),
                "rows": [{"name": name, "picture": picture} for name, picture in shown],
            }
        )
    return {"cards": cards, "how": how, "how_many": material.how_many}


def _largest_class(material: Material, inside: Any) -> str:
    """Such as `94 % are four`; "" without labels."""
    if material.classes is None or len(material.classes[0]) > _MOST_CLASSES:
        return ""
    names, numbers = material.classes
    own = numbers[material.rows[inside]]
    own = own[own >= 0]
    if not len(own):
        return ""
    counts = np.bincount(own)
    return f"{100 * counts.max() / len(own):.0f} % are {names[int(counts.argmax())]}"
