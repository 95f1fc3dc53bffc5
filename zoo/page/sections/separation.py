"""How much more alike rows of one class are than rows of different classes, class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._vectors import unit
from zoo.page.drawing import INK, MUTED, OTHER, OWN, as_svg, new_axes, new_figure, shortened

if TYPE_CHECKING:
    from markupsafe import Markup

    from zoo.page.material import Material
    from zoo.types import Doubles, Floats, Rows

TITLE = "Class separation"
_MOST, _DRAWN = 20, 20
_NEAR_ZERO = 0.05  # a ratio to a cosine nearer to 0 than this says nothing
_UNTRAINED = "untrained"


def draw(material: Material) -> dict[str, Any] | None:
    """A figure and a table: the encoder, the untrained network and the raw rows side by side."""
    if material.classes is None:
        return None
    names, numbers = material.classes
    classes = numbers[material.rows]
    present = [number for number in range(len(names)) if (classes == number).sum() > 1]
    if len(present) < 2:
        return None
    wanted = [
        material.encoder.name,
        *(each for each in (_UNTRAINED, "raw") if each in material.evidence.representations),
    ]
    known = classes >= 0
    cosines = {name: _cosines(material.codes_of(name)[known], classes[known], present) for name in wanted}
    largest = sorted(present, key=lambda number: -int((classes == number).sum()))[:_MOST]
    order = [present.index(number) for number in sorted(largest)]
    shown = [(names[present[place]], int((classes == present[place]).sum())) for place in order]
    return {
        "representations": wanted,
        "svg": _dumbbells([name for name, _ in shown], {name: cosines[name][order] for name in wanted}),
        "table": [
            (name, count, [_cells(cosines[each][place]) for each in wanted])
            for (name, count), place in zip(shown, order, strict=True)
        ],
        "mean": [_mean(cosines[each]) for each in wanted],
        "how_many": material.how_many,
        "left_out": len(present) - len(shown),
    }


def _cosines(codes: Floats, classes: Rows, present: list[int]) -> Doubles:
    """[classes, 2] mean cosine of rows of the class with each other, and with rows of other classes."""
    directions = unit(codes.astype(np.float64))
    everything, total = directions.sum(axis=0), len(directions)
    found = []
    for each in present:
        inside = classes == each
        count, vector = int(inside.sum()), directions[inside].sum(axis=0)
        own = (vector @ vector - (directions[inside] ** 2).sum()) / (count * (count - 1))
        outside = total - count
        found.append((own, vector @ (everything - vector) / (count * outside) if outside else np.nan))
    return np.asarray(found)


def _cells(cosines: Doubles) -> dict[str, Any]:
    same, other = map(float, cosines)
    rescaled = (1 + same) / (1 + other) if other > -1 else float("nan")
    return {
        "same": same,
        "other": other,
        "rescaled": rescaled,
        "plain": same / other if abs(other) >= _NEAR_ZERO else None,
    }


def _mean(cosines: Doubles) -> dict[str, Any]:
    cells = [_cells(each) for each in cosines]
    plain = [cell["plain"] for cell in cells]
    means = {key: float(np.mean([cell[key] for cell in cells])) for key in ("same", "other", "rescaled")}
    return {**means, "plain": float(np.mean(plain)) if None not in plain else None}


def _dumbbells(names: list[str], cosines: dict[str, Doubles]) -> Markup:
    names = names[:_DRAWN]
    figure = new_figure(440, 62 + 20 * len(names))
    axes = new_axes(figure)
    (encoder, own), *others = cosines.items()
    colours, markers = (OTHER, MUTED), ("o", "D")
    for place in range(len(names)):
        ends = [_cells(each[place])["rescaled"] for each in cosines.values()]
        axes.plot([min(ends), max(ends)], [place, place], color=OTHER, linewidth=1, alpha=0.6)
    for (name, each), colour, marker in zip(others, colours, markers, strict=False):
        ratios = [_cells(cosine)["rescaled"] for cosine in each[: len(names)]]
        axes.plot(ratios, range(len(names)), marker, color=colour, markersize=5, label=name)
    ratios = [_cells(cosine)["rescaled"] for cosine in own[: len(names)]]
    axes.plot(ratios, range(len(names)), "o", color=OWN, markersize=7, label=encoder)
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.axvline(1, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlabel("same class / other classes (1: not told apart)")
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9, labelcolor=INK)
    return as_svg(figure, "separation", "Class separation for each class, as in the table below")
