"""An output that is one file on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.bulk.outputs import remove_abandoned, require_output, write_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from zoo.tables.table import Block, Table


class OneFile:
    """A `zoo.bulk.target.Target`.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.place, self.file, self.facts = str(path), path, dict[str, Any]()
        self.parts = path.with_name(f"{path.name}.partial").absolute()

    def require(self, source: str | Table, *, overwrite: bool) -> None:
        """See `zoo.bulk.target.Target`."""
        require_output(self.file, source, overwrite=overwrite)

    def split(self, blocks: Sequence[Block]) -> list[list[Block]]:
        """See `zoo.bulk.target.Target`."""
        return [list(blocks)]

    def begin(self, identity: Mapping[str, Any], *, overwrite: bool) -> set[int]:
        """See `zoo.bulk.target.Target`."""
        del identity, overwrite
        remove_abandoned(self.file)
        return set()

    def write(self, number: int, tables: Iterable[Any], rows: int, metadata: Mapping[str, str]) -> None:
        """See `zoo.bulk.target.Target`."""
        del number
        write_output(self.file, tables, rows, metadata)

    def finish(self) -> None:
        """See `zoo.bulk.target.Target`."""
