"""What a review came to."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, ZooError, one_line
from zoo.page import draw
from zoo.report.fields_table import fields_table
from zoo.report.messages import judged_so_far, notes
from zoo.report.tables import differences_table, report_table, verdict_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.page.page import Page
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
    page: Path | None,
    settings: Page | None = None,
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
    if report.fields is not None:
        voice.show(fields_table(report.fields))
    voice.say(judged_so_far(report))
    for note in notes(report):
        voice.note(note)
    if page is None:
        return Review(report, verdict)
    drawn = draw(recipe, report, verdict, evidence, None, made, settings)
    try:
        page.write_text(drawn.html, encoding="utf-8")
    except OSError as error:
        raise ZooError(f"the page cannot be written: {one_line(error)}; name another file with page=FILE") from error
    for failure in drawn.failures:
        voice.note(f"report page: {failure}")
    voice.say(f"report  {page}")
    return Review(report, verdict, page.absolute())


def writable_page(page: str | Path | None) -> Path | None:
    """Where the page will be written, tried before anything is computed; None for none.

    Raises:
        InputError: it cannot be written.
    """
    if page is None:
        return None
    path, advice = Path(page).expanduser(), "name another file with page=FILE, or none with page=none"
    if path.is_dir():
        raise InputError(f"the page cannot be written: {path} is a folder; {advice}")
    if not path.parent.is_dir():
        raise InputError(f"the page cannot be written: there is no folder {path.parent}; {advice}")
    try:
        if path.exists():
            with path.open("a"):
                pass
        else:
            with tempfile.TemporaryFile(dir=path.parent):
                pass
    except OSError as error:
        raise InputError(f"the page cannot be written: {one_line(error)}; {advice}") from None
    return path
