"""`python -m zoo.encode name=NAME input=FILE output=FILE` and `zoo.encode(...)`: see `zoo.cli.encode`."""

from zoo.cli.callable_module import make_callable
from zoo.cli.encode import encode, main
from zoo.cli.ending import leave

__all__ = ["encode", "main"]

make_callable(__name__, encode)

if __name__ == "__main__":
    leave(main())
