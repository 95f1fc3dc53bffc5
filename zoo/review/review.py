"""What a review came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError, one_line
from zoo.page import draw
from zoo.report.messages import collapses, copies, without_value
from zoo.report.tables import differences_table, report_table, verdict_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.stages.voice import Voice
    from zoo.types import Evidence, Report, Verdict


@dataclass(frozen=True)
class Review:
    """Scores of what was judged without being trained.

    Attributes:
        report: representations x metrics; what is judged comes first.
        verdict: gate by gate; None where nothing was asked.
        page: the report page; None if none was wanted.
    """

    report: Report
    verdict: Verdict | None = None
    page: Path | None = None

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def reviewed(
    voice: Voice,
    report: Report,
    verdict: Verdict | None,
    evidence: Evidence,
    *,
    recipe: Mapping[str, Any],
    made: Mapping[str, str],
    page: str | Path | None,
) -> Review:
    """Prints a report and draws its page.

    Raises:
        ZooError: the page cannot be written.
    """
    voice.show(report_table(report))
    if verdict is not None:
        voice.show(verdict_table(verdict))
    elif any(report.differences.values()):
        voice.show(differences_table(report))
    for note in (*without_value(report), *collapses(report), *copies(report)):
        voice.note(note)
    if page is None:
        return Review(report, verdict)
    path = Path(page).expanduser()
    drawn = draw(recipe, report, verdict, evidence, None, made)
    try:
        path.write_text(drawn.html, encoding="utf-8")
    except OSError as error:
        raise ZooError(f"the page cannot be written: {one_line(error)}; name another file with page=FILE") from error
    for failure in drawn.failures:
        voice.note(f"report page: {failure}")
    voice.say(f"report  {path}")
    return Review(report, verdict, path)
