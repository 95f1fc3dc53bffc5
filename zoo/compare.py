"""`python -m zoo.compare NAME ...` and `zoo.compare(...)`: see `zoo.cli.compare`."""

import sys

from zoo.cli.callable_module import make_callable
from zoo.cli.compare import compare, main

__all__ = ["compare", "main"]

make_callable(__name__, compare)

if __name__ == "__main__":
    sys.exit(main())
