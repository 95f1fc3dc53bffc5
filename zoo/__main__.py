"""The console script `zoo`: `zoo run ...` is `python -m zoo.run ...`, and so on; `zoo serve ...` starts the server."""

from __future__ import annotations

import importlib
import sys

from zoo.cli.arguments import explained
from zoo.cli.ending import leave
from zoo.errors import suggestion

# command -> its module
_COMMANDS = {
    "new": ("zoo.new", "looks at a file and writes a recipe for it"),
    "list": ("zoo.list", "lists recipes, registered encoders, and what runs have kept"),
    "show": ("zoo.show", "shows what an encoder is and how it was judged, or what a recipe says"),
    "run": ("zoo.run", "trains, judges, registers and exports a recipe"),
    "encode": ("zoo.encode", "encodes a Parquet, CSV or npy file of any size"),
    "neighbours": ("zoo.neighbours", "shows the words whose codes are nearest to some"),
    "match": ("zoo.match", "finds the rows of two tables that are the same thing"),
    "deduplicate": ("zoo.deduplicate", "finds which rows of a table are the same thing"),
    "judge": ("zoo.judge", "judges a registered encoder again, or embeddings from anywhere"),
    "compare": ("zoo.compare", "compares registered encoders on the same rows"),
    "publish": ("zoo.publish", "registers the blessed encoder of a run that did not, and makes it the champion"),
    "push": ("zoo.push", "copies a registered encoder to a store that servers read"),
    "rollback": ("zoo.rollback", "makes the former champion the champion again, in the registry and in a store"),
    "serve": ("zoo.cli.serve", "serves encoders over REST and gRPC, as TensorFlow Serving does"),
}


def main() -> int:
    """Hands the arguments on to the command's own module; returns its exit status."""
    command, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if command in {"-h", "--help"}:
        lines = "".join(f"  {name:<11} {purpose}\n" for name, (_, purpose) in _COMMANDS.items())
        print(f"usage: zoo COMMAND ...\n\ncommands (zoo COMMAND --help says more):\n{lines}", end="")  # noqa: T201
        return 0
    if command not in _COMMANDS:
        print(f"error: no command {command!r}; {suggestion(command, _COMMANDS)}", file=sys.stderr)  # noqa: T201
        return 2
    return int(importlib.import_module(_COMMANDS[command][0]).main(arguments))


def command() -> None:
    """The console script."""
    leave(explained(main))


if __name__ == "__main__":
    command()
