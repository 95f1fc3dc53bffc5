"""The encoder a user holds: raw rows in, codes out, whatever it was loaded from."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder.generative_methods import GenerativeMethods
from zoo.encoder.in_memory import from_model
from zoo.encoder.item_methods import ItemMethods
from zoo.encoder.keyed_methods import KeyedMethods
from zoo.encoder.methods import constant, rows_at_a_time
from zoo.encoder.record_methods import RecordMethods
from zoo.encoder.saved import from_saved_model
from zoo.encoder.vocabulary import Vocabulary
from zoo.folders import TemporaryFolder, contents, copied_whole, unpacked
from zoo.rows.dense_rows import DenseRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pandas import DataFrame

    from zoo.encoder.methods import Loaded
    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats, Rows, Splits

_TABLE_BATCH = 8192  # rows of a table whose raw cells are in memory at a time
_AS_WIDE = {"reconstruct", "score_fields", "query"}  # what comes out is as wide as the rows


class Encoder(KeyedMethods, ItemMethods, RecordMethods, GenerativeMethods):
    """Turns rows into codes; deterministic, in batches, order kept.

    Made by `zoo.load`, `zoo.run`, `Encoder.from_model` or `Encoder.from_saved_model`. What rows look like depends on
    what the encoder was trained on, see `kind`: vectors or images (arrays, nested lists, DataFrames), records
    (DataFrames, lists of mappings), baskets (lists of lists of items), or SciPy sparse arrays.

    Args:
        name: what to call it.
        functions: by method name: `encode` and, where the model has them, `reconstruct`, `score`, `assign`, `tokens`,
            `rates` and `score_fields` take the inputs by name; `decode` takes codes, `sample` seeds [n], `log_weights`
            the inputs and seeds [draws].
        kind: what rows are.
        latent_dim: columns of a code.
        vocabulary: lets `encode_words` look words up.
        threshold: score above which a row is anomalous; infinity if the model has none.
        code_scale: what a step of an embedding exported as int8 stands for; None where it is float32. `encode` gives
            float32 either way: codes / code_scale are the integers.

    Attributes:
        name: as above.
        kind: as above.
        latent_dim: as above.
        threshold: as above.
        code_scale: as above.
        gives_bytes: whether `encode` gives bytes, uint8: what `decode` makes of them is then compared with `query`.
        places: field -> (first, last + 1) of its numbers in the code, for encoders that keep fields apart.
    """

    def __init__(
        self,
        name: str,
        functions: Mapping[str, Callable[..., Any]],
        kind: RowKind,
        latent_dim: int,
        vocabulary: Vocabulary | None = None,
        threshold: float = float("inf"),
        code_scale: float | None = None,
        places: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.name, self.kind, self.latent_dim, self.threshold = name, kind, latent_dim, threshold
        self.code_scale = code_scale
        self.places = dict(places or {})
        self.gives_bytes = "query" in functions
        if vocabulary is not None and self.gives_bytes:
            vocabulary = vocabulary.decoded_by(self.decode)
        self._functions, self._vocabulary = functions, vocabulary
        self._files: Callable[[], Path] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """An encoder is pickled as its exported files, and loaded from them: the pickle holds all that they hold."""
        return Encoder.from_contents, (contents(self._exported("pickled")), self.name)

    def __repr__(self) -> str:
        return f"Encoder({self.name!r}, {self.kind.describe()} -> {self.latent_dim})"

    @classmethod
    def from_model(
        cls,
        name: str,
        model: Any,
        vocabulary: Vocabulary | None = None,
        kind: RowKind | None = None,
        code_scale: float | None = None,
    ) -> Encoder:
        """Wraps a built `zoo.models.Autoencoder` in memory.

        Args:
            name: what to call it.
            model: the model.
            vocabulary: see the class.
            kind: of the table's rows; None for rows as the model takes them.
            code_scale: rounds the codes as an export with int8 embeddings does.
        """
        return cls._of(name, from_model(model, kind, code_scale), vocabulary)

    @classmethod
    def from_saved_model(cls, directory: str | Path, name: str | None = None) -> Encoder:
        """Loads an exported SavedModel; nothing but TensorFlow is needed for it.

        Raises:
            InputError: the folder holds no SavedModel, or one without the zoo's signatures.
        """
        directory = Path(directory)
        loaded = from_saved_model(directory)
        made = cls._of(name or directory.parent.name, loaded, Vocabulary.saved(directory))
        return made.with_files(lambda: directory)

    @classmethod
    def from_contents(cls, files: Mapping[str, bytes], name: str) -> Encoder:
        """Loads an encoder from the contents of its exported files by path, which is what a pickle of one holds."""
        folder = TemporaryFolder()  # for `save`, as long as the encoder is there
        unpacked(files, folder.path)
        return cls.from_saved_model(folder.path, name).with_files(lambda: folder.path)

    @classmethod
    def _of(cls, name: str, loaded: Loaded, vocabulary: Vocabulary | None) -> Encoder:
        return cls(
            name,
            loaded.functions,
            loaded.kind,
            loaded.latent_dim,
            vocabulary,
            loaded.threshold,
            loaded.code_scale,
            loaded.places,
        )

    def with_files(self, files: Callable[[], Path]) -> Encoder:
        """Says where the encoder's exported files are, for `save`; returns the encoder.

        Args:
            files: gives the SavedModel's folder; called when it is wanted, since it may have to be fetched.
        """
        self._files = files
        return self

    def save(self, folder: str | Path) -> Path:
        """Copies the exported encoder (SavedModel, recipe, verdict, page) to a folder that is not there yet.

        `zoo.load(folder)` loads it, blessed or not, wherever it is copied to.

        Returns:
            The folder.

        Raises:
            zoo.errors.InputError: there is something of that name already.
            ValueError: an encoder in memory that was never exported.
        """
        return copied_whole(self._exported("saved"), Path(folder).expanduser())

    def _exported(self, done: str) -> Path:
        """The folder of its exported files."""
        if self._files is None:
            raise ValueError(
                f"{self.name} is in memory and was not exported; zoo.run(...).encoder can be {done} unless export.keep "
                "is false"
            )
        return self._files()

    def completed_by(self, other: Encoder) -> Encoder:
        """The same encoder, with what it has no function for taken from another that takes the same inputs."""
        functions = {**other._functions, **self._functions}
        return Encoder(
            self.name,
            functions,
            self.kind,
            self.latent_dim,
            self._vocabulary,
            self.threshold,
            self.code_scale,
            self.places,
        )

    def has(self, method: str) -> bool:
        """Whether the encoder has a method's function."""
        return method in self._functions

    def encode(self, rows: Any) -> Floats:
        """Codes of rows.

        Args:
            rows: n rows, see the class.

        Returns:
            [n, latent_dim] float32, in the order of the rows; uint8 where the encoder `gives_bytes`.

        Raises:
            ValueError: another shape, rows that are not finite numbers, missing fields.
        """
        return self._apply("encode", rows)

    def query(self, rows: Any) -> Floats:
        """What rows are searched with: n rows -> [n, ...] float32 to compare with codes, or with what bytes stand for.

        Of an encoder that `gives_bytes`, these are the rows unquantised: `query(new) @ decode(encode(old)).T` finds
        more than bytes compared with bytes. Of any other, their codes.
        """
        return self._apply("query" if self.gives_bytes else "encode", rows)

    def encode_table(self, splits: Splits, rows: Rows | None = None) -> Iterator[Floats]:
        """Codes of a table's rows (all, or those of the given numbers), block by block, from its raw cells."""
        numbers = np.arange(len(splits)) if rows is None else rows
        for start in range(0, len(numbers), _TABLE_BATCH):
            yield self.call("encode", splits.inputs(numbers[start : start + _TABLE_BATCH]))

    def reconstruct(self, rows: Any) -> Floats:
        """Rows through the code and back: n rows -> [n, ...] float32, dense; takes what `encode` takes."""
        return self._apply("reconstruct", rows)

    def reconstruct_table(self, rows: Any) -> DataFrame:
        """Rows through the code and back, as cells of the columns they came in: a `pandas.DataFrame` [n, columns].

        Numbers with NaN for a gap, names of categories and dates with None; texts do not come back.

        Raises:
            ValueError: see `encode`; or rows that have no such columns.
        """
        from zoo.encoder.cells import frame_of_cells

        return frame_of_cells(self.name, self.kind, self.reconstruct(rows))

    def tokens(self, rows: Any) -> Any:
        """Which code of each codebook stands for a row: n rows -> [n, groups] of the smallest type that holds them.

        Raises:
            ValueError: the encoder picks no codes from codebooks (take model.bottleneck=VectorQuantised).
        """
        return self._apply("tokens", rows)

    def decode(self, codes: Any) -> Floats:
        """Codes [n, latent_dim], as `encode` gives them -> rows [n, ...] float32, dense.

        Raises:
            ValueError: another shape, codes that are not finite numbers, or an encoder without this signature.
        """
        function = self._function("decode")
        table = DenseRows("codes", (self.latent_dim,)).arrays(codes)["codes"]
        if self.gives_bytes:
            table = _as_bytes(table)
        size = rows_at_a_time(self.kind.width)
        return np.concatenate([np.asarray(function(table[i : i + size])) for i in range(0, max(len(table), 1), size)])

    def score(self, rows: Any) -> Floats:
        """How badly each row fits, [n] float32: -log p(x|z) in nats of the preprocessed row. See `threshold`."""
        return self._apply("score", rows)

    def is_anomalous(self, rows: Any) -> Any:
        """Whether each row's score lies above the threshold, [n] bool.

        Raises:
            ValueError: the encoder has no threshold (set model.false_alarm_rate when it is trained).
        """
        if not np.isfinite(self.threshold):
            raise ValueError(f"{self.name} has no threshold: train it with model.false_alarm_rate=0.05")
        return self.score(rows) > self.threshold

    def _function(self, method: str) -> Callable[..., Any]:
        if method not in self._functions:
            raise ValueError(f"{self.name} has no {method}; it has {', '.join(sorted(self._functions))}")
        return self._functions[method]

    def call(self, method: str, arrays: Mapping[str, Any]) -> Floats:
        """Calls a method that reads rows on the inputs, block by block."""
        function = self._function(method)
        count, size = len(next(iter(arrays.values()))), self._block(arrays, method)
        blocks = [
            np.asarray(function(**{k: constant(v[i : i + size]) for k, v in arrays.items()}))
            for i in range(0, count, size)
        ]
        if blocks:
            return np.concatenate(blocks)
        code = (self.latent_dim,)
        shapes = {"encode": code, "rates": code, "reconstruct": self.kind.shape, "query": self.kind.shape, "score": ()}
        as_bytes = self.gives_bytes and method == "encode"
        return np.empty((0, *shapes.get(method, (0,))), np.uint8 if as_bytes else np.float32)

    def _apply(self, method: str, rows: Any) -> Floats:
        return self.call(method, self._inputs(rows))

    def _inputs(self, rows: Any) -> dict[str, Any]:
        """Inputs from a user's rows, with a warning of what is odd about them."""
        try:
            arrays = self.kind.arrays(rows)
        except ValueError as error:
            raise ValueError(f"{self.name} {error}" if str(error).startswith("takes") else str(error)) from None
        for remark in self.kind.remarks(arrays):
            warnings.warn(f"{self.name}: {remark}", UserWarning, stacklevel=4)
        return arrays

    def _block(self, arrays: Mapping[str, Any], method: str = "encode") -> int:
        """Rows at a time, by the widest of what goes in and what comes out."""
        widest = max(int(np.prod(array.shape[1:])) for array in arrays.values())
        return rows_at_a_time(max(widest, self.kind.width if method in _AS_WIDE else 0))


def _as_bytes(codes: Any) -> Any:
    """Numbers [n, groups] as uint8.

    Raises:
        ValueError: others than whole ones of 0 to 255.
    """
    whole = codes.astype(np.uint8)
    if not np.array_equal(whole, codes):
        raise ValueError("codes are bytes, whole numbers of 0 to 255, as encode gives them")
    return whole
