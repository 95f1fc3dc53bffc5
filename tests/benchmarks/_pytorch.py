"""PyTorch in a process of its own: beside TensorFlow in one, some of its versions crash."""

import importlib.util
import json
import subprocess
import sys

MISSING = {"measured": "PyTorch is not installed: pip install '.[bench]'"}


def is_there() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def elsewhere(module: str, *arguments: str) -> tuple[float, float]:
    """What a benchmark's `pytorch(*arguments)` gives: rows a second and the mean loss."""
    script = f"import json, sys; from {module} import pytorch; print(json.dumps(pytorch(*sys.argv[1:])))"
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    rate, loss = json.loads(done.stdout)
    return rate, loss
