"""The encoder a user holds: raw rows in, codes out, whatever it was loaded from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quantization import as_int8, from_int8
from zoo.quiet import import_tensorflow
from zoo.rows.choose import kind_of_signature, plain_kind
from zoo.rows.dense_rows import DenseRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats, Rows, Splits

EMBEDDINGS_FILE = Path("assets.extra") / "embeddings.parquet"
# Method -> signature and output of an exported encoder. What reads rows, and what reads something else.
READS_ROWS = {
    "encode": ("serving_default", "embedding"),
    "reconstruct": ("reconstruct", "reconstruction"),
    "score": ("score", "score"),
    "assign": ("assign", "probability"),
}
OTHERS = {"decode": ("decode", "reconstruction"), "sample": ("sample", "reconstruction")}
_BATCH = 8192
_TABLE_BATCH = 8192  # rows of a table whose raw cells are in memory at a time
_DRAWING, _DRAWS = 512, 50  # rows and draws at a time, for likelihoods
_NUMBERS = 2**24  # a block of rows holds no more numbers than this: 64 MiB


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

    Made by `zoo.load`, `zoo.run`, `Encoder.from_model` or `Encoder.from_saved_model`. What rows look like depends on
    what the encoder was trained on, see `kind`: vectors or images (arrays, nested lists, DataFrames), records
    (DataFrames, lists of mappings), baskets (lists of lists of items), or SciPy sparse arrays.

    Args:
        name: what to call it.
        functions: by method name: `encode` and, where the model has them, `reconstruct`, `score`, `assign` and `rates`
            take the inputs by name; `decode` takes codes, `sample` seeds [n], `log_weights` the arrays
            and seeds [draws].
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
    ) -> None:
        self.name, self.kind, self.latent_dim, self.threshold = name, kind, latent_dim, threshold
        self.code_scale = code_scale
        self._functions, self._vocabulary = functions, vocabulary
        self._rows: dict[str, int] = {}
        self._codes: Floats | None = None

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
        tf = import_tensorflow()
        if kind is None:
            kind = plain_kind(model.row_shape, sparse=model.takes_sparse)
        specs = kind.specs()
        methods = [method for method in (*READS_ROWS, "rates") if cls.can(model, method)]
        called = {method: getattr(model, method) for method in methods}
        if code_scale is not None:
            called["encode"] = lambda x: from_int8(as_int8(model.encode(x), code_scale), code_scale)
        functions: dict[str, Callable[..., Any]] = {
            method: _traced_when_called(partial(_called, function, kind), specs) for method, function in called.items()
        }
        functions["decode"] = tf.function(model.decode, input_signature=[tf.TensorSpec((None, model.latent_dim))])
        if model.is_generative:
            functions["sample"] = tf.function(model.sample, input_signature=[tf.TensorSpec((None,), tf.int32)])
            functions["log_weights"] = _traced_when_called(
                lambda seeds, **arrays: model.log_weights(kind.features(arrays), seeds),
                {"seeds": tf.TensorSpec((None,), tf.int32), **specs},
            )
        return cls(name, functions, kind, model.latent_dim, vocabulary, float(model.threshold), code_scale)

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
        needed = [READS_ROWS[method][0] for method in ("encode", "reconstruct")]
        missing = [signature for signature in needed if signature not in loaded.signatures]
        if missing:
            raise InputError(f"{directory}: not an encoder of the zoo, it has no signature {', '.join(missing)}")
        functions = {
            method: partial(_signature, loaded, signature, output)
            for method, (signature, output) in (READS_ROWS | OTHERS).items()
            if signature in loaded.signatures
        }
        encode = loaded.signatures["serving_default"]
        latent_dim = encode.structured_outputs["embedding"].shape[1]
        vocabulary = _saved_vocabulary(directory / EMBEDDINGS_FILE)
        threshold = float(loaded.threshold) if hasattr(loaded, "threshold") else float("inf")
        kind = kind_of_signature(encode.structured_input_signature[1])
        code_scale = float(loaded.code_scale) if hasattr(loaded, "code_scale") else None
        if code_scale is not None:
            integers = functions["encode"]
            functions["encode"] = partial(_as_float, integers, code_scale)
        return cls(name or directory.parent.name, functions, kind, latent_dim, vocabulary, threshold, code_scale)

    @staticmethod
    def can(model: Any, method: str) -> bool:
        """Whether a model in memory has something to say for a method that may have nothing to say."""
        return method not in {"assign", "rates"} or getattr(model, method)(_nothing(model)) is not None

    def has(self, method: str) -> bool:
        """Whether the encoder has a method's function."""
        return method in self._functions

    def encode(self, rows: Any) -> Floats:
        """Codes of rows.

        Args:
            rows: n rows, see the class.

        Returns:
            [n, latent_dim] float32, in the order of the rows.

        Raises:
            ValueError: another shape, rows that are not finite numbers, missing fields.
        """
        return self._apply("encode", rows, (self.latent_dim,))

    def encode_table(self, splits: Splits, rows: Rows | None = None) -> Iterator[Floats]:
        """Codes of a table's rows (all, or those of the given numbers), block by block, from its raw cells."""
        numbers = np.arange(len(splits)) if rows is None else rows
        for start in range(0, len(numbers), _TABLE_BATCH):
            yield self.call("encode", splits.inputs(numbers[start : start + _TABLE_BATCH]))

    def reconstruct(self, rows: Any) -> Floats:
        """Rows through the code and back: n rows -> [n, ...] float32, dense; takes what `encode` takes."""
        shape = self.kind.shape if isinstance(self.kind, DenseRows) else (0,)
        return self._apply("reconstruct", rows, shape)

    def decode(self, codes: Any) -> Floats:
        """Codes [n, latent_dim] -> rows [n, ...] float32, dense.

        Raises:
            ValueError: another shape, codes that are not finite numbers, or an encoder without this signature.
        """
        function = self._function("decode")
        table = DenseRows("codes", (self.latent_dim,)).arrays(codes)["codes"]
        return np.concatenate(
            [np.asarray(function(table[i : i + _BATCH])) for i in range(0, max(len(table), 1), _BATCH)]
        )

    def score(self, rows: Any) -> Floats:
        """How badly each row fits, [n] float32: -log p(x|z) in nats of the preprocessed row. See `threshold`."""
        self._function("score")
        return self._apply("score", rows, ())

    def is_anomalous(self, rows: Any) -> Any:
        """Whether each row's score lies above the threshold, [n] bool.

        Raises:
            ValueError: the encoder has no threshold (set model.false_alarm_rate when it is trained).
        """
        if not np.isfinite(self.threshold):
            raise ValueError(f"{self.name} has no threshold: train it with model.false_alarm_rate=0.05")
        return self.score(rows) > self.threshold

    def sample(self, n: int, seed: int = 0) -> Floats:
        """Draws rows from a generative model: [n, ...] float32, the same for the same seed.

        Raises:
            ValueError: the encoder is not generative, or n is below 1.
        """
        function = self._function("sample")
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        return np.asarray(function(seeds_of(n, seed)))

    def assign(self, rows: Any) -> Rows | None:
        """The likeliest cluster of each row, [n] int64; None for an encoder without clusters."""
        probabilities = self.assign_probabilities(rows)
        return None if probabilities is None else probabilities.argmax(axis=1)

    def assign_probabilities(self, rows: Any) -> Floats | None:
        """The probability of each cluster, [n, clusters]; None for an encoder without clusters."""
        return self._apply("assign", rows, (0,)) if "assign" in self._functions else None

    def rates(self, rows: Any) -> Floats | None:
        """Nats per code dimension [n, latent_dim] of a variational encoder in memory; None for any other."""
        return self._apply("rates", rows, (self.latent_dim,)) if "rates" in self._functions else None

    def log_likelihoods(self, rows: Any, samples: int, seed: int = 0) -> Floats | None:
        """Importance-weighted log p(x) in nats [n] of a generative encoder in memory; None for any other.

        log of the mean over `samples` draws of p(x, z) / q(z|x), a lower bound in expectation (Burda, Grosse and
        Salakhutdinov 2016, eq. 8).
        """
        if "log_weights" not in self._functions:
            return None
        function = self._functions["log_weights"]
        arrays = self.kind.arrays(rows)
        total = np.full(len(next(iter(arrays.values()))), -np.inf)
        draws = seeds_of(samples, seed)
        size = min(self._block(arrays), _DRAWING)
        for start in range(0, len(total), size):
            block = slice(start, start + size)
            tensors = {name: _constant(array[block]) for name, array in arrays.items()}
            for first in range(0, samples, _DRAWS):
                weights = np.asarray(function(seeds=_constant(draws[first : first + _DRAWS]), **tensors), np.float64)
                total[block] = np.logaddexp(total[block], np.logaddexp.reduce(weights, axis=0))
        return (total - np.log(samples)).astype(np.float32)

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

    def _function(self, method: str) -> Callable[..., Any]:
        if method not in self._functions:
            can = ", ".join(sorted(self._functions))
            raise ValueError(f"{self.name} cannot {method}; it can {can}")
        return self._functions[method]

    def call(self, method: str, arrays: Mapping[str, Any]) -> Floats:
        """Calls a method that reads rows on the inputs, block by block."""
        count, size = len(next(iter(arrays.values()))), self._block(arrays)
        blocks = [
            np.asarray(self._functions[method](**{k: _constant(v[i : i + size]) for k, v in arrays.items()}))
            for i in range(0, count, size)
        ]
        return np.concatenate(blocks) if blocks else np.empty(0, np.float32)

    def _apply(self, method: str, rows: Any, shape: tuple[int, ...]) -> Floats:
        try:
            arrays = self.kind.arrays(rows)
        except ValueError as error:
            raise ValueError(f"{self.name} {error}" if str(error).startswith("takes") else str(error)) from None
        values = self.call(method, arrays)
        return values if len(values) else np.empty((0, *shape), np.float32)

    @staticmethod
    def _block(arrays: Mapping[str, Any]) -> int:
        """Rows at a time."""
        widest = max(int(np.prod(array.shape[1:])) for array in arrays.values())
        return max(1, min(_BATCH, _NUMBERS // max(widest, 1)))


def seeds_of(count: int, seed: int) -> Any:
    """Seeds [count] int32 for draws that depend on one seed."""
    return np.random.default_rng(seed).integers(2**31 - 1, size=count).astype(np.int32)


def _traced_when_called(function: Callable[..., Any], specs: Mapping[str, Any]) -> Callable[..., Any]:
    """A graph of a function, made when it is first called: tracing takes a second or two, and few methods are used."""

    @cache
    def traced() -> Any:
        return import_tensorflow().function(function, autograph=False).get_concrete_function(**specs)

    def call(**arrays: Any) -> Any:
        return traced()(**arrays)

    return call


def _called(method: Callable[..., Any], kind: RowKind, **arrays: Any) -> Any:
    return method(kind.features(arrays))


def _signature(loaded: Any, signature: str, output: str, *numbers: Any, **arrays: Any) -> Any:
    """Calls a signature of a loaded model; holding the model keeps its variables alive."""
    function = loaded.signatures[signature]
    if numbers:
        names = list(function.structured_input_signature[1])  # codes, or seeds
        arrays = dict(zip(names, map(_constant, numbers), strict=True))
    return function(**arrays)[output]


def _as_float(integers: Callable[..., Any], code_scale: float, **arrays: Any) -> Any:
    return from_int8(integers(**arrays), code_scale)


def _constant(array: Any) -> Any:
    return import_tensorflow().constant(array)


def _nothing(model: Any) -> Any:
    """One row of zeros, to see what a model can do with it."""
    return plain_kind(model.row_shape, sparse=model.takes_sparse).zeros(1)


def _saved_vocabulary(path: Path) -> Vocabulary | None:
    if not path.is_file():
        return None
    import pyarrow.parquet as pq

    def codes() -> Floats:
        column = pq.read_table(path, columns=["embedding"])["embedding"].combine_chunks()
        flat: Floats = column.flatten().to_numpy().astype(np.float32, copy=False)
        return flat.reshape(len(column), -1)

    return Vocabulary(pq.read_table(path, columns=["key"])["key"].to_pylist(), codes)


def _near(word: str, known: Mapping[str, int]) -> list[str]:
    """At most one word: the same in lower case, as most tables have them, or else the most similar."""
    lower = word.lower()
    return [lower] if lower in known else difflib.get_close_matches(word, known, n=1, cutoff=0.8)


def _unknown_words(unknown: Sequence[str], known: Mapping[str, int]) -> str:
    near = {word: _near(word, known) for word in unknown[:3]}
    hints = [f"{word!r}" + (f" (did you mean {match[0]!r}?)" if match else "") for word, match in near.items()]
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
    return f"not in the vocabulary: {', '.join(hints)}{more}"
