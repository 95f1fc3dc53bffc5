"""`python -m zoo.publish runs:/ID`: see `zoo.cli.publish`."""

import sys

from zoo.cli.publish import main, publish

__all__ = ["main", "publish"]

if __name__ == "__main__":
    sys.exit(main())
