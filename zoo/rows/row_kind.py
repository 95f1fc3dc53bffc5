"""What every kind of row can answer."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows._cells import padded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.tables.table import Table
    from zoo.types import Block, Floats

_SOME = 256


class RowKind(ABC):
    """A kind of row: what a table's rows are, and the way from a user's rows to what a model takes.

    Rows have two forms. *Features* are what a table keeps and models train on: a block of them is what `take` gives.
    *Inputs* are named arrays of raw cells: what a user holds becomes them in Python (`arrays`), a served encoder takes
    them, and the graph makes features of them (`features`). Where features are what users hold, the two are the same.

    Attributes:
        shape: of a row's features: [width], or [height, width, channels].
        is_sparse: whether features are kept as the columns that are not zero.
        categories: what the columns of one-hot or multi-hot features stand for, in their order: field -> names of its
            columns; None where they stand for numbers.
        column_names: names of the columns that a user's table must have; empty where rows go by position.
    """

    shape: tuple[int, ...]
    is_sparse: bool = False
    categories: Mapping[str, tuple[str, ...]] | None = None
    column_names: tuple[str, ...] = ()

    @abstractmethod
    def arrays(self, rows: Any) -> dict[str, Any]:
        """Inputs [n, ...] by name from a user's rows, or from a block of features.

        Raises:
            ValueError: rows that cannot be used; the message says which, and what is wanted.
        """

    @abstractmethod
    def specs(self) -> dict[str, Any]:
        """A TensorFlow specification of each input, [None, ...]."""

    @abstractmethod
    def features(self, arrays: Mapping[str, Any]) -> Any:
        """The model's input from tensors of the inputs; runs in the graph."""

    @abstractmethod
    def describe(self) -> str:
        """What an encoder takes, in a few words, such as `rows [n, 50]`."""

    @abstractmethod
    def in_words(self) -> str:
        """What the rows are, in a few words, such as `rows of 50 columns`."""

    @property
    def blocks(self) -> Mapping[str, tuple[int, float]] | None:
        """Of sparse features whose fields have blocks of columns, one block after the other: each field's.

        Field -> its number of columns, and the nats that two rows gain by agreeing on it; None for any other rows.
        """
        return None

    @property
    def alike(self) -> tuple[str, ...]:
        """The fields of `blocks` whose columns mean the same: a text has the same ones in each of them."""
        return ()

    @property
    def feature_names(self) -> list[str]:
        """What each number of a row's features is called [width]; by its place where nothing better is known."""
        if len(self.column_names) == self.width:
            return list(self.column_names)
        return [f"column {place}" for place in range(self.width)]

    @property
    def has_units(self) -> bool:
        """Whether columns are named, and so mostly have units of their own; "dim_0", "dim_1", .. merely count."""
        names = self.column_names
        return len({re.sub(r"\d+$", "", name) for name in names}) > 1 or len(names) == 1

    @property
    def spelt(self) -> tuple[str, ...]:
        """The fields of `blocks` whose columns are letters at places, `zoo.rows.typed_field.LETTERS` a place."""
        return ()

    @property
    def width(self) -> int:
        """Numbers in a row's features."""
        return math.prod(self.shape)

    @property
    def tables(self) -> list[Any]:
        """Look-up tables that `features` has made, which an exported model must keep."""
        return []

    def named_inputs(self) -> dict[str, str]:
        """Column -> name of its input, where a served encoder can also take a row column by column, by their names."""
        return {}

    def from_columns(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs from tensors [n] of the named columns; runs in the graph."""
        raise NotImplementedError

    def columns_of_inputs(self) -> dict[str, str]:
        """Input -> the column of a user's table that it is made of, where each is made of one."""
        return {}

    def table_schema(self) -> list[tuple[str, str]]:
        """The columns [(name, what a cell holds)] of a user's table; cells hold a number, text, or a list of either.

        `number`, `text`, `numbers`, `integers` or `texts`; names are "" where columns go by position. Empty for rows
        that no table holds, such as images.
        """
        return []

    # What bulk encoding reads from a table.

    @property
    def numbers_in_memory(self) -> int:
        """About how many numbers an input row has, or things that take as much memory."""
        return _SOME

    def require_array(self, table: Table) -> None:
        """Refuses a table that is one array without columns, unless it holds such rows.

        Raises:
            InputError: it does not.
        """
        raise InputError(f"{table.name}: the encoder takes {self.describe()}; give it a Parquet or CSV file")

    def require_matrix(self, table: Table, columns: int) -> None:
        """Refuses a table that is a sparse matrix of so many columns, unless it holds such rows.

        Raises:
            InputError: it does not.
        """
        raise InputError(
            f"{table.name}: a sparse matrix of {columns:,} columns, and the encoder takes {self.describe()}; give it "
            "a file of such rows"
        )

    @abstractmethod
    def choose_columns(self, table: Table, named: list[str]) -> list[str]:
        """The columns of a table that make up rows, in their order.

        Args:
            table: the table.
            named: those that the user named; none if empty.

        Raises:
            InputError: columns that are missing, of the wrong type or number, or that cannot be told from each other.
        """

    def columns_of_numbers(self, table: Table, chosen: list[str]) -> list[str]:
        """Those of the chosen columns that hold one number in each row, and are to be read as such."""
        del table, chosen
        return []

    @abstractmethod
    def arrays_of_block(self, block: Any, first: int, where: str) -> dict[str, Any]:
        """Inputs [n, ...] by name from the chosen columns of a block of a table.

        Args:
            block: a `pyarrow.Table` of the chosen columns.
            first: the number of the block's first row, for messages.
            where: the table's name, for messages.

        Raises:
            InputError: rows that cannot be used, by their numbers.
            ValueError: see `arrays`.
        """

    def unknown(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Input -> how many of its cells [n] int32 are not known to the encoder, where cells are looked up.

        Takes tensors of the inputs; runs in the graph.
        """
        del arrays
        return {}

    def remarks(self, arrays: Mapping[str, Any]) -> list[str]:
        """What the user who hands over these inputs would want to know: that they are hardly what was trained on."""
        del arrays
        return []

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same kind of, JSON-ready."""

    @classmethod
    @abstractmethod
    def from_config(cls, config: Mapping[str, Any]) -> RowKind:
        """The kind of a configuration."""

    def vocabularies(self) -> dict[str, list[str]]:
        """Input -> the strings that it knows, for inputs that are looked up."""
        return {}

    @abstractmethod
    def plain(self) -> RowKind:
        """The kind of the same rows whose inputs are features: for what reads a table's own numbers."""

    # What a table keeps, and what training reads of it.

    @abstractmethod
    def take(self, features: Any, rows: Any) -> Block:
        """Some rows of a table's features: [n, ...] float32, or a CSR array [n, columns]."""

    @abstractmethod
    def block_specs(self) -> list[Any]:
        """TensorFlow specifications of `block_arrays`."""

    @abstractmethod
    def block_arrays(self, block: Block) -> list[npt.NDArray[Any]]:
        """A block of features as arrays that TensorFlow knows."""

    @abstractmethod
    def model_input(self, tensors: Any) -> Any:
        """The model's input from tensors of `block_arrays`."""

    @abstractmethod
    def dense(self, block: Block) -> Floats:
        """A block of features as a dense array [n, ...]."""

    @abstractmethod
    def matrix(self, block: Block) -> Block:
        """A block of features as a matrix [n, width], dense or CSR."""

    @abstractmethod
    def projected(self, block: Block, mean: Floats, directions: Floats) -> Floats:
        """A block of features, less a mean [width], times directions [width, dimensions]: [n, dimensions] float32."""

    @abstractmethod
    def zeros(self, count: int) -> Any:
        """The model's input for rows of zeros, to see what a model can do with them."""


@runtime_checkable
class Rewrites(Protocol):
    """A kind that knows how its rows come out when someone else writes them."""

    def rewritten(self, raw: Any, seed: Sequence[int] | int) -> Any:
        """Raw cells, a `pyarrow.Table`, with the errors and habits of another hand."""

    def read(self, raw: Any) -> csr_array:
        """The features of raw cells, by the graph that is served."""


@runtime_checkable
class GivesCells(Protocol):
    """A kind whose features, reconstructed ones too, can be told as cells of the columns that they were made of."""

    def cells(self, features: Any) -> dict[str, Any]:
        """Column -> cells [n] of features [n, ...]; runs in the graph."""


class DenseFeatures(RowKind):
    """Kinds whose features are arrays [n, ...] of numbers."""

    def take(self, features: Any, rows: Any) -> Block:
        """See `RowKind`."""
        return np.asarray(features[rows], dtype=np.float32)

    def block_specs(self) -> list[Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return [tf.TensorSpec((None, *self.shape), tf.float32)]

    def block_arrays(self, block: Block) -> list[npt.NDArray[Any]]:
        """See `RowKind`."""
        return [np.asarray(block)]

    def model_input(self, tensors: Any) -> Any:
        """See `RowKind`."""
        return tensors[0]

    def dense(self, block: Block) -> Floats:
        """See `RowKind`."""
        return np.asarray(block)

    def matrix(self, block: Block) -> Block:
        """See `RowKind`."""
        return np.asarray(block).reshape(block.shape[0], -1)

    def projected(self, block: Block, mean: Floats, directions: Floats) -> Floats:
        """See `RowKind`."""
        return np.asarray((self.matrix(block) - mean) @ directions, np.float32)

    def zeros(self, count: int) -> Any:
        """See `RowKind`."""
        return import_tensorflow().zeros((count, *self.shape))

    def plain(self) -> RowKind:
        """The kind itself."""
        return self


class SparseFeatures(RowKind):
    """Kinds whose features are CSR arrays [n, columns]; a model takes the `indices` and `values` of their entries."""

    is_sparse = True

    def take(self, features: Any, rows: Any) -> Block:
        """See `RowKind`."""
        block: Block = features[rows]
        return block

    def block_specs(self) -> list[Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None), tf.float32)]

    def block_arrays(self, block: Block) -> list[npt.NDArray[Any]]:
        """See `RowKind`."""
        return list(padded(block).values())

    def model_input(self, tensors: Any) -> Any:
        """See `RowKind`."""
        return dict(zip(("indices", "values"), tensors, strict=True))

    def dense(self, block: Any) -> Floats:
        """See `RowKind`."""
        array: Floats = block.toarray()
        return array

    def matrix(self, block: Any) -> Block:
        """See `RowKind`."""
        csr: Block = block.tocsr()
        return csr

    def projected(self, block: Any, mean: Floats, directions: Floats) -> Floats:
        """See `RowKind`; nothing dense of the rows' width is made."""
        return np.asarray(block @ directions, np.float32) - mean @ directions

    def zeros(self, count: int) -> Any:
        """Rows with a single entry in the first column."""
        tf = import_tensorflow()
        return {"indices": tf.zeros((count, 1), tf.int32), "values": tf.ones((count, 1))}

    def plain(self) -> RowKind:
        """See `RowKind`."""
        from zoo.rows.sparse_rows import SparseRows

        return SparseRows(self.width)
