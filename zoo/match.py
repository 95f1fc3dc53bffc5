"""`python -m zoo.match name=NAME a=FILE b=FILE output=FILE` and `zoo.match(...)`: see `zoo.cli.match`."""

from zoo.cli.callable_module import make_callable
from zoo.cli.ending import leave
from zoo.cli.match import main, match

__all__ = ["main", "match"]

make_callable(__name__, match)

if __name__ == "__main__":
    leave(main())
