"""Errors that people make when they write the same record twice."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt


_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SOUNDS = ("ph:f", "f:ph", "ck:k", "c:k", "k:c", "ie:y", "y:ie", "ee:ea", "z:s", "s:z", "gh:g", "ei:ie", "x:ks", "w:v")
_DATE = re.compile(r"(\d{4})(\D?)(\d{2})(\D?)(\d{2})|(\d{1,2})(\D)(\d{1,2})(\D)(\d{4})")
_SHORT = 3  # letters that an abbreviation keeps


@dataclass(frozen=True)
class RecordErrors:
    """How often what goes wrong, as shares of records (swapped, emptied) or of cells that hold enough for it.

    Attributes:
        typo: a character of the cell is mistyped: the key beside it, two swapped, one left out or doubled, or a sound
            written otherwise; a second and third follow as likely each.
        digit: a digit of the cell is another one.
        dropped: a word is left out.
        swapped: two words that follow each other change places.
        shortened: a word is cut to its first letters, or to its initial.
        day_month: day and month of a date change places.
        emptied: the cell is empty.
        exchanged: of records: two neighbouring cells of text change places.

    Reference:
        Christen and Pudjijono 2009, "Accurate synthetic generation of realistic personal information".
    """

    typo: float = 0.35
    digit: float = 0.1
    dropped: float = 0.1
    swapped: float = 0.05
    shortened: float = 0.1
    day_month: float = 0.05
    emptied: float = 0.15
    exchanged: float = 0.05

    def __post_init__(self) -> None:
        """Raises ValueError where a share is none."""
        wrong = {name: share for name, share in asdict(self).items() if not 0 <= share <= 1}
        if wrong:
            raise ValueError(f"shares lie between 0 and 1: {wrong}")

    def altered(
        self, columns: Mapping[str, Sequence[str]], reads: Mapping[str, str], random: np.random.Generator
    ) -> dict[str, npt.NDArray[np.object_]]:
        """The same records, written once more.

        Args:
            columns: field -> its cells [n], "" where there is none.
            reads: field -> what its cells hold: `text`, `category`, `number` or `date`.
            random: what decides.

        Returns:
            Field -> cells [n].
        """
        found = {name: np.asarray(cells, dtype=object).copy() for name, cells in columns.items()}
        self._exchange([cells for name, cells in found.items() if reads[name] == "text"], random)
        for name, cells in found.items():
            for change, share in self._changes(reads[name]):
                for row in np.flatnonzero(random.random(len(cells)) < share).tolist():
                    cells[row] = change(cells[row], random)
            cells[random.random(len(cells)) < self.emptied] = ""
        return found

    def get_config(self) -> dict[str, float]:
        """What `RecordErrors(**config)` makes the same of."""
        return asdict(self)

    def _changes(self, reads: str) -> Sequence[tuple[Callable[[str, np.random.Generator], str], float]]:
        if reads == "text":
            return [
                (_drop_word, self.dropped),
                (_swap_words, self.swapped),
                (_shorten, self.shortened),
                (_slip_digit, self.digit),
                (self._mistype, self.typo),
            ]
        slips: list[tuple[Callable[[str, np.random.Generator], str], float]] = [(_slip_digit, self.digit)]
        return {"date": [(_swap_day_month, self.day_month), *slips], "number": slips}.get(reads, [])

    def _mistype(self, text: str, random: np.random.Generator) -> str:
        for _ in range(3):
            text = _mistype_once(text, random)
            if random.random() >= self.typo:
                break
        return text

    def _exchange(self, texts: list[Any], random: np.random.Generator) -> None:
        """Exchanges cells of neighbouring fields, in place."""
        if len(texts) < 2:
            return
        rows = np.flatnonzero(random.random(len(texts[0])) < self.exchanged)
        for row, first in zip(rows.tolist(), random.integers(len(texts) - 1, size=len(rows)).tolist(), strict=True):
            texts[first][row], texts[first + 1][row] = texts[first + 1][row], texts[first][row]


def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for place, key in enumerate(keys):
            below = _ROWS[row + 1][max(place - 1, 0) : place + 1] if row + 1 < len(_ROWS) else ""
            above = _ROWS[row - 1][place : place + 2] if row else ""
            found[key] = keys[max(place - 1, 0) : place] + keys[place + 1 : place + 2] + above + below
    return found


_KEYS = _neighbours()
_SPELLINGS = [tuple(each.split(":")) for each in _SOUNDS]


def _mistype_once(text: str, random: np.random.Generator) -> str:
    if not text:
        return text
    place = int(random.integers(len(text)))
    return _TYPOS[int(random.integers(len(_TYPOS)))](text, place, random)


def _beside(text: str, place: int, random: np.random.Generator) -> str:
    keys = _KEYS.get(text[place].lower(), text[place])
    return text[:place] + keys[int(random.integers(len(keys)))] + text[place + 1 :]


def _exchanged(text: str, place: int, random: np.random.Generator) -> str:
    del random
    return text[:place] + text[place + 1 : place + 2] + text[place] + text[place + 2 :]


def _left_out(text: str, place: int, random: np.random.Generator) -> str:
    del random
    return text[:place] + text[place + 1 :] if len(text) > 1 else text


def _doubled(text: str, place: int, random: np.random.Generator) -> str:
    del random
    return text[: place + 1] + text[place:]


def _sounds_alike(text: str, place: int, random: np.random.Generator) -> str:
    sounds = [(said, written) for said, written in _SPELLINGS if said in text]
    if not sounds:
        return _exchanged(text, place, random)
    said, written = sounds[int(random.integers(len(sounds)))]
    return text.replace(said, written, 1)


_TYPOS = (_beside, _exchanged, _left_out, _doubled, _sounds_alike)


def _slip_digit(text: str, random: np.random.Generator) -> str:
    places = [place for place, character in enumerate(text) if character.isdecimal()]
    if not places:
        return text
    place = places[int(random.integers(len(places)))]
    return text[:place] + str(int(random.integers(10))) + text[place + 1 :]


def _drop_word(text: str, random: np.random.Generator) -> str:
    words = text.split()
    if len(words) > 1:
        del words[int(random.integers(len(words)))]
    return " ".join(words)


def _swap_words(text: str, random: np.random.Generator) -> str:
    words = text.split()
    if len(words) > 1:
        place = int(random.integers(len(words) - 1))
        words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)


def _shorten(text: str, random: np.random.Generator) -> str:
    words = text.split()
    if words:
        place = int(random.integers(len(words)))
        words[place] = words[place][: 1 if random.random() < 0.5 else _SHORT]
    return " ".join(words)


def _swap_day_month(text: str, random: np.random.Generator) -> str:
    del random
    found = _DATE.fullmatch(text.strip())
    if not found:
        return text
    year, one, month, two, day, first, three, second, four, last = found.groups(default="")
    return f"{year}{one}{day}{two}{month}" if year else f"{second}{three}{first}{four}{last}"
