"""Neighbours of an encoder's rows: those of the table that it was trained from, by their keys, and any others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.encoder.code_index import CodeIndex
from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from zoo.encoder.code_index import Neighbours
    from zoo.encoder.vocabulary import Vocabulary
    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats


class KeyedMethods:
    """Methods of `zoo.Encoder` that look words, or other keys, up, and that find neighbours."""

    name: str
    kind: RowKind
    latent_dim: int
    gives_bytes: bool
    encode: Callable[[Any], Floats]
    decode: Callable[[Any], Floats]
    query: Callable[[Any], Floats]
    _vocabulary: Vocabulary | None

    @property
    def vocabulary(self) -> list[str]:
        """The words, or other keys, of the table the encoder was trained from, in its order.

        Raises:
            ValueError: its rows had no keys.
        """
        return list(self._known().keys)

    def __contains__(self, word: object) -> bool:
        """Whether the table the encoder was trained from has a row of this key."""
        return self._vocabulary is not None and word in self._vocabulary

    def __getitem__(self, word: str | Sequence[str]) -> Floats:
        """The code [latent_dim] of a word, or codes [n, latent_dim] of several; see `encode_words`."""
        if isinstance(word, str):
            return self._known().look_up([word])[0]
        return self._known().look_up(word)

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
        return self._known().look_up(words)

    def most_similar(
        self, positive: str | Sequence[str], negative: str | Sequence[str] = (), k: int = 10
    ) -> list[tuple[str, float]]:
        """The words whose codes are nearest to a word's, or to the sum of several less others.

        `most_similar(["king", "woman"], ["man"])` asks what is to woman as king is to man (3CosAdd: Mikolov, Yih and
        Zweig 2013; codes are scaled to length 1 first). All words of the table are compared, not the commonest only.

        Args:
            positive: a word, or words that are added.
            negative: words that are taken away.
            k: how many.

        Returns:
            Pairs of a word and its cosine, nearest first; the words that were given are left out.

        Raises:
            KeyError: words that are not in the table; the message names them and the nearest that are.
            ValueError: the encoder has no vocabulary, or k is below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        added, taken = ([each] if isinstance(each, str) else list(each) for each in (positive, negative))
        if not added and not taken:
            raise ValueError("most_similar takes at least one word")
        return self._known().most_similar(added, taken, k)

    def neighbours(self, rows: Any, k: int = 10) -> Neighbours:
        """The k rows of the table the encoder was trained from that are nearest to each of n rows, by cosine of codes.

        Args:
            rows: n rows, as `encode` takes them.
            k: how many.

        Returns:
            Their keys and cosines [n, k]; a row of the table itself comes first among its own.

        Raises:
            ValueError: the encoder has no vocabulary; `index(rows)` makes an index of other rows.
        """
        known = self._known()
        return known.index.search(self.query(rows), k)

    def index(self, rows: Any, keys: Sequence[Any] | None = None) -> CodeIndex:
        """An index of rows, of which the nearest to others are found; see `zoo.encoder.CodeIndex`.

        Args:
            rows: n rows, as `encode` takes them.
            keys: a name for each row; None numbers them from 0, or takes the index of a pandas frame that has one.

        Raises:
            zoo.errors.InputError: keys that repeat themselves, or not one for each row.
        """
        from zoo.tables.held_table import index_name

        codes = self.decode(self.encode(rows)) if self.gives_bytes else self.encode(rows)
        if keys is None:
            keys = list(rows.index) if index_name(rows) is not None else range(len(codes))
        return CodeIndex(codes, keys, self.query)

    def open_index(self, path: str | Path) -> CodeIndex:
        """Reads an index that was saved, so that it can be asked with rows.

        Raises:
            zoo.errors.InputError: there is no such index, or its codes have another width.
        """
        found = CodeIndex.read(path, self.query)
        width, wanted = found.codes.shape[1], self.kind.width if self.gives_bytes else self.latent_dim
        if width != wanted:
            raise InputError(f"{path}: codes of {width} numbers, and {self.name} makes {wanted}")
        return found

    def keyed_vectors(self) -> Any:
        """The codes of the whole vocabulary as gensim's `KeyedVectors`, which writes word2vec's formats.

        `keyed_vectors().save_word2vec_format("codes.bin", binary=True)` is what other tools read.
        """
        from gensim.models import KeyedVectors

        known = self._known()
        vectors = KeyedVectors(known.index.codes.shape[1])
        vectors.add_vectors(list(known.keys), known.index.codes)
        return vectors

    def _known(self) -> Vocabulary:
        if self._vocabulary is None:
            raise ValueError(
                f"{self.name} has no vocabulary, since the rows it was trained from have no keys: give it rows, with "
                "encode(rows), and index(rows) finds neighbours among them"
            )
        return self._vocabulary
