"""The words, or other keys, of the table that an encoder was trained from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.encoder.code_index import CodeIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zoo.types import Floats

EMBEDDINGS_FILE = Path("assets.extra") / "embeddings.parquet"


@dataclass(frozen=True)
class Vocabulary:
    """The keys of the table an encoder was trained from, and the codes of its rows.

    Attributes:
        keys: [rows] the words or item ids.
        codes: gives [rows, latent_dim]; called when a key is first asked for.
    """

    keys: Sequence[str]
    codes: Callable[[], Floats]

    @classmethod
    def saved(cls, directory: Path) -> Vocabulary | None:
        """That of an exported encoder, if it has one."""
        path = directory / EMBEDDINGS_FILE
        if not path.is_file():
            return None
        import pyarrow.parquet as pq

        def codes() -> Floats:
            column = pq.read_table(path, columns=["embedding"])["embedding"].combine_chunks()
            flat: Floats = column.flatten().to_numpy().astype(np.float32, copy=False)
            return flat.reshape(len(column), -1)

        return cls(pq.read_table(path, columns=["key"])["key"].to_pylist(), codes)

    def decoded_by(self, decode: Callable[[Floats], Floats]) -> Vocabulary:
        """The same keys, with what their codes stand for, where codes are bytes."""
        return Vocabulary(self.keys, lambda: decode(self.codes()))

    def __contains__(self, word: object) -> bool:
        """Whether a key is known."""
        return word in self._rows

    def look_up(self, words: Sequence[str]) -> Floats:
        """Codes [n, latent_dim] of words.

        Raises:
            KeyError: words that are not known, each with the nearest that is.
        """
        unknown = [word for word in words if word not in self._rows]
        if unknown:
            raise KeyError(_unknown_words(unknown, self._rows))
        return self._table[[self._rows[word] for word in words]]

    def most_similar(self, positive: Sequence[str], negative: Sequence[str], k: int) -> list[tuple[str, float]]:
        """The k keys whose codes are nearest to the sum of some codes less others, each scaled to length 1.

        Those that are given are left out (Mikolov, Yih and Zweig 2013, 3CosAdd).

        Raises:
            KeyError: words that are not known.
        """
        given = [*positive, *negative]
        signs = np.repeat([1.0, -1.0], [len(positive), len(negative)])
        codes = self.look_up(given)
        lengths = np.linalg.norm(codes, axis=1, keepdims=True)
        wanted = (signs[:, None] * codes / np.maximum(lengths, 1e-12)).sum(axis=0)
        found = self.index.search(wanted, min(k + len(set(given)), len(self.keys)))
        near = zip(found.keys[0].tolist(), found.cosines[0].tolist(), strict=True)
        return [(key, cosine) for key, cosine in near if key is not None and key not in given][:k]

    @cached_property
    def index(self) -> CodeIndex:
        """An index of all codes."""
        return CodeIndex(self._table, self.keys)

    @cached_property
    def _table(self) -> Floats:
        return self.codes()

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {key: row for row, key in enumerate(self.keys)}


def _near(word: str, known: Mapping[str, int]) -> list[str]:
    """At most one word: the same in lower case, as most tables have them, or else the most similar."""
    lower = word.lower()
    return [lower] if lower in known else difflib.get_close_matches(word, known, n=1, cutoff=0.8)


def _unknown_words(unknown: Sequence[str], known: Mapping[str, int]) -> str:
    near = {word: _near(word, known) for word in unknown[:3]}
    hints = [f"{word!r}" + (f" (did you mean {match[0]!r}?)" if match else "") for word, match in near.items()]
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
    return f"not in the vocabulary: {', '.join(hints)}{more}"
