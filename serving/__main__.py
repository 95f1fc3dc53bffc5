"""`python -m serving`: the embedded server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from serving.flags import read_flags
from serving.quiet import importing_quietly

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server; returns the exit status."""
    flags = read_flags(arguments)
    print("starting TensorFlow, then loading the models ...", file=sys.stderr, flush=True)  # noqa: T201
    with importing_quietly():
        from serving.server import serve  # after the flags: it imports TensorFlow, which takes seconds

    return serve(flags)


if __name__ == "__main__":
    sys.exit(main())
