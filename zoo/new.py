"""`python -m zoo.new FILE`: see `zoo.cli.new`."""

import sys

from zoo.cli.new import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
