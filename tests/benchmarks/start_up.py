"""How long the command line takes to say what it can do."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 10


def main() -> dict:
    """The figures."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "zoo.run", "--help"], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    script = "import sys, zoo.cli.run\nzoo.cli.run._parser().format_help()\nprint('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {
        "--help, median seconds": {"measured": round(statistics.median(seconds), 2), "wanted": "<= 1"},
        "--help, slowest": {"measured": round(max(seconds), 2)},
        "--help imports tensorflow": {"measured": done.stdout.splitlines()[-1], "wanted": "False"},
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
