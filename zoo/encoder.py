"""The encoder a user holds: raw rows in, codes out, whatever it was loaded from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zoo.types import Floats

EMBEDDINGS_FILE = Path("assets.extra") / "embeddings.parquet"
_BATCH = 8192


@dataclass(frozen=True)
class Vocabulary:
    """The keys of the table an encoder was trained from, and the codes of its rows.

    Attributes:
        keys: [rows] the words or item ids.
        codes: gives [rows, latent_dim]; called when a key is first asked for.
    """

    keys: Sequence[str]
    codes: Callable[[], Floats]


class Encoder:
    """Turns rows into codes; deterministic, in batches, order kept.

    Made by `zoo.load`, `zoo.run`, `Encoder.from_model` or `Encoder.from_saved_model`.

    Args:
        name: what to call it.
        functions: `encode` and, where the model has them, `reconstruct` and `rates`: [n, width] tensor -> tensor.
        width: columns of a row.
        latent_dim: columns of a code.
        vocabulary: lets `encode_words` look words up.

    Attributes:
        name: as above.
        width: as above.
        latent_dim: as above.
    """

    def __init__(
        self,
        name: str,
        functions: Mapping[str, Callable[[Any], Any]],
        width: int,
        latent_dim: int,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.name, self.width, self.latent_dim = name, width, latent_dim
        self._functions, self._vocabulary = functions, vocabulary
        self._rows: dict[str, int] = {}
        self._codes: Floats | None = None

    def __repr__(self) -> str:
        return f"Encoder({self.name!r}, {self.width} -> {self.latent_dim})"

    @classmethod
    def from_model(cls, name: str, model: Any, vocabulary: Vocabulary | None = None) -> Encoder:
        """Wraps a built `zoo.models.Autoencoder` in memory."""
        tf = import_tensorflow()
        rows = tf.TensorSpec((None, model.width), tf.float32)
        names = ["encode", "reconstruct"]
        if model.rates(tf.zeros((1, model.width))) is not None:
            names.append("rates")
        functions = {each: tf.function(getattr(model, each), input_signature=[rows]) for each in names}
        return cls(name, functions, model.width, model.latent_dim, vocabulary)

    @classmethod
    def from_saved_model(cls, directory: str | Path, name: str | None = None) -> Encoder:
        """Loads an exported SavedModel; nothing but TensorFlow is needed for it.

        Raises:
            InputError: the folder holds no SavedModel, or one without the zoo's signatures.
        """
        directory = Path(directory)
        if not (directory / "saved_model.pb").is_file():
            raise InputError(f"{directory}: no SavedModel in it (saved_model.pb is missing)")
        tf = import_tensorflow()
        loaded = tf.saved_model.load(str(directory))
        signatures = {"encode": ("serving_default", "embedding"), "reconstruct": ("reconstruct", "reconstruction")}
        missing = [signature for signature, _ in signatures.values() if signature not in loaded.signatures]
        if missing:
            raise InputError(f"{directory}: not an encoder of the zoo, it has no signature {', '.join(missing)}")
        functions = {
            method: _signature_function(loaded.signatures[signature], output, keep_alive=loaded)
            for method, (signature, output) in signatures.items()
        }
        encode = loaded.signatures["serving_default"]
        width = next(iter(encode.structured_input_signature[1].values())).shape[1]
        latent_dim = encode.structured_outputs["embedding"].shape[1]
        vocabulary = _saved_vocabulary(directory / EMBEDDINGS_FILE)
        return cls(name or directory.parent.name, functions, width, latent_dim, vocabulary)

    def encode(self, vectors: Any) -> Floats:
        """Codes of rows.

        Args:
            vectors: [n, width] numbers as an array, nested list, tensor or DataFrame (one column a dimension, or a
                single column that holds the vectors).

        Returns:
            [n, latent_dim] float32, in the order of the rows.

        Raises:
            ValueError: another shape, or rows that are not finite numbers.
        """
        return self._apply("encode", vectors, self.latent_dim)

    def reconstruct(self, vectors: Any) -> Floats:
        """Rows through the code and back: [n, width] -> [n, width] float32; takes what `encode` takes."""
        return self._apply("reconstruct", vectors, self.width)

    def rates(self, vectors: Any) -> Floats | None:
        """Nats per code dimension [n, latent_dim] of a variational encoder in memory; None for any other."""
        return self._apply("rates", vectors, self.latent_dim) if "rates" in self._functions else None

    def encode_words(self, words: Sequence[str]) -> Floats:
        """Codes of words (or other keys) of the table the encoder was trained from.

        Args:
            words: n keys, spelt as in the table.

        Returns:
            [n, latent_dim] float32, in the order of the words.

        Raises:
            KeyError: words that are not in the table; the message names them and the nearest that are.
            ValueError: the encoder has no vocabulary.
        """
        if isinstance(words, str):
            raise TypeError(f"encode_words takes a list of words: encode_words([{words!r}])")
        if self._vocabulary is None:
            raise ValueError(f"{self.name} has no vocabulary: give it vectors, with encode(vectors)")
        if self._codes is None:
            self._codes = self._vocabulary.codes()
            self._rows = {key: row for row, key in enumerate(self._vocabulary.keys)}
        unknown = [word for word in words if word not in self._rows]
        if unknown:
            raise KeyError(_unknown_words(unknown, self._rows))
        return self._codes[[self._rows[word] for word in words]]

    def _apply(self, method: str, vectors: Any, width: int) -> Floats:
        rows = self._as_rows(vectors)
        function = self._functions[method]
        blocks = [np.asarray(function(rows[i : i + _BATCH])) for i in range(0, len(rows), _BATCH)]
        return np.concatenate(blocks) if blocks else np.empty((0, width), np.float32)

    def _as_rows(self, vectors: Any) -> Floats:
        table = self._as_numbers(vectors)
        if table.shape == (0,):
            table = table.reshape(0, self.width)
        if table.ndim != 2 or table.shape[1] != self.width:
            hint = "; a single vector is encode([vector])" if table.shape == (self.width,) else ""
            raise ValueError(f"{self.name} takes rows [n, {self.width}], not {list(table.shape)}{hint}")
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite, and is reported as such
            rows = table.astype(np.float32, copy=False)
        finite = np.isfinite(rows).all(axis=1)
        if not finite.all():
            first = np.flatnonzero(~finite)[:5].tolist()
            raise ValueError(f"{int((~finite).sum())} of {len(rows)} rows hold NaN or infinity, the first at {first}")
        return rows

    def _as_numbers(self, vectors: Any) -> Any:
        """An array of numbers, whatever the rows came in."""
        if hasattr(vectors, "to_numpy"):  # a pandas DataFrame or Series, without importing pandas
            vectors = vectors.to_numpy()
        if isinstance(vectors, np.ndarray) and vectors.dtype == object:
            vectors = _without_missing(vectors)
        try:
            table = np.asarray(vectors)
            if table.dtype.kind not in "biuf":
                table = np.asarray(vectors, dtype=np.float64)
        except (TypeError, ValueError) as error:
            ragged = "inhomogeneous" in str(error) or "setting an array element with a sequence" in str(error)
            what = "differ in length" if ragged else "are not all numbers"
            raise ValueError(f"{self.name} takes rows of {self.width} numbers; these {what}") from None
        return table


def _without_missing(cells: Any) -> list[Any]:
    """An array of objects as nested lists, with pandas' missing value as NaN; cells may be numbers or vectors."""
    rows = cells[:, 0] if cells.ndim == 2 and cells.shape[1] == 1 and np.ndim(cells[:1, 0].tolist()) > 1 else cells
    return [
        _without_missing(row) if isinstance(row, np.ndarray) and row.dtype == object else _or_nan(row) for row in rows
    ]


