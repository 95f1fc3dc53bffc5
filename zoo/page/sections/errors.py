"""How badly rows are reconstructed, which ones worst, of which class they are, and where the error sits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.page.drawing import BAD, INK, OTHER, OWN, as_svg, new_axes, new_figure, shortened
from zoo.page.numbers import number
from zoo.page.pictures import Pictures, image_uri
from zoo.types import Reconstructs

if TYPE_CHECKING:
    from markupsafe import Markup

    from zoo.page.material import Material
    from zoo.types import Doubles

TITLE = "Errors"
_LISTED, _DIMENSIONS, _CLASSES = 20, 16, 30
_NUMBERS = 2**23  # of squared errors


def draw(material: Material) -> dict[str, Any] | None:
    """The distribution, the rows above the line, their share of each class, the dimensions that carry the error."""
    errors = material.errors
    if errors is None or np.isfinite(errors).sum() < 3:
        return None
    finite = errors[np.isfinite(errors)]
    line = float(finite.mean() + material.settings.outliers * finite.std())
    above = np.flatnonzero(errors > line)
    return {
        "svg": _histogram(finite, line, material),
        "unit": material.error_unit,
        "k": f"{material.settings.outliers:g}",
        "line": number(line),
        "mean": number(float(finite.mean())),
        "above": len(above),
        "rows": len(errors),
        "not_finite": int(len(errors) - len(finite)),
        "listed": _listed(material, above, errors),
        "classes": _classes(material, above),
        "carried": _carried(material),
    }


def _histogram(errors: Doubles, line: float, material: Material) -> Markup:
    figure = new_figure(400, 210)
    axes = new_axes(figure, grid="y")
    top = float(np.quantile(errors, 0.995))
    end = max(top, line * 1.1) if line > 0 else top
    counts, edges = np.histogram(np.clip(errors, errors.min(), end), 60)
    low = edges[:-1] < line
    axes.bar(edges[:-1][low], counts[low], np.diff(edges)[low], align="edge", color=OWN, linewidth=0)
    axes.bar(edges[:-1][~low], counts[~low], np.diff(edges)[~low], align="edge", color=BAD, linewidth=0)
    axes.axvline(line, color=INK, linewidth=1, linestyle=(0, (3, 2)))
    axes.text(line, axes.get_ylim()[1], f" mean + {material.settings.outliers:g} sd", va="top", color=INK, fontsize=9)
    axes.set_xlabel(material.error_unit + (" (last bar: and more)" if errors.max() > end else ""))
    axes.set_ylabel("rows")
    return as_svg(figure, "errors", f"Histogram of errors; the line is at {number(line)}")


def _listed(material: Material, above: Any, errors: Doubles) -> list[dict[str, Any]]:
    worst = above[np.argsort(-errors[above], kind="stable")][:_LISTED]
    rows = material.scored_rows[worst]
    parts = zip(
        material.names(rows), material.classes_of(rows), errors[worst], Pictures(material).of(rows), strict=True
    )
    return [{"name": name, "of": of, "error": float(error), "picture": seen} for name, of, error, seen in parts]


def _classes(material: Material, above: Any) -> list[tuple[str, int, int, float]]:
    """Class, rows of it above the line, rows of it, per cent; the classes with the largest share first."""
    if material.classes is None:
        return []
    names, numbers = material.classes
    own = numbers[material.scored_rows]
    total = np.bincount(own[own >= 0], minlength=len(names))
    over = own[above]
    bad = np.bincount(over[over >= 0], minlength=len(names))
    order = sorted(np.flatnonzero(total), key=lambda each: (-bad[each] / total[each], -bad[each]))
    return [(names[each], int(bad[each]), int(total[each]), 100 * bad[each] / total[each]) for each in order[:_CLASSES]]


def _carried(material: Material) -> dict[str, Any] | None:
    """Where the squared error sits: a picture for images, bars for columns or fields."""
    splits = material.splits
    if not isinstance(material.encoder, Reconstructs):
        return None
    rows = material.rows[: max(8, _NUMBERS // max(splits.width, 1))]
    if splits.is_sparse:
        return _by_field(material, rows)
    mean = np.mean(np.concatenate([material.squares(rows[block]) for block in material.blocks(len(rows))]), axis=0)
    if not np.isfinite(mean).all() or not mean.sum():
        return None
    if len(splits.shape) == 3:
        heat = mean.reshape(splits.shape).mean(axis=2, keepdims=True)
        pixels = (255 * heat / heat.max()).round().astype(np.uint8)
        return {"image": image_uri(pixels), "svg": None, "of": "squared error by place, white is the largest"}
    order = np.argsort(-mean, kind="stable")[:_DIMENSIONS]
    names = splits.kind.feature_names
    shares = 100 * mean[order] / mean.sum()
    return {
        "image": None,
        "svg": _bars([names[place] for place in order], shares, "% of the squared error"),
        "of": f"the {len(order)} columns of {splits.width:,} with the largest share; 1/{splits.width:,} each "
        f"would be {100 / splits.width:.2g} %",
    }


def _by_field(material: Material, rows: Any) -> dict[str, Any] | None:
    """Share of rows whose cell the code does not give back, by field."""
    fields = material.splits.categories or {}
    if len(fields) < 2:
        return None
    wrong, offset = {}, 0
    given, back = material.given(rows), material.back(rows)
    for field, names in fields.items():
        own = slice(offset, offset + len(names))
        wrong[field] = 100 * float((given[:, own].argmax(axis=1) != back[:, own].argmax(axis=1)).mean())
        offset += len(names)
    ordered = sorted(wrong, key=lambda field: -wrong[field])[:_DIMENSIONS]
    svg = _bars(ordered, np.asarray([wrong[field] for field in ordered]), "% of rows with another category")
    return {"image": None, "svg": svg, "of": "how often the code gives back another category, by field"}


def _bars(names: list[str], values: Doubles, unit: str) -> Markup:
    figure = new_figure(400, 44 + 17 * len(names))
    axes = new_axes(figure)
    axes.barh(range(len(names)), values, height=0.66, color=OTHER, linewidth=0)
    axes.set_yticks(range(len(names)), [shortened(name, 26) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(unit)
    said = "; ".join(f"{name} {value:.1f}" for name, value in zip(names, values, strict=True))
    return as_svg(figure, "carried", f"{unit}: {said}")
