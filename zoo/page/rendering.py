"""Puts a page together, section by section; a section that fails says so, and the page goes on."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import one_line
from zoo.page.drawing import settings as drawing_settings
from zoo.page.material import Material
from zoo.page.numbers import number
from zoo.page.page import Page
from zoo.page.summary import summary
from zoo.types import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.types import Evidence, Trained, Verdict

PAGE_FILE, MAP_FILE = "report.html", "map.parquet"
# from top to bottom; each is a module of `zoo.page.sections` with `draw`, and a template of the same name
SECTIONS = (
    "scores",
    "gates",
    "curves",
    "reconstructions",
    "separation",
    "fields",
    "cosines",
    "map",
    "clusters",
    "errors",
    "latent",
    "duplicates",
    "provenance",
)


@dataclass(frozen=True)
class Drawn:
    """A page and what lies beside it.

    Attributes:
        html: the page.
        map_table: a `pyarrow.Table` for `map.parquet`; None where there is nothing to map.
        failures: what could not be drawn and why, one sentence each.
    """

    html: str
    map_table: Any
    failures: tuple[str, ...]


def render(
    recipe: Mapping[str, Any],
    report: Report,
    verdict: Verdict | None,
    evidence: Evidence,
    trained: Trained | None,
    made: Mapping[str, str],
    page: Page | None = None,
) -> str:
    """The page as HTML; see `draw`."""
    return draw(recipe, report, verdict, evidence, trained, made, page).html


def draw(
    recipe: Mapping[str, Any],
    report: Report,
    verdict: Verdict | None,
    evidence: Evidence,
    trained: Trained | None,
    made: Mapping[str, str],
    page: Page | None = None,
) -> Drawn:
    """Draws all that there is to show of a judged encoder.

    Args:
        recipe: the composed recipe, or what there is of one; `name` and `purpose` are shown.
        report: representations x metrics.
        verdict: gate by gate; None where nothing was asked.
        evidence: what the report was made from.
        trained: the trained model, for learning curves, traversals and samples; None where none was trained.
        made: further facts of how the encoder was made.
        page: how to draw.
    """
    material = Material(recipe, report, verdict, evidence, trained, made, page or Page())
    failures: list[str] = []
    with drawing_settings():
        sections = list(_sections(material, failures))
    html = _templates().get_template("page.html.j2").render(summary=summary(material), sections=sections)
    return Drawn(html, _table(material), tuple(failures))


def map_table(evidence: Evidence, page: Page | None = None) -> Any:
    """The table of `map.parquet`, see `zoo.page.mapping.table`; None where rows cannot be mapped."""
    nothing = Report({}, {}, {}, {}, {}, confidence=0.95, resamples=0)
    return _table(Material({}, nothing, None, evidence, None, {}, page or Page()))


def _table(material: Material) -> Any:
    from zoo.page.mapping import table

    try:
        where = material.mapped
        return None if isinstance(where, str) else table(material, where)
    except Exception:  # the section of the map has said why
        return None


def _sections(material: Material, failures: list[str]) -> Iterator[dict[str, Any]]:
    templates = _templates()
    for name in SECTIONS:
        module = importlib.import_module(f"zoo.page.sections.{name}")
        try:
            shown = module.draw(material)
            if shown is None:
                continue
            html = templates.get_template(f"{name}.html.j2").render(shown)
        except Exception as error:  # whatever it is: a figure must never cost a run its result
            reason = f"{type(error).__name__}: {one_line(error)}"
            failures.append(f"{module.TITLE}: {reason}")
            yield {"id": name, "title": module.TITLE, "failure": reason}
            continue
        yield {"id": name, "title": module.TITLE, "html": html}


def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("zoo.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment
