"""The console script `zoo`: `zoo COMMAND ...` is `python -m zoo.COMMAND ...`."""

from __future__ import annotations

import importlib
import sys

from zoo.errors import suggestion

_COMMANDS = {"run": "trains, judges, registers and exports a recipe"}


def main() -> int:
    """Hands the arguments on to the command's own module; returns its exit status."""
    command, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if command in {"-h", "--help"}:
        lines = "".join(f"  {name}  {purpose}\n" for name, purpose in _COMMANDS.items())
        print(f"usage: zoo COMMAND ...\n\ncommands (zoo COMMAND --help says more):\n{lines}", end="")  # noqa: T201
        return 0
    if command not in _COMMANDS:
        print(f"error: no command {command!r}; {suggestion(command, _COMMANDS)}", file=sys.stderr)  # noqa: T201
        return 2
    return int(importlib.import_module(f"zoo.{command}").main(arguments))


if __name__ == "__main__":
    sys.exit(main())
