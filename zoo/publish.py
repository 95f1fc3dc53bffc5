"""`python -m zoo.publish runs:/ID`: see `zoo.cli.publish`."""

from zoo.cli.ending import leave
from zoo.cli.publish import main, publish

__all__ = ["main", "publish"]

if __name__ == "__main__":
    leave(main())
