"""What the documents hold: their blocks of code, the commands that they name, their links and headings."""

import dataclasses
import itertools
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "serving/README.md"]

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_REASON = re.compile(r"<!-- not run: (.+?) -->\n+\Z")
_COMMAND = re.compile(r"^(?:zoo|python -m zoo\.) ?(?P<name>[a-z_]+)(?P<rest>(?: .*)?)$")


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block; `reason` says why it is not run, "" if it is."""

    page: Path
    line: int
    language: str
    text: str
    reason: str

    @property
    def place(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page):
    text = page.read_text()
    for found in _FENCE.finditer(text):
        reason = _REASON.search(text[: found.start()])
        line = text[: found.start()].count("\n") + 1
        yield Block(page, line, found["language"], found["text"], reason[1] if reason else "")


def prose(page):
    """A page without its blocks."""
    return _FENCE.sub("", page.read_text())


def shell_lines(text):
    """Commands without comments and what they set (NAME=value before them); lines that go on behind \\ are one."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        words = list(itertools.dropwhile(re.compile("[A-Z_]+=").match, words))
        if words:
            yield words


def commands(page):
    """(place, command of the zoo, its arguments) of every block of a shell and every `inline command`."""
    for block in blocks(page):
        if block.language in {"sh", "console"}:
            lines = block.text.splitlines()
            given = [line for line in lines if block.language == "sh" or line.startswith("$ ")]
            for words in shell_lines("\n".join(given)):
                yield from _of_the_zoo(block.place, words)
    for code in re.findall(r"`([^`\n]+)`", prose(page)):
        if _COMMAND.match(code):
            yield from _of_the_zoo(str(page.relative_to(ROOT)), shlex.split(code))


def _of_the_zoo(place, words):
    if words[0] == "zoo" and len(words) > 1:
        yield place, words[1], words[2:]
    elif words[:2] == ["python", "-m"] and words[2] == "serving":
        yield place, "serve", words[3:]
    elif words[:2] == ["python", "-m"] and words[2].startswith("zoo."):
        yield place, words[2].removeprefix("zoo."), words[3:]


def anchors(page):
    """What the headings of a page can be linked by."""
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        yield words.strip().replace(" ", "-")


def links(page):
    """(target, anchor) of every link and picture that stays inside of the repository."""
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", prose(page)):
        if "://" not in target and not target.startswith("mailto:"):
            yield target, anchor
