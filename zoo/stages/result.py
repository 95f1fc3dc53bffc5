"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.encoder import Encoder
    from zoo.types import Report, Verdict

_WIDTH = 150


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        report: representations x metrics.
        verdict: gate by gate.
        encoder: the trained encoder.
        run_id: of the tracked run.
        version: of the registered encoder; None if it was not blessed.
        directory: of the version in the store; None if it did not become the champion.
        promoted: whether it became the champion.
        page: absolute path or URI of the report page; None if none was drawn.
    """

    report: Report
    verdict: Verdict
    encoder: Encoder
    run_id: str
    version: int | None = None
    directory: Path | None = None
    promoted: bool = False
    page: str | None = None

    def __str__(self) -> str:
        """The table of scores, and whether the encoder is blessed."""
        from io import StringIO

        from rich.console import Console

        from zoo.report.tables import report_table

        written = StringIO()
        Console(file=written, width=_WIDTH).print(report_table(self.report))
        reasons = "".join(f"\n  {reason}" for reason in self.verdict.reasons)
        return (
            f"{written.getvalue()}\n{'blessed' if self.verdict.blessed else 'not blessed'}: {self.encoder!r}{reasons}"
        )

    def _repr_html_(self) -> str:
        """The table of scores in a notebook."""
        return self.report._repr_html_()

    def save(self, folder: str | Path) -> Path:
        """Copies the encoder, blessed or not, to a folder that `zoo.load` reads; see `zoo.Encoder.save`."""
        return self.encoder.save(folder)
