"""`python -m serving`: the embedded server."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from serving.flags import read_flags

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server; returns the exit status."""
    flags = read_flags(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it while it is imported
    from serving.server import serve  # after the flags: it imports TensorFlow, which takes seconds

    return serve(flags)


if __name__ == "__main__":
    sys.exit(main())
