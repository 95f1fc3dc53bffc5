"""`python -m zoo.push NAME target=FOLDER`: see `zoo.cli.push`."""

from zoo.cli.ending import leave
from zoo.cli.push import main, push

__all__ = ["main", "push"]

if __name__ == "__main__":
    leave(main())
