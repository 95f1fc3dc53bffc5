"""`python -m zoo.neighbours NAME WORD ...`: see `zoo.cli.neighbours`."""

import sys

from zoo.cli.neighbours import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
