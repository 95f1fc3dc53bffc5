"""Public sets of word pairs with people's similarity scores, as gensim's wheel carries them."""

from __future__ import annotations

import csv
import importlib.util
import io
import math
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, suggestion
from zoo.tables.text_file import read_text

# Finkelstein et al. 2002, "Placing search in context"; Hill, Reichart and Korhonen 2015, "SimLex-999".
_SHIPPED = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


@dataclass(frozen=True)
class WordPairs:
    """Pairs of lower-cased words with the mean score people gave them (0 to 10, higher is more similar)."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    scores: tuple[float, ...]

    def words(self) -> frozenset[str]:
        """Every word that occurs in a pair."""
        return frozenset(self.first) | frozenset(self.second)


def read_word_pairs(name: str) -> WordPairs:
    """Reads a set of word pairs.

    Args:
        name: `wordsim353`, `simlex999`, or the path of a tab-separated file: word, word, score; `#` starts a comment.

    Raises:
        InputError: no such set or file, text that is not UTF-8, or a line that is not two words and a finite number.
    """
    path = _path(name)
    rows: list[tuple[str, str, float]] = []
    lines = io.StringIO(read_text(path), newline="")
    for number, cells in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
        if not cells or cells[0].startswith("#"):
            continue
        try:
            first, second, score = cells[0].lower(), cells[1].lower(), float(cells[2])
        except (IndexError, ValueError):
            raise InputError(f"{path}, line {number}: expected word, word, score, separated by tabs") from None
        if not math.isfinite(score):
            raise InputError(f"{path}, line {number}: the score {cells[2]!r} is no finite number; leave the pair out")
        rows.append((first, second, score))
    if not rows:
        raise InputError(f"{path}: no word pairs in it")
    first_words, second_words, scores = zip(*rows, strict=True)
    return WordPairs(first_words, second_words, scores)


def shipped_with_gensim(file: str, what: str) -> Path:
    """The path of a file that gensim's wheel carries.

    Raises:
        InputError: gensim is not installed; `what` says what comes with it.
    """
    package = importlib.util.find_spec("gensim")
    if package is None or package.origin is None:
        raise InputError(f"{what} come with gensim, which is not installed: pip install gensim")
    return Path(package.origin).parent / "test" / "test_data" / file


def _path(name: str) -> Path:
    if name in _SHIPPED:
        return shipped_with_gensim(_SHIPPED[name], f"the word pairs {name}")
    path = Path(name).expanduser()
    if not path.is_file():
        raise InputError(f"word pairs {name}: neither a file nor a known set; {suggestion(name, _SHIPPED)}")
    return path
