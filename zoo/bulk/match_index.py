"""A table that was matched, kept in a folder, so that new rows find what they are."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.bulk.coded_table import CodedTable
from zoo.errors import InputError, ZooError, one_line
from zoo.matching.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FORMAT = 1
_ROWS, _ABOUT = "rows.parquet", "index.json"
_ID, _ENTITY, _CODE, _FIELD = "id", "entity", "code", "field_"


@dataclass(frozen=True)
class MatchIndex:
    """A table's rows, codes and, where it was deduplicated, entities; and how its pairs were scored.

    Attributes:
        table: the table.
        scorer: of its pairs.
        entities: [rows] the ids of entities, a `pyarrow.Array`, or None.
    """

    table: CodedTable
    scorer: Scorer
    entities: Any = None

    @property
    def names(self) -> list[str]:
        """The columns that are compared."""
        return list(self.table.fields.column_names)

    def require_same(self, encoder: str) -> None:
        """Raises InputError if another encoder has made the codes."""
        if self.table.identity["encoder"] != encoder:
            raise InputError(
                f"the index of {self.table.name} was made with another encoder or version: name that, or make it again"
            )

    def require_fields(self, asked: Sequence[str]) -> None:
        """Raises InputError if other columns are to be compared than the index has."""
        if asked and list(asked) != self.names:
            raise InputError(
                f"fields={','.join(asked)}: the index of {self.table.name} compares {', '.join(self.names)}; leave "
                "fields out, or make the index again"
            )

    @staticmethod
    def require_free(folder: Path, *, overwrite: bool) -> None:
        """Raises InputError for a folder that cannot be written."""
        if not folder.parent.is_dir():
            raise InputError(f"index={folder}: there is no folder {folder.parent}; make it first")
        if not folder.exists():
            return
        if not (folder / _ABOUT).is_file():
            raise InputError(f"index={folder}: is there already, and no index; name another folder")
        if not overwrite:
            raise InputError(
                f"index={folder}: there is an index already; match new rows with it by leaving b out, name another "
                "folder, or say overwrite=true"
            )

    def write(self, folder: Path) -> None:
        """Writes the folder, whole or not at all.

        Raises:
            ZooError: there is no space for it.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        new = folder.with_name(f".{folder.name}.new-{uuid.uuid4().hex[:8]}")
        old = new.with_name(f"{new.name}.old")
        codes = np.ascontiguousarray(self.table.codes, np.float32)
        columns = {_ID: self.table.ids, **({} if self.entities is None else {_ENTITY: self.entities})}
        columns |= {f"{_FIELD}{name}": self.table.fields.column(name) for name in self.names}
        columns[_CODE] = pa.FixedSizeListArray.from_arrays(pa.array(codes.ravel()), codes.shape[1])
        about = {
            "format": _FORMAT,
            "name": self.table.name,
            "identity": self.table.identity,
            "fields": self.names,
            "scorer": self.scorer.get_config(),
        }
        try:
            new.mkdir()
            pq.write_table(pa.table(columns), new / _ROWS)
            (new / _ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
            if folder.exists():
                folder.rename(old)
            try:
                new.rename(folder)
            except BaseException:  # there is always an index: the new one, or the one before
                if old.exists():
                    old.rename(folder)
                raise
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise ZooError(f"index={folder} could not be written ({one_line(error)}); make space") from error
        finally:
            shutil.rmtree(new, ignore_errors=True)

    @classmethod
    def read(cls, folder: Path) -> MatchIndex:
        """The index of a folder.

        Raises:
            InputError: there is none, or a damaged one.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
            rows = pq.read_table(folder / _ROWS)
        except FileNotFoundError as error:
            raise InputError(
                f"index={folder}: no index there; write one with index= beside a= and b=, or with zoo.deduplicate"
            ) from error
        except (OSError, ValueError, pa.ArrowException) as error:
            raise InputError(f"index={folder}: cannot be read ({one_line(error)}); make it again") from error
        if about["format"] != _FORMAT:
            raise InputError(f"index={folder}: was written by another version of the zoo; make it again")
        code = rows.column(_CODE).combine_chunks()
        codes = code.flatten().to_numpy().reshape(rows.num_rows, -1)
        fields = pa.table({name: rows.column(f"{_FIELD}{name}") for name in about["fields"]})
        table = CodedTable(about["name"], rows.column(_ID).combine_chunks(), fields, codes, about["identity"])
        entities = rows.column(_ENTITY).combine_chunks() if _ENTITY in rows.column_names else None
        return cls(table, Scorer.from_config(about["scorer"]), entities)
