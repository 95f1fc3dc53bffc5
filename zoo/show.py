"""`python -m zoo.show NAME`: see `zoo.cli.show`."""

from zoo.cli.ending import leave
from zoo.cli.show import main

__all__ = ["main"]

if __name__ == "__main__":
    leave(main())
