"""Writes build/sbom.json, a CycloneDX bill of what an environment holds: `make sbom`.

    .venv/bin/python .ci/sbom.py [PYTHON]       of another environment: its interpreter

The tool has an environment of its own under build/, or it would list itself.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOL = "cyclonedx-bom==7.5.0"
HOME, WRITTEN = ROOT / "build" / "sbom-tool", ROOT / "build" / "sbom.json"


def main(described: str) -> int:
    """Writes the bill of the environment of an interpreter; returns the tool's exit status."""
    tool = HOME / "bin" / "cyclonedx-py"
    if not tool.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin" / "python", "-m", "pip", "install", "--quiet", TOOL], check=True)
    WRITTEN.parent.mkdir(exist_ok=True)
    what = ["environment", "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    done = subprocess.run([tool, *what, "--output-file", str(WRITTEN), described], check=False)
    if done.returncode == 0:
        print(WRITTEN.relative_to(ROOT))  # noqa: T201
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else sys.executable))
