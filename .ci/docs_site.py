"""What MkDocs is handed besides docs/: pages that have their place elsewhere in the repository, and made ones.

README.md is the front page, CONTRIBUTING.md, CHANGELOG.md and serving/README.md are pages, a notebook of docs/notebooks
becomes one, and docs/recipes.md gets the table of recipes. Links are written so that they lead somewhere on a plain Git
host too, and are turned to the site's pages here.
"""

from __future__ import annotations

import itertools
import json
import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE_GOES_HERE = "<!-- the table of recipes -->"

# file of the repository -> page of the site
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "serving/README.md": "serving-the-store.md",
}
_LINK = re.compile(r"(\]\()([^)#\s]*)(#[^)\s]*)?(\))")


def page_of(file: str) -> tuple[str, str]:
    """The site's page, and its anchor, for a file of the repository; the file itself where it has none."""
    if file in PAGES:
        return PAGES[file], ""
    if file.split("/", maxsplit=1)[0] == "recipes":
        return "recipes.md", "#" + Path(file).stem if file.endswith(".yaml") else ""
    if file.startswith("docs/"):
        return re.sub(r"\.ipynb$", ".md", file.removeprefix("docs/")), ""
    return file, ""


def turn_links(markdown: str, home: str, page: str) -> str:
    """Makes the links of a file of the repository, `home`, those of the site's page that it becomes.

    Example:
        turn_links("[see](docs/use.md#start)", "README.md", "index.md") is "[see](use.md#start)".
    """

    def turned(found: re.Match[str]) -> str:
        opening, target, anchor, closing = found.groups()
        if not target or ":" in target:
            return found.group()
        to, its_anchor = page_of(posixpath.normpath(posixpath.join(posixpath.dirname(home), target)))
        return opening + posixpath.relpath(to, posixpath.dirname(page) or ".") + (anchor or its_anchor) + closing

    return _LINK.sub(turned, markdown)


def notebook_as_markdown(path: Path) -> str:
    """A notebook's cells, with what they printed where that is kept."""
    parts = []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        printed = "".join("".join(output.get("text", ())) for output in cell["outputs"])
        if printed:
            parts.append(f"```text\n{printed.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def recipes_table(folder: Path = ROOT / "recipes") -> str:
    """A table of the folder's recipes and their purposes, and a section for each with what its header says."""
    import yaml

    rows, sections = ["| recipe | for |", "|---|---|"], []
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text()
        purpose = yaml.safe_load(text)["purpose"]
        rows.append(f"| [`{path.stem}`](#{path.stem}) | {purpose.replace('|', chr(92) + '|')} |")
        header = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
        said = "\n".join(line.removeprefix("#").removeprefix(" ") for line in header).strip("\n")
        sections.append(f"### {path.stem} {{#{path.stem}}}\n\n{purpose}\n\n```text\n{said}\n```\n")
    return "\n".join([*rows, "", *sections])


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages that are not in docs/."""
    from mkdocs.structure.files import File

    for file, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / file).read_text()))
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            text = notebook_as_markdown(Path(file.abs_src_path))
            files.append(File.generated(config, re.sub(r"\.ipynb$", ".md", file.src_uri), content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turns the links, and puts the recipes into their page."""
    made = {page_: file for file, page_ in PAGES.items()}
    at = page.file.src_uri
    markdown = markdown.replace(TABLE_GOES_HERE, recipes_table() if TABLE_GOES_HERE in markdown else "")
    return turn_links(markdown, made.get(at, f"docs/{at}"), at)
