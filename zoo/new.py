"""`python -m zoo.new FILE`: see `zoo.cli.new`."""

from zoo.cli.ending import leave
from zoo.cli.new import main

__all__ = ["main"]

if __name__ == "__main__":
    leave(main())
