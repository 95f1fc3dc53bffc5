"""`python -m zoo.compare NAME ...` and `zoo.compare(...)`: see `zoo.cli.compare`."""

from zoo.cli.callable_module import make_callable
from zoo.cli.compare import compare, main
from zoo.cli.ending import leave

__all__ = ["compare", "main"]

make_callable(__name__, compare)

if __name__ == "__main__":
    leave(main())
