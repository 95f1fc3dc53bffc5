"""`python -m zoo.rollback NAME`: see `zoo.cli.rollback`."""

import sys

from zoo.cli.rollback import main, rollback

__all__ = ["main", "rollback"]

if __name__ == "__main__":
    sys.exit(main())
