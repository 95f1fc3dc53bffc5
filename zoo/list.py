"""`python -m zoo.list`: see `zoo.cli.list`."""

from zoo.cli.ending import leave
from zoo.cli.list import main

__all__ = ["main"]

if __name__ == "__main__":
    leave(main())
