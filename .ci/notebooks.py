"""Runs the notebooks of docs/notebooks, all in one process, and keeps what their cells show.

    .venv/bin/python .ci/notebooks.py                                 all of them
    .venv/bin/python .ci/notebooks.py docs/notebooks/words.ipynb      one

A kernel for each would import TensorFlow each; here a notebook is a program whose cells are run one after another, in a
folder of its own. What a cell shows is what it prints, and the value of its last line.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parent.parent / "docs/notebooks"
_MOST = 4000  # characters that a cell may show


def run(path: Path) -> dict[str, Any]:
    """The notebook with the outputs of its cells, run in the present folder."""
    notebook: dict[str, Any] = json.loads(path.read_text())
    names: dict[str, Any] = {"__name__": "__main__"}
    programs = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(programs, 1):
        shown = _shown("".join(cell["source"]), f"{path.name}, cell {number}", names)
        text = shown[:_MOST].rstrip().splitlines(keepends=True)
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
        cell["execution_count"] = number
    return notebook


def _shown(source: str, place: str, names: dict[str, Any]) -> str:
    """What a cell prints, and the value that its last line has."""
    program = ast.parse(source)
    last = program.body.pop() if program.body and isinstance(program.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(program, place, "exec"), names)  # noqa: S102  our own notebooks
        if last is not None:
            value = eval(compile(ast.Expression(last.value), place, "eval"), names)  # noqa: S307
            if value is not None:
                print(value)  # noqa: T201
    return printed.getvalue()


def main(paths: list[str]) -> None:
    """Runs notebooks and writes them with what they show."""
    for path in [Path(each).resolve() for each in paths] or sorted(NOTEBOOKS.glob("*.ipynb")):
        before = Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                notebook = run(path)
            finally:
                os.chdir(before)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
