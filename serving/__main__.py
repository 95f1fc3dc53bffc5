"""`python -m serving`: the embedded server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from serving.errors import ServingError
from serving.flags import read_flags
from serving.quiet import importing_quietly
from serving.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server; returns the exit status."""
    try:
        settings = read_settings(read_flags(arguments))
    except (ValueError, ServingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print("starting TensorFlow, then loading the models ...", file=sys.stderr, flush=True)  # noqa: T201
    with importing_quietly(keras=False):
        from serving.server import serve  # after the settings: it imports TensorFlow, which takes seconds

    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
