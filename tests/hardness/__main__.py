"""Runs what is hard on the server and the commands: python -m tests.hardness [NAME ...]."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Runs the named ones, or all; returns 1 if one of them found a fault, 2 for a name that does not exist."""
    found = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    unknown = set(names) - set(found)
    if unknown:
        print(f"error: no {', '.join(sorted(unknown))} here; there are: {', '.join(found)}", file=sys.stderr)
        return 2
    statuses = []
    for name in names or found:
        print(f"{name}:", flush=True)
        statuses.append(subprocess.run([sys.executable, "-m", f"tests.hardness.{name}"], check=False).returncode)
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
