"""`python -m zoo.rollback NAME`: see `zoo.cli.rollback`."""

from zoo.cli.ending import leave
from zoo.cli.rollback import main, rollback

__all__ = ["main", "rollback"]

if __name__ == "__main__":
    leave(main())
