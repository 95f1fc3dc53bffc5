"""Finished blocks, kept beside the output until all are there."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import uuid
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, ZooError, one_line
from zoo.locks import locked_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from zoo.tables.table import Block

_MANIFEST, _LOCK, _FAILURE = "manifest.json", "lock", "failure.json"
_OWN = re.compile(r"(manifest\.json|lock|failure\.json|shards\.json|\.?upload-.+|part-\d+\.arrow)(\.new-[0-9a-f]+)?")


class Parts:
    """A folder with one file for each finished block.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Makes the folder and locks it while the block lasts.

        Raises:
            InputError: it cannot be made, or holds files that are not its own.
            ZooError: another process has it.
        """
        foreign: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            foreign = sorted(each.name for each in self.folder.iterdir() if not _OWN.fullmatch(each.name))
        if foreign:
            raise InputError(
                f"{self.folder} is for finished blocks, and holds something else ({foreign[0]}); move it away"
            )
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(locked_folder(self.folder, _LOCK))
            except BlockingIOError:
                raise ZooError(
                    f"another process is writing this output (it holds {self.folder / _LOCK}); wait until it ends, or "
                    f"write another file"
                ) from None
            except OSError as error:
                raise InputError(
                    f"output: {self.folder.parent} cannot be written to ({error.strerror}); choose another folder"
                ) from None
            yield

    def missing(
        self, blocks: Sequence[Block], identity: Mapping[str, Any], console: Console, table: str = ""
    ) -> list[Block]:
        """The blocks that are not finished, after parts of another job are dropped; says if the job goes on.

        Args:
            blocks: of the whole job.
            identity: see `prepare`.
            console: says so.
            table: which of several is meant, with what parts it from the rest of the sentence.
        """
        changed = self.prepare(identity)
        if changed is not None:
            said = f"starting afresh: {changed} changed since the interrupted job"
            console.print(said, highlight=False, markup=False)
        missing = [block for block in blocks if not self.has(block)]
        if len(missing) < len(blocks):
            there = sum(block.rows for block in blocks) - sum(block.rows for block in missing)
            console.print(f"{table}going on: {there:,} rows are encoded already", highlight=False, markup=False)
        return missing

    def prepare(self, identity: Mapping[str, Any]) -> str | None:
        """Keeps the parts of the same job, and drops those of another.

        Args:
            identity: what makes parts belong together, JSON-ready.

        Returns:
            What differs from the job whose parts were dropped; None if none were.
        """
        path = self.folder / _MANIFEST
        wanted, before = json.loads(json.dumps(identity)), None
        with contextlib.suppress(OSError, ValueError):
            before = json.loads(path.read_text(encoding="utf-8"))
        if before == wanted:
            for left in self.folder.glob("*.new-*"):  # by a process that was killed
                left.unlink()
            return None
        dropped = 0
        for each in self.folder.iterdir():
            if each.name != _LOCK:
                dropped += each.suffix == ".arrow"
                each.unlink()
        self._write(path, lambda new: new.write_text(json.dumps(identity, indent=1), encoding="utf-8"))
        if not dropped:
            return None
        was = before if isinstance(before, dict) else {}
        return ", ".join(key for key in wanted if was.get(key) != wanted[key]) or "its manifest"

    def path(self, block: Block) -> Path:
        """The file of a block."""
        return self.folder / f"part-{block.number:08}.arrow"

    def has_any(self) -> bool:
        """Whether a job has left anything to go on with."""
        return any(each.name != _LOCK for each in self.folder.iterdir())

    def has(self, block: Block) -> bool:
        """Whether a block is finished; a part that a power cut has damaged is not."""
        import pyarrow as pa

        try:
            with pa.memory_map(str(self.path(block))) as file:
                reader = pa.ipc.open_file(file)
                return sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches)) == block.rows
        except (OSError, pa.ArrowException):
            return False

    def write(self, block: Block, table: Any) -> None:
        """Keeps a block's rows, whole or not at all.

        Raises:
            ZooError: there is no space for them.
        """
        import pyarrow as pa

        def write(new: Path) -> None:
            with pa.OSFile(str(new), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table.unify_dictionaries())  # a file has one dictionary for each column

        self._write(self.path(block), write)

    def read(self, block: Block) -> Any:
        """A block's rows, a `pyarrow.Table`."""
        import pyarrow as pa

        with pa.OSFile(str(self.path(block)), "rb") as file:
            return pa.ipc.open_file(file).read_all()

    def drop(self, blocks: Sequence[Block]) -> None:
        """Removes blocks that are not needed any longer."""
        for block in blocks:
            self.path(block).unlink(missing_ok=True)

    def write_failure(self, error: ZooError) -> None:
        """Writes an error down for the process that started the job."""
        text = json.dumps({"status": error.exit_status, "message": str(error)})
        self._write(self.folder / _FAILURE, lambda new: new.write_text(text, encoding="utf-8"))

    def raise_failure(self) -> None:
        """Raises the error that a worker wrote down, if one did."""
        with contextlib.suppress(FileNotFoundError):
            failure = json.loads((self.folder / _FAILURE).read_text(encoding="utf-8"))
            raise (InputError if failure["status"] == InputError.exit_status else ZooError)(failure["message"])

    def forget_failure(self) -> None:
        """Removes what earlier workers wrote down."""
        (self.folder / _FAILURE).unlink(missing_ok=True)

    def remove(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, path: Path, write: Any) -> None:
        new = path.with_name(f"{path.name}.new-{uuid.uuid4().hex[:8]}")
        try:
            write(new)
            new.replace(path)
        except OSError as error:
            raise ZooError(
                f"{path} could not be written ({one_line(error)}); make space, then the same command goes on where it "
                "stopped"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
