"""`python -m serving`: the embedded server."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

from serving.errors import ServingError
from serving.flags import read_flags
from serving.quiet import importing_quietly
from serving.settings import read_settings
from serving.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server; returns the exit status."""
    try:
        tempfile.gettempdir()  # which importing TensorFlow asks for
        flags = read_flags(arguments)
        if flags.workers > 1 and flags.worker is None:
            return Workers(sys.argv[1:] if arguments is None else arguments, flags).run()
        settings = read_settings(flags)
    except (ValueError, ServingError, OSError) as error:
        hint = "; name one that can be written to with TMPDIR" if "temporary directory" in str(error) else ""
        print(f"error: {error}{hint}", file=sys.stderr)  # noqa: T201
        return 2
    print("starting TensorFlow, then loading the models ...", file=sys.stderr, flush=True)  # noqa: T201
    with importing_quietly(keras=False):
        from serving.server import serve  # after the settings: it imports TensorFlow, which takes seconds

    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
