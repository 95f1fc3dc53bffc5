"""The report page of a run: drawn, kept with the run, and handed on to the export."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.environment import facts
from zoo.errors import as_utf8, one_line
from zoo.page import MAP_FILE, PAGE_FILE, draw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.recipe import Recipe
    from zoo.stages.voice import Voice
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.types import Evidence, Report, Trained, Verdict

_BESIDE = "assets.extra"  # TensorFlow Serving leaves this folder of a version alone


@dataclass(frozen=True)
class PageFiles:
    """A drawn page.

    Attributes:
        where: an absolute path or a URI of the page; None if there is none.
        exported: what goes along with an exported version, by path.
    """

    where: str | None = None
    exported: Mapping[str, str | bytes] = field(default_factory=dict)


def drawn_page(
    recipe: Recipe,
    run: TrackedRun,
    voice: Voice,
    trained: Trained,
    *,
    report: Report,
    verdict: Verdict,
    evidence: Evidence,
) -> PageFiles:
    """Draws the page, if the recipe has one, and keeps it with the run.

    What cannot be drawn or kept is a note: it never costs a run.
    """
    if recipe.config["page"] is None:
        return PageFiles()
    try:
        drawn = draw(recipe.public().config, report, verdict, evidence, trained, made(run.run_id), recipe.build("page"))
        for failure in drawn.failures:
            voice.note(f"report page: {failure}")
        files: dict[str, str | bytes] = {PAGE_FILE: as_utf8(drawn.html)}
        if drawn.map_table is not None:
            files[MAP_FILE] = _parquet(drawn.map_table)
        _keep(run, files)
        return PageFiles(run.location(PAGE_FILE), {f"{_BESIDE}/{name}": content for name, content in files.items()})
    except Exception as error:  # whatever it is, a full disk included
        voice.note(f"there is no report page: {type(error).__name__}: {one_line(error)}")
        return PageFiles()


def made(run_id: str) -> dict[str, str]:
    """How an encoder was made, beyond what recipe and data say."""
    versions = ", ".join(f"{name} {version}" for name, version in facts().items())
    return {"run": f"`{run_id}` in MLflow, with the recipe, the report and the Keras model", "made with": versions}


def _keep(run: TrackedRun, files: Mapping[str, str | bytes]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            path = Path(scratch) / name
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            run.log_file(path)


def _parquet(table: object) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())
