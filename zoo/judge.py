"""`python -m zoo.judge NAME ...` and `zoo.judge(...)`: see `zoo.cli.judge`."""

from zoo.cli.callable_module import make_callable
from zoo.cli.ending import leave
from zoo.cli.judge import judge, main

__all__ = ["judge", "main"]

make_callable(__name__, judge)

if __name__ == "__main__":
    leave(main())
