"""word2vec's binary format."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zoo.data.readers._table import Table
from zoo.data.readers._word2vec import load_every_row, open_plain
from zoo.errors import InputError
from zoo.tables.files import readable

if TYPE_CHECKING:
    from pathlib import Path

_OF_NUMBERS_IN_TEXT = frozenset(b"0123456789.-+eE \r\n\t")
_SAMPLE = 4096


class BinaryVectors:
    """Reads `.bin` as the word2vec tool writes it: a line "rows width", then each key, a space, `width` float32."""

    suffixes: ClassVar[tuple[str, ...]] = (".bin", ".bin.gz")

    def read(self, path: Path, limit: int | None = None) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

        Raises:
            InputError: another format under this name, a file that ends too early, or keys that are not UTF-8.
        """
        with readable(path):
            rows, width = _header(path)
            wanted = rows if limit is None else min(rows, limit)
            promise = f"{path}: its first line promises {rows:,} vectors of {width} float32, but the file "
            # Before gensim sets memory aside for what a damaged header promises.
            holds = path.stat().st_size // (4 * width + 1)
            if not path.name.lower().endswith(".gz") and holds < wanted:
                raise InputError(f"{promise}ends after at most {holds:,}; it is cut off, download it again")
            try:
                keys, vectors = load_every_row(path, wanted, binary=True)
            except EOFError as error:
                raise InputError(f"{promise}ends before vector {wanted:,}; it is cut off, download it again") from error
            except UnicodeDecodeError as error:
                raise _not_utf8(path, error) from error
        return Table(keys, vectors, available=rows)


def _header(path: Path) -> tuple[int, int]:
    with open_plain(path) as file:
        line, sample = file.readline(_SAMPLE), file.read(_SAMPLE)
    sizes = line.split()
    if len(sizes) != 2 or not all(size.isdigit() for size in sizes):
        raise InputError(
            f"{path}: expected word2vec binary, whose first line is 'rows width', found {line[:40]!r}; text must end "
            "in .txt or .vec, gensim's own format in .kv; of fastText's models, load the .vec file instead of the .bin"
        )
    rows, width = int(sizes[0]), int(sizes[1])
    if not rows or not width:
        raise InputError(f"{path}: its first line promises {rows} vectors of width {width}: no table to train on")
    # Text read as binary would give rows of nonsense instead of an error.
    if sample and sum(byte in _OF_NUMBERS_IN_TEXT for byte in sample) > 0.6 * len(sample):
        raise InputError(f"{path}: the vectors are written as text, not binary; rename the file to end in .txt or .vec")
    return rows, width


def _not_utf8(path: Path, error: UnicodeDecodeError) -> InputError:
    return InputError(
        f"{path}: the key {bytes(error.object[:40])!r} is not UTF-8; a damaged file, or one in another encoding: "
        "read it with gensim's KeyedVectors.load_word2vec_format(.., binary=True, encoding=..) and save it again"
    )