def _or_nan(cell: Any) -> Any:
    return float("nan") if cell is None or type(cell).__name__ in {"NAType", "NaTType"} else cell


def _signature_function(signature: Any, output: str, keep_alive: Any) -> Callable[[Any], Any]:
    (argument,) = signature.structured_input_signature[1]
    tf = import_tensorflow()

    def call(rows: Floats, _owner: Any = keep_alive) -> Any:  # a signature alone does not keep its variables alive
        return signature(**{argument: tf.constant(rows)})[output]

    return call


def _saved_vocabulary(path: Path) -> Vocabulary | None:
    if not path.is_file():
        return None
    import pyarrow.parquet as pq

    def codes() -> Floats:
        column = pq.read_table(path, columns=["embedding"])["embedding"].combine_chunks()
        flat: Floats = column.flatten().to_numpy().astype(np.float32, copy=False)
        return flat.reshape(len(column), -1)

    return Vocabulary(pq.read_table(path, columns=["key"])["key"].to_pylist(), codes)


def _unknown_words(unknown: Sequence[str], known: Mapping[str, int]) -> str:
    near = {word: difflib.get_close_matches(word, known, n=1, cutoff=0.8) for word in unknown[:3]}
    hints = [f"{word!r}" + (f" (did you mean {match[0]!r}?)" if match else "") for word, match in near.items()]
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
    return f"not in the vocabulary: {', '.join(hints)}{more}"
