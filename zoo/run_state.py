"""Where an interrupted run left off: one folder a run, found again by what the run is."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.folders import put_in_place
from zoo.locks import locked_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class RunState:
    """A folder that only this process uses while the run lasts.

    Attributes:
        directory: the folder.
    """

    directory: Path

    @property
    def training(self) -> Path:
        """File for the state of training."""
        return self.directory / "training.npz"

    @property
    def run_id(self) -> str | None:
        """Id of the tracked run that was interrupted, if there is one."""
        path = self.directory / "run_id"
        text = path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else ""
        sound = text.isascii() and text.isprintable() and text.strip()
        return text if sound else None  # a crash may leave an empty file, or one of zeros

    def part(self, name: str) -> RunState:
        """The state of a part of the run (a seed, a fold, a run of a sweep), which is kept as long as the whole is."""
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        return RunState(directory)

    def remember(self, run_id: str) -> None:
        """Keeps the id of the tracked run."""
        temporary = self.directory / "run_id.partial"
        temporary.write_text(run_id, encoding="utf-8")
        put_in_place(temporary, self.directory / "run_id")


@contextlib.contextmanager
def claim(root: Path, *identity: str) -> Iterator[RunState]:
    """Claims the state of a run; it is removed when the block ends well, and kept for the next try when it does not.

    A second process that does the same run at the same time gets a folder of its own, and starts afresh.

    Args:
        root: folder of all states.
        *identity: texts that together say which run this is (recipe, data, version of the code).
    """
    key = digest(*identity)
    with contextlib.ExitStack() as held:
        directory = root / key
        root.mkdir(parents=True, exist_ok=True)
        try:
            held.enter_context(locked_folder(directory))
        except BlockingIOError:
            directory = root / f"{key}-{os.getpid()}"
            directory.mkdir(exist_ok=True)
        state = RunState(directory)
        try:
            yield state
        except BaseException:
            if not any(directory.rglob(state.training.name)):  # nothing was trained that could be taken up
                shutil.rmtree(directory)
            raise
        shutil.rmtree(directory)


def digest(*identity: str) -> str:
    """A short name for texts that together say which run this is."""
    return hashlib.blake2b("\0".join(identity).encode(), digest_size=12).hexdigest()
