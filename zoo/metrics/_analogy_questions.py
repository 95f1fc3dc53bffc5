"""Questions of the form a is to b as c is to d."""

from __future__ import annotations

from pathlib import Path

from zoo.errors import InputError
from zoo.metrics._key_table import read_key_table
from zoo.tables.text_file import read_text
from zoo.word_pairs import shipped_with_gensim

_GOOGLE = "questions-words.txt"  # Mikolov et al. 2013, 19,544 questions


def read_questions(name: str) -> list[tuple[str, str, str, str]]:
    """Reads analogies.

    Args:
        name: `google`, for the set that gensim's wheel carries; a text file of four words a line, in which lines that
            begin with a colon name sections; or a table of four columns.

    Raises:
        InputError: no such file, text that is not UTF-8, or a line that is not four words.
    """
    if name == "google":
        return _lines(shipped_with_gensim(_GOOGLE, "the analogies google"))
    path = Path(name).expanduser()
    if path.suffix == ".txt" and path.is_file():
        return _lines(path)
    columns = dict.fromkeys(("a", "b", "c", "d"))
    file = read_key_table(name, columns)
    return list(zip(*(file.keys(column) for column in columns), strict=True))


def _lines(path: Path) -> list[tuple[str, str, str, str]]:
    questions = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        words = line.split()
        if not words or line.startswith(":"):
            continue
        if len(words) != 4:
            raise InputError(f"{path}, line {number}: expected four words, found {len(words)}")
        questions.append((words[0], words[1], words[2], words[3]))
    if not questions:
        raise InputError(f"{path}: no questions in it")
    return questions
