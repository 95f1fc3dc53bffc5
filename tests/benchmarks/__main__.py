"""Runs the benchmarks, each in a process of its own: python -m tests.benchmarks [NAME ...]."""

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
RESULTS = Path("build/bench")


def main(names: list[str]) -> int:
    """Measures and prints; returns 2 for a name that does not exist."""
    found = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    unknown = set(names) - set(found)
    if unknown:
        print(f"error: no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(found)}", file=sys.stderr)
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    table = Table("benchmark", "figure", "measured", "wanted")
    for name in names or found:
        path = RESULTS / f"{name}.json"
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", str(path)], check=True)
        for figure, entry in json.loads(path.read_text()).items():
            table.add_row(name, figure, str(entry["measured"]), str(entry.get("wanted", "")))
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
