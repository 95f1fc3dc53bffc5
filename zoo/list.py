"""`python -m zoo.list`: see `zoo.cli.list`."""

import sys

from zoo.cli.list import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
