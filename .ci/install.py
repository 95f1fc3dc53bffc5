"""Installs the zoo into the virtual environment that this runs in, with the versions of constraints.txt.

    .venv/bin/python .ci/install.py        what runs need
    .venv/bin/python .ci/install.py dev    and an extra, here what tests need

uv does it in a tenth of the time; it comes from where pip finds packages, and reads what pip is configured to. Where it
cannot be had, or fails, pip does the same.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip"]

# pip's setting -> uv's variable, and what stands between several values there
AS_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-cache-dir": ("UV_NO_CACHE", " "),
    "pre": ("UV_PRERELEASE", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}


def uv_environment(listing: str, environment: dict[str, str]) -> dict[str, str]:
    """The environment for uv, with pip's settings in uv's words; variables that are set already stay.

    Args:
        listing: what `pip config list` prints: lines such as `global.index-url='https://...'`, later ones of the same
            file over earlier ones; `install.` goes over `global.`, and the environment (`:env:.`) over both.
        environment: the process's own.
    """
    settings: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section):
                settings[key.removeprefix(section)] = str(ast.literal_eval(value))
    found = {
        variable: separator.join(settings[key].split())
        for key, (variable, separator) in AS_VARIABLES.items()
        if settings.get(key)
    }
    if "UV_PRERELEASE" in found:
        found["UV_PRERELEASE"] = "allow"
    # pip takes the best version of all its indexes, uv that of the first one that has the package
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **found, **environment}


def main(extras: list[str]) -> int:
    """Installs what runs need and the extras; returns the exit status of the tool that did it last."""
    what = ["--constraint", str(ROOT / "constraints.txt"), "--editable"]
    what.append(str(ROOT) + (f"[{','.join(extras)}]" if extras else ""))
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    environment = uv_environment(listing, dict(os.environ))
    if "UV_CONSTRAINT" in environment:  # an argument takes a variable's place
        what = [*(word for each in environment["UV_CONSTRAINT"].split() for word in ("--constraint", each)), *what]
    say("getting uv, which installs packages")
    quietly = [*PIP, "install", "--quiet", "--quiet", "--constraint", str(ROOT / "constraints.txt"), "uv"]
    got = subprocess.run(quietly, check=False)
    if got.returncode == 0:
        say("installing with uv (half a minute to a few minutes, as the network is)")
        # As pip does: where PYTHONDONTWRITEBYTECODE is set, nobody else would, and each import of TensorFlow takes 9 s
        # instead of 4.
        compiled = ["--compile-bytecode", "--python", sys.executable]
        uv = [sys.executable, "-m", "uv", "pip", "install", *compiled, *what]
        if subprocess.run(uv, env=environment, check=False).returncode == 0:
            return 0
    say("uv cannot be used here; installing with pip (several minutes)")
    return subprocess.run([*PIP, "install", "--progress-bar", "on", *what], check=False).returncode


def say(text: str) -> None:
    """Prints a line at once: what follows may take minutes."""
    print(f"set-up: {text}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
