"""The one pass over a table that will be streamed: what is in it, which rows are for what, and a sample of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._cleaning import oddities, scan
from zoo.data._key_split import key_positions, parts_by_position
from zoo.data._row_sample import RowSample, SomeRows
from zoo.errors import InputError
from zoo.tables.fingerprint import fingerprint
from zoo.tables.keys import require_utf8, row_keys
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from zoo.data._cleaning import Scan
    from zoo.data._read_columns import ReadColumns
    from zoo.data._vector_files import Wanted
    from zoo.tables.table import Block, Table

SPLITS = ("train", "validation", "test")


@dataclass
class TablePass:
    """Reads a table block by block.

    Attributes:
        table: the table.
        read: the columns that vectors are made of.
        wanted: those of keys and labels.
        width: of a vector.
        shares: of validation and test, as `zoo.data.Vectors` has them.
        drop: whether vectors that are not finite are left out; otherwise they are an error.
        most: rows of each split that are kept in memory.
        training: which rows of each block are trained on, packed.
        samples: of each split.
        dropped: how many vectors were left out.
        digest: of the content.
    """

    table: Table
    read: ReadColumns
    wanted: Wanted
    width: int
    shares: tuple[float, float]
    drop: bool
    most: int
    training: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    samples: dict[str, RowSample] = field(default_factory=dict)
    dropped: int = 0
    digest: str = ""
    _found: Scan | None = None

    def run(self, blocks: Sequence[Block]) -> None:
        """Looks at all blocks of the table.

        Raises:
            InputError: cells, keys or vectors that cannot be used.
        """
        self.samples = {name: RowSample(self.most) for name in SPLITS}
        aside = [name for name in (self.wanted.key_column, self.wanted.label_column) if name is not None]
        pieces = self.table.read(blocks, list(dict.fromkeys([*self.read.names, *aside])))
        for block, piece in zip(blocks, pieces, strict=True):
            self._look(block, piece)

    def oddities(self, *, allow_constant: bool) -> list[str]:
        """What is odd about the rows; see `zoo.data._cleaning.oddities`."""
        notes = []
        if self.dropped:
            notes.append(f"Dropped {count(self.dropped, 'vector')} with NaN or infinite numbers.")
        assert self._found is not None  # noqa: S101  a table has a block
        rows = sum(sample.seen for sample in self.samples.values())
        return notes + oddities(self._found, rows, self.table.name, allow_constant=allow_constant)

    def _look(self, block: Block, piece: Any) -> None:
        where = self.table.name
        vectors = self.read.vectors(piece, where, block.first, self.width)
        keys = row_keys(piece, self.wanted.key_column, where, block.first)
        require_utf8(keys, where)
        self.digest = fingerprint(self.digest, keys, vectors.astype("<f4", copy=False))
        found = scan(vectors, np.ones(len(vectors), bool))
        self._refuse_infinite(found.finite, keys)
        if self._found is None:
            self._found = found
        else:
            self._found.add(found)
        positions = key_positions(keys)
        names = np.asarray(keys, dtype=object)
        for split, part in parts_by_position(positions, *self.shares).items():
            chosen = part & found.finite
            if split == "train":
                self.training.append(np.packbits(chosen))
            places = np.flatnonzero(chosen)
            labels = self._labels(piece, places)
            self.samples[split].add(
                SomeRows(positions[places], block.first + places, vectors[places], names[places], labels)
            )

    def _labels(self, piece: Any, places: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        labels = np.full(len(places), None, dtype=object)
        if self.wanted.label_column is not None:
            labels[:] = piece.column(self.wanted.label_column).take(places).to_pylist()
        return labels

    def _refuse_infinite(self, finite: npt.NDArray[np.bool_], keys: Sequence[str]) -> None:
        bad = [keys[place] for place in np.flatnonzero(~finite).tolist()]
        if bad and not self.drop:
            raise InputError(
                f"{self.table.name}: vectors are NaN or infinite as float32 (keys: {some(bad)}, the first that were "
                "met); repair them, or leave them out with data.invalid=drop"
            )
        self.dropped += len(bad)
