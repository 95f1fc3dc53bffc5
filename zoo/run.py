"""`python -m zoo.run recipe=NAME ...` and `zoo.run("NAME", ...)`: see `zoo.cli.run`."""

from zoo.cli.callable_module import make_callable
from zoo.cli.ending import leave
from zoo.cli.run import main, run

__all__ = ["main", "run"]

make_callable(__name__, run)

if __name__ == "__main__":
    leave(main())
