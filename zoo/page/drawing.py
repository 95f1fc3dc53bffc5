"""Static figures as SVG that takes its colours from the page, so that one drawing serves light, dark and print."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping

# Figures are drawn in colours that stand for roles; the SVG then names the page's variables instead.
INK, MUTED, LINE, OWN, OTHER, GOOD, BAD, SECOND, PAPER = (
    "#010203",
    "#020304",
    "#030405",
    "#040506",
    "#050607",
    "#060708",
    "#070809",
    "#08090a",
    "#090a0b",
)
_ROLES = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    OWN: "own",
    OTHER: "other",
    GOOD: "good",
    BAD: "bad",
    SECOND: "second",
    PAPER: "paper",
}
_SETTINGS: Mapping[str, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font
    "text.parse_math": False,  # a name with dollars in it is a name
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.unicode_minus": True,
    "path.simplify": True,
}
_LONGEST = 22


def new_figure(width: float, height: float) -> Any:
    """An empty figure of so many CSS pixels, without pyplot's global state."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # says that it builds its cache
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def new_axes(figure: Any, *, grid: str = "x") -> Any:
    """The one pair of axes of a figure, with thin lines and without a frame."""
    axes = figure.add_subplot()
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(side == "bottom")
        axes.spines[side].set_color(LINE)
    axes.tick_params(colors=MUTED, length=0, labelsize=10)
    axes.xaxis.label.set_color(MUTED)
    axes.yaxis.label.set_color(MUTED)
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=LINE, linewidth=0.7)
    return axes


def as_svg(figure: Any, name: str, description: str) -> Markup:
    """A figure as inline SVG.

    Args:
        figure: the figure.
        name: tells its ids from those of other figures of the page.
        description: what a person sees there, for those who do not.
    """
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(text.getvalue(), description)


def _inline(svg: str, description: str) -> Markup:
    """What matplotlib writes, without what a page has already or does not need."""
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0]
    svg = svg[svg.index("<svg") :]
    svg = svg[svg.index(">") + 1 :]
    for pattern in (r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<!--.*?-->", r' transform="rotate\(-0 [^"]*"'):
        svg = re.sub(pattern, "", svg, flags=re.DOTALL)
    svg = re.sub(r" ?font-family: [^;\"]*;?", "", svg).replace("xlink:href", "href")
    referred = set(re.findall(r'#([\w-]+)[")]', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in referred else "", svg)
    svg = re.sub(r"#0[0-9a-f]0[0-9a-f]0[0-9a-f]", lambda found: _variable(found[0]), svg)
    svg = re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    head = Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}" style="max-width:{}px">')
    return head.format(description, width, height, round(float(width))) + Markup(svg)  # noqa: S704  it escapes all text


def shortened(name: object, most: int = _LONGEST) -> str:
    """A name that fits beside a bar."""
    text = " ".join(str(name).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def settings() -> Any:
    """Matplotlib's settings for the figures, for the length of a `with`."""
    import matplotlib as mpl

    return mpl.rc_context(dict(_SETTINGS))


def _variable(colour: str) -> str:
    return f"var(--{_ROLES[colour]})" if colour in _ROLES else colour
