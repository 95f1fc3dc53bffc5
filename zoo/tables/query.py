"""The rows that a database answers a query with."""

from __future__ import annotations

import contextlib
import importlib
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zoo.errors import InputError, one_line
from zoo.tables.table import Block, numbered_blocks, require_names
from zoo.tables.words import without_password

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
# Where Arrow's drivers (ADBC) differ from `adbc_driver_SCHEME`, and from taking the URL as it is.
_DRIVERS = {"postgres": "postgresql"}
_FILES = ("sqlite", "duckdb")


class Query:
    """A query to a database, through Arrow's database drivers (ADBC): `pip install encoder-zoo[sql]`.

    Args:
        url: such as `sqlite:///rows.db` (a relative path; `sqlite:////data/rows.db` an absolute one),
            `postgresql://user:password@host/database` or `duckdb:///rows.duckdb`. Any other scheme is a driver's name.
        sql: the query. With ORDER BY over distinct values, an interrupted bulk encoding can go on.

    Raises:
        InputError: not a URL, or a query of nothing.

    Example:
        >>> Query("sqlite:///shop.db", "SELECT age, income FROM customers ORDER BY id").schema.names
        ['age', 'income']
    """

    row_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, url: str, sql: str) -> None:
        self.url, self.sql = url, sql.strip().removesuffix(";")
        self._scheme = urlsplit(url).scheme.lower()
        if not self._scheme or not self.sql:
            raise InputError(
                f"url={without_password(url)}, sql={sql!r}: give a database's URL, such as sqlite:///rows.db or "
                "postgresql://user@host/database, and a query"
            )
        self.name = f"{without_password(url)}: {' '.join(self.sql.split())[:60]}"
        self.rows: int | None = None
        self._schema: Any = None

    @property
    def schema(self) -> Any:
        """The columns of the answer, a `pyarrow.Schema`."""
        if self._schema is None:
            with self._answer(self.sql) as reader:
                self._schema = _plain(reader.schema.empty_table()).schema
            require_names(self)
        return self._schema

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`; rows without an order are never the same again."""
        ordered = _ORDERED.search(self.sql) is not None
        return {
            "url": without_password(self.url),
            "sql": self.sql,
            "rows": self._count(),
            **({} if ordered else {"order": uuid.uuid4().hex}),
        }

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        self.rows = self._count()
        if not self.rows:
            raise InputError(f"{self.name}: the query answers no rows")
        return [Block(each.number, each.first, each.rows) for each in numbered_blocks(self.rows, size, limit)]

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        del numbers
        import pyarrow as pa

        with self._answer(self.sql) as reader:
            held, position = self.schema.empty_table(), 0
            for block in blocks:
                while position + held.num_rows < block.first + block.rows:
                    batch = next(reader, None)
                    if batch is None:
                        raise InputError(f"{self.name}: the answer has fewer rows than a moment ago; start again")
                    held = pa.concat_tables([held, _plain(pa.Table.from_batches([batch]))])
                    skip = min(max(block.first - position, 0), held.num_rows)
                    held, position = held.slice(skip), position + skip
                skip = block.first - position
                yield held.slice(skip, block.rows).select(list(columns)).combine_chunks()
                held, position = held.slice(skip + block.rows), block.first + block.rows

    def _count(self) -> int:
        with self._answer(f"SELECT COUNT(*) AS n FROM ({self.sql}) AS q") as reader:  # noqa: S608  the user's own
            return int(reader.read_all().column(0)[0].as_py())

    @contextlib.contextmanager
    def _answer(self, sql: str) -> Iterator[Any]:
        """A `pyarrow.RecordBatchReader` of the answer."""
        driver = self._driver()
        try:
            with driver.connect(self._place()) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                with cursor.fetch_record_batch() as reader:
                    yield reader
        except (driver.Error, OSError) as error:
            raise InputError(f"{self.name}: the database says: {one_line(error)}") from error

    def _driver(self) -> Any:
        name = _DRIVERS.get(self._scheme, self._scheme)
        module = "adbc_driver_duckdb" if name == "duckdb" else f"adbc_driver_{name}"
        try:
            return importlib.import_module(f"{module}.dbapi")
        except ImportError as error:
            package = "duckdb" if name == "duckdb" else module.replace("_", "-")
            raise InputError(
                f"{without_password(self.url)}: queries need Arrow's database driver: pip install 'encoder-zoo[sql]', "
                f"or for this database: pip install adbc-driver-manager {package} ({one_line(error)})"
            ) from error

    def _place(self) -> str:
        """What the driver takes for the database: of those that are files, the path."""
        if self._scheme not in _FILES:
            return self.url
        path = self.url.partition("://")[2]
        return path.removeprefix("/") or ":memory:"


def _plain(table: Any) -> Any:
    """A table without types that are a database's own: its decimals (numeric) as float64, others as their storage."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.BaseExtensionType):
            stored = [chunk.storage for chunk in table.column(place).chunks]
            column = pa.chunked_array(stored, field.type.storage_type)
            if getattr(field.type, "type_name", "") == "numeric":
                column = column.cast(pa.float64())
            table = table.set_column(place, field.name, column)
    return table
