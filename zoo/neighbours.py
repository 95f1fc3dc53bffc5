"""`python -m zoo.neighbours NAME WORD ...`: see `zoo.cli.neighbours`."""

from zoo.cli.ending import leave
from zoo.cli.neighbours import main

__all__ = ["main"]

if __name__ == "__main__":
    leave(main())
