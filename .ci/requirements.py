"""Writes what pip installs with --require-hashes: the versions of constraints.txt, with their hashes on PyPI.

    .venv/bin/python .ci/requirements.py        (or: make requirements)

pip takes no hashes from a file of constraints, and none for a project that it installs in place, so they stand in files
of their own: what runs need, what tests need, and what the embedded server needs. uv makes them, for every platform and
Python, and asks the public index only: local mirrors may hold only some of a package's wheels.
"""

from __future__ import annotations

import os
import subprocess
import sys

from install import PIP, ROOT, uv_environment

FILES = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-dev.txt": ["pyproject.toml", "--extra", "dev"],
    "serving/requirements.txt": ["serving/requirements.in"],
}
MIRRORS = {"UV_INDEX", "UV_FIND_LINKS", "UV_CONSTRAINT", "UV_NO_INDEX", "UV_INDEX_STRATEGY"}


def main() -> int:
    """Writes the files; returns uv's exit status."""
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    environment = {
        name: value for name, value in uv_environment(listing, dict(os.environ)).items() if name not in MIRRORS
    }
    for file, inputs in FILES.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *inputs, "--output-file", file]
        command += ["--quiet", "--universal", "--python-version", "3.11", "--constraint", "constraints.txt"]
        command += ["--generate-hashes", "--no-annotate", "--custom-compile-command", "make requirements"]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
