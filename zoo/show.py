"""`python -m zoo.show NAME`: see `zoo.cli.show`."""

import sys

from zoo.cli.show import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
