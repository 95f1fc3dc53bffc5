"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.encoder import Encoder
    from zoo.types import Report, Verdict


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
