"""PyTorch in a process of its own: beside TensorFlow in one, some of its versions crash."""

import importlib.util
import json
import os
import subprocess
import sys

MISSING = {"measured": "PyTorch is not installed: pip install '.[bench]'"}


def is_there() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def elsewhere(module: str, *arguments: str) -> tuple[float, float]:
    """What a benchmark's `pytorch(*arguments)` gives: rows a second and the mean loss.

    With one thread and with one on each core, whatever the environment says; the faster counts.
    """
    script = (
        f"import json, sys, torch; torch.set_num_threads(int(sys.argv[1])); from {module} import pytorch; "
        "print(json.dumps(pytorch(*sys.argv[2:])))"
    )
    found = []
    for threads in sorted({1, os.cpu_count() or 1}):
        command = [sys.executable, "-c", script, str(threads), *arguments]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rate, loss = json.loads(done.stdout)
        found.append((rate, loss))
    return max(found)
