"""`python -m zoo.push NAME target=FOLDER`: see `zoo.cli.push`."""

import sys

from zoo.cli.push import main, push

__all__ = ["main", "push"]

if __name__ == "__main__":
    sys.exit(main())
