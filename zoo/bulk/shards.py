"""An output that is a folder of Parquet files, or lies behind a URL."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.bulk.inputs_in_output import input_in_output
from zoo.bulk.outputs import ENDINGS, write_output
from zoo.errors import InputError, ZooError, one_line
from zoo.tables.files import file_system, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zoo.tables.table import Block, Table

_ROWS = 1_000_000
_OWN = re.compile(r"\.?(\.new-[0-9a-f]+-)?part-\d+\.parquet(\.new-[0-9a-f]+)?|_SUCCESS")
_WHOLE = re.compile(r"part-\d+\.parquet|_SUCCESS")  # what a job leaves that came to its end
_SUCCESS, _NOTES, _UPLOAD, _TRIAL = "_SUCCESS", "shards.json", "upload-", ".writable"


class Shards:
    """A `zoo.bulk.target.Target`: `part-00000.parquet` and so on, then `_SUCCESS`; or one file at a URL.

    Each file appears whole. Those that are written stay when a job is interrupted, and the blocks of a file that is
    written are not kept any longer. Where a folder holds an older output, the new files get names that no reader looks
    at, and take the place of the old ones when all of them are there.

    Args:
        place: a folder, a URL with a slash at its end, or a file's URL.
        rows_per_file: the most rows of a file; a million if None.

    Raises:
        InputError: a URL that cannot be used.
    """

    def __init__(self, place: str, rows_per_file: int | None) -> None:
        self.place, self._rows = place, rows_per_file or _ROWS
        self._is_here = "://" not in place
        local = str(Path(place).expanduser().absolute()) if self._is_here else place
        self._system, home = file_system(local, "output")
        self._name = "" if place.endswith("/") or rows_per_file else home.rpartition("/")[2]
        self._home = home.removesuffix(self._name).rstrip("/")
        self.file = Path(self._name or "part.parquet")
        self.facts: dict[str, Any] = {} if self._name else {"rows_per_file": self._rows}
        own = home.rstrip("/").rpartition("/")[2]
        if not self._is_here:  # two of one name, of other buckets
            own += "-" + hashlib.sha256(place.rstrip("/").encode()).hexdigest()[:8]
        # at a URL nothing can be locked or read in pieces: there the finished blocks wait in the working directory
        self.parts = (Path(self._home).parent if self._is_here else Path.cwd()) / f"{own}.partial"
        self._done: dict[int, int] = {}
        self._job = ""
        self._is_aside = False  # whether files wait under other names for the old ones to go

    def require(self, source: str | Table, *, overwrite: bool) -> None:
        """See `zoo.bulk.target.Target`."""
        del overwrite  # what is there is looked at when it is known whether it is this job's own
        if self._name and Path(self._name).suffix.lower() not in ENDINGS:
            raise InputError(
                f"output={self.place}: no writer for this ending; writable: {', '.join(ENDINGS)}, or, with a slash at "
                "its end, a folder of Parquet files"
            )
        folder = Path(self._home)
        if self._is_here and not folder.parent.is_dir():
            raise InputError(f"output={self.place}: there is no folder {folder.parent}; make it first")
        if self._is_here and folder.exists() and not folder.is_dir():
            raise InputError(f"output={self.place}: this is a file; name a folder")
        if isinstance(source, str) and f"{self._here()}/".startswith(f"{source.rstrip('/*')}/"):
            raise InputError(f"output={self.place}: lies in the folder that is read; write it elsewhere")
        if isinstance(source, str) and (read := self._read_from_here(source)):
            raise InputError(f"output={self.place}: holds what is read ({read}); write it elsewhere")

    def split(self, blocks: Sequence[Block]) -> list[list[Block]]:
        """See `zoo.bulk.target.Target`."""
        if self._name:
            return [list(blocks)]
        files: list[list[Block]] = []
        rows = self._rows
        for block in blocks:
            if rows + block.rows > self._rows:
                files.append([])
                rows = 0
            files[-1].append(block)
            rows += block.rows
        return files

    def begin(self, identity: Mapping[str, Any], *, overwrite: bool) -> set[int]:
        """See `zoo.bulk.target.Target`."""
        self._job = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        for left in (*self.parts.glob(f"{_UPLOAD}*"), *self.parts.glob(f".{_UPLOAD}*")):
            left.unlink()
        with self._reached("cannot be written to", InputError):
            make_folder(self._system, self._home)
            self._system.pipe_file(f"{self._home}/{_TRIAL}", b"")  # a refusal now, not once all is computed
            self._system.rm_file(f"{self._home}/{_TRIAL}")
            there = self._there()
        with contextlib.suppress(OSError, ValueError):
            notes = json.loads((self.parts / _NOTES).read_text(encoding="utf-8"))
            if notes["job"] == self._job:
                self._is_aside, moving = notes.get("aside", False), notes.get("moving", False)
                self._done = {n: size for n, size in notes["done"] if size in self._sizes(n, there, moving=moving)}
                return set(self._done)
        self._require_free(there, overwrite=overwrite)
        return set()

    def write(self, number: int, tables: Iterable[Any], rows: int, metadata: Mapping[str, str]) -> None:
        """See `zoo.bulk.target.Target`."""
        self._note()
        name = self._waiting(number)
        path = Path(self._home) / name if self._is_here else self.parts / f"{_UPLOAD}{self._file(number)}"
        write_output(path, tables, rows, metadata)
        size = path.stat().st_size
        if not self._is_here:
            with self._reached("could not be written"):
                self._system.put_file(str(path), f"{self._home}/{name}")
            path.unlink()
        self._done[number] = size
        self._note()

    def finish(self) -> None:
        """See `zoo.bulk.target.Target`."""
        if not self._name:
            with self._reached("could not be written"):
                if self._is_aside:
                    self._replace_old()
                self._system.pipe_file(f"{self._home}/{_SUCCESS}", b"")

    def _require_free(self, there: Mapping[str, int], *, overwrite: bool) -> None:
        if self._name:
            if self._name in there and not overwrite:
                raise InputError(f"output={self.place}: is there already; name another, or say overwrite=true")
            return
        foreign = sorted(name for name in there if not _OWN.fullmatch(name))
        if foreign:
            raise InputError(f"output={self.place}: holds something else ({foreign[0]}); name another folder")
        if there and not overwrite:
            raise InputError(f"output={self.place}: holds files already; name another folder, or say overwrite=true")
        with self._reached("could not be emptied"):
            for name in there:
                if not _WHOLE.fullmatch(name):  # another job was interrupted, and is given up
                    self._remove(name)
        self._is_aside = any(_WHOLE.fullmatch(name) for name in there)

    def _replace_old(self) -> None:
        """Gives the new files their names and removes the old ones; another call goes on where one stopped."""
        self._note(moving=True)
        there = self._there()
        if _SUCCESS in there:  # which would say that all are of one job
            self._remove(_SUCCESS)
        for number in sorted(self._done):
            if (waiting := self._waiting(number)) in there:
                self._system.mv(f"{self._home}/{waiting}", f"{self._home}/{self._file(number)}")
        for name in self._there().keys() - {self._file(number) for number in self._done}:
            if _OWN.fullmatch(name):
                self._remove(name)

    def _remove(self, name: str) -> None:
        self._system.rm_file(f"{self._home}/{name}")

    def _read_from_here(self, source: str) -> str:
        """A file of the input that lies where the output goes, which may be emptied; "" if there is none."""
        with self._reached("its input cannot be listed"):
            return input_in_output(source, self._system, f"{self._home}/{self._name}")

    def _file(self, number: int) -> str:
        return self._name or f"part-{number:05}.parquet"

    def _waiting(self, number: int) -> str:
        """The name of a file until all are there."""
        return f".new-{self._job[:8]}-{self._file(number)}" if self._is_aside else self._file(number)

    def _sizes(self, number: int, there: Mapping[str, int], *, moving: bool) -> set[int | None]:
        """The sizes of a file that this job wrote, under either name once the old ones go."""
        return {there.get(self._waiting(number))} | ({there.get(self._file(number))} if moving else set())

    def _there(self) -> dict[str, int]:
        """Files of the folder and their sizes."""
        self._system.invalidate_cache()
        found = self._system.find(self._home, detail=True).items() if self._system.exists(self._home) else ()
        return {path.removeprefix(self._home).lstrip("/"): facts["size"] for path, facts in found}

    def _note(self, *, moving: bool = False) -> None:
        path = self.parts / _NOTES
        new = path.with_name(f"{path.name}.new-0")
        notes = {"job": self._job, "done": list(self._done.items()), "aside": self._is_aside, "moving": moving}
        new.write_text(json.dumps(notes), encoding="utf-8")
        new.replace(path)

    def _here(self) -> str:
        return self._home if self._is_here else self.place.rstrip("/")

    @contextlib.contextmanager
    def _reached(self, problem: str, kind: type[ZooError] = ZooError) -> Iterator[None]:
        """Says what cannot be done at the output; as an InputError where nothing is done yet that could go on."""
        try:
            yield
        except ZooError:
            raise
        except Exception as error:  # clients of object stores raise whatever they like
            is_theirs = isinstance(error, PermissionError | FileNotFoundError)
            words = f"output={self.place}: {problem} ({one_line(error)}); once that is mended, the same command goes on"
            raise (kind if is_theirs else ZooError)(words) from error
