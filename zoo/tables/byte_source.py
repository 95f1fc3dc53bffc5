"""The bytes of a file, wherever it lies: unpacked, and text as UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, one_line
from zoo.tables.files import ending, file_system, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_READ = 2**20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PLAIN = {"utf-8", "utf-8-sig", "ascii"}


def _zstd(file: Any) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(file), "zstd")


PACKED: dict[str, Callable[[Any], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".zst": _zstd,
}


class ByteSource:
    """A file here or at a URL that fsspec knows.

    Args:
        place: its path or URL.
        encoding: of its text; None takes UTF-8, or what a byte order mark says.

    Attributes:
        place: as above.
        name: what to call it in messages.
        packed: the ending that says how it is packed, or None.
    """

    def __init__(self, place: Path | str, encoding: str | None = None) -> None:
        self.place, self.name = place, str(place)
        self._encoding = encoding
        self.packed = ending(Path(self.name), PACKED)

    @property
    def stem(self) -> Path:
        """Its name without the ending of a packed file."""
        return Path(self.name[: len(self.name) - len(self.packed or "")])

    def open(self) -> Any:
        """A binary file that can `read` and `seek`; seeking in packed or other text than UTF-8 reads on, or anew."""
        if self.packed is None and self._recoded() is None:
            return self._opened()
        return _Forward(self._chunks)

    def head(self, size: int = _READ) -> bytes:
        """The first bytes, unpacked and as UTF-8."""
        with readable(self.name), self.open() as file:
            data: bytes = file.read(size)
        return data

    def whole(self) -> Any:
        """The file as one `pyarrow.NativeFile`: a memory map where it lies here and is not packed."""
        import pyarrow as pa

        if isinstance(self.place, Path) and self.packed is None:
            return pa.memory_map(str(self.place))
        with self.open() as file:
            return pa.BufferReader(b"".join(iter(lambda: file.read(_READ), b"")))

    def size(self) -> int:
        """Bytes, packed as it is."""
        return int(self.identity()["bytes"])

    def identity(self) -> dict[str, Any]:
        """What tells whether the file was changed."""
        if isinstance(self.place, Path):
            facts = self.place.stat()
            return {"path": str(self.place), "bytes": facts.st_size, "changed": facts.st_mtime_ns}
        system, path = file_system(self.place)
        return {"path": self.name, "bytes": system.size(path), "changed": system.ukey(path)}

    def _opened(self) -> Any:
        if isinstance(self.place, Path):
            return self.place.open("rb")
        system, path = file_system(self.place)
        return system.open(path, "rb")

    def _recoded(self) -> str | None:
        """The encoding that must be turned into UTF-8, or None."""
        if self._encoding is not None:
            return None if codecs.lookup(self._encoding).name in _PLAIN else self._encoding
        with readable(self.name), self._opened() as file:
            data = PACKED[self.packed](file).read(4) if self.packed else file.read(4)
        return "utf-16" if data.startswith(_UTF16) else None

    def _chunks(self) -> Generator[bytes]:
        recoded = self._recoded()
        decoder = None if recoded is None else codecs.getincrementaldecoder(recoded)()
        with self._opened() as file:
            plain = PACKED[self.packed](file) if self.packed else file
            while data := plain.read(_READ):
                yield data if decoder is None else self._decoded(decoder, data)
            if decoder is not None:
                yield self._decoded(decoder, b"", final=True)

    def _decoded(self, decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> bytes:
        try:
            return decoder.decode(data, final).encode()
        except UnicodeError as error:
            raise InputError(f"{self.name}: not text in the encoding {self._recoded()} ({one_line(error)})") from error


class _Forward:
    """A binary file made of chunks; it seeks by reading on, or anew from the start."""

    def __init__(self, chunks: Callable[[], Generator[bytes]]) -> None:
        self._make = chunks
        self._restart()

    def __enter__(self) -> _Forward:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file below."""
        self._chunks.close()

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        while len(self._held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._held += chunk
        data = bytes(self._held[:size])
        del self._held[:size]
        self._position += len(data)
        return data

    def seek(self, position: int) -> None:
        """Goes to a byte, from the start."""
        if position < self._position:
            self.close()
            self._restart()
        while self._position < position:
            if not self.read(min(_READ, position - self._position)):
                return

    def _restart(self) -> None:
        self._chunks = self._make()
        self._held = bytearray()
        self._position = 0
