"""The histogram of cosines between rows, with the spike at 1 split into exact duplicates and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._copies import copies
from zoo.metrics._vectors import unit
from zoo.page.drawing import BAD, INK, MUTED, OWN, SECOND, as_svg, new_axes, new_figure
from zoo.page.matches import SPIKE, histogram, match_cosines

if TYPE_CHECKING:
    from markupsafe import Markup

    from zoo.page.material import Material
    from zoo.types import Doubles, Floats, Rows

TITLE = "Cosines between rows"
_BINS = np.linspace(-1, 1, 81)
_BLOCK = 512
_LISTED = 8
_ROWS = 4_000  # eight million pairs


def draw(material: Material) -> dict[str, Any] | None:
    """The histogram, and the pairs that the codes hardly tell apart."""
    few = slice(None, None, -(-len(material.rows) // _ROWS))  # all, or evenly spaced ones of the sample
    codes = _unit(material.codes[few])
    if len(codes) < 3 or codes.shape[1] < 2:
        return None
    counts, spike = _pairs(codes)
    raw = material.evidence.representations.get("raw")
    others = None if raw is None else _pairs(_unit(material.codes_of(raw.name)[few]))[0]
    same = copies(material.splits, material.rows[few])
    first, second, cosines = spike
    exact = same[first] == same[second]
    near = np.flatnonzero(~exact)
    near = near[np.argsort(-cosines[near], kind="stable")][:_LISTED]
    pairs = [(*material.names(material.rows[few][[first[i], second[i]]]), float(cosines[i])) for i in near]
    total = len(codes) * (len(codes) - 1) // 2
    return {
        "svg": _histogram(counts, others, int(exact.sum()), int((~exact).sum())),
        "exact": int(exact.sum()),
        "near": int((~exact).sum()),
        "total": total,
        "spike": SPIKE,
        "pairs": pairs,
        "mean": float((counts * (_BINS[1:] + _BINS[:-1]) / 2).sum() / counts.sum()),
        "how_many": f"{len(codes):,} test rows",
        "has_raw": others is not None,
        "matches": _matches(material),
    }


def _matches(material: Material) -> dict[str, Any] | None:
    """The cosines of matches and of the nearest others, for records whose matches are known."""
    found = match_cosines(material.encoder, material.splits)
    if found is None:
        return None
    figure = new_figure(440, 220)
    axes = new_axes(figure, grid="y")
    histogram(axes, found, min(0.0, np.floor(10 * float(found.cosines.min())) / 10))
    kinds = {name: found.spike(of_matches=kind) for name, kind in (("matches", True), ("nearest others", False))}
    said = "; ".join(
        f"{name}: {copied + other} of {count} above {SPIKE}" for name, (count, copied, other) in kinds.items()
    )
    svg = as_svg(figure, "match-cosines", f"Histogram of the cosines of matches and of the nearest others; {said}")
    return {"svg": svg, "kinds": kinds, "any_spike": any(sum(each[1:]) for each in kinds.values())}


def _unit(codes: Floats) -> Floats:
    return unit(np.nan_to_num(codes.astype(np.float64))).astype(np.float32)


def _pairs(codes: Any) -> tuple[Doubles, tuple[Rows, Rows, Doubles]]:
    """How many pairs have a cosine in each bin; and the pairs above the spike's edge, with their cosines."""
    counts = np.zeros(len(_BINS) - 1)
    first, second, cosines = [], [], []
    for start in range(0, len(codes), _BLOCK):
        block = codes[start : start + _BLOCK] @ codes[start:].T
        rows, columns = np.triu_indices(len(block), 1, block.shape[1])
        values = np.clip(block[rows, columns], -1, 1)
        counts += np.bincount(np.minimum(((values + 1) * 40).astype(np.int64), 79), minlength=80)
        high = values > SPIKE
        first.append(rows[high] + start)
        second.append(columns[high] + start)
        cosines.append(values[high])
    return counts, (np.concatenate(first), np.concatenate(second), np.concatenate(cosines).astype(float))


def _histogram(counts: Doubles, raw: Doubles | None, exact: int, near: int) -> Markup:
    figure = new_figure(440, 220)
    axes = new_axes(figure, grid="y")
    shares = 100 * counts / counts.sum()
    axes.stairs(shares, _BINS, fill=True, color=OWN, alpha=0.85, label="codes")
    if raw is not None and raw.sum():
        axes.stairs(100 * raw / raw.sum(), _BINS, color=SECOND, linewidth=1.6, label="raw rows")
    top = max(shares.max(), 1e-9)
    if exact + near:
        total = counts.sum()
        axes.annotate(
            f"cosine > {SPIKE}:\n{exact:,} exact duplicates\n{near:,} other pairs",
            (1, min(100 * (exact + near) / total, top)),
            (0.62, 0.74 * top),
            color=INK,
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": BAD, "linewidth": 1},
        )
        axes.plot([1, 1], [0, 100 * (exact + near) / total], color=BAD, linewidth=3)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_xlim(-1.02, 1.02)
    axes.set_xlabel("cosine of two test rows")
    axes.set_ylabel("% of pairs")
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left")
    return as_svg(figure, "cosines", f"Histogram of cosines; above {SPIKE}: {exact} exact duplicates, {near} others")
