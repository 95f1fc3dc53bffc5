"""`python -m zoo.deduplicate name=NAME input=FILE output=FILE` and `zoo.deduplicate(..)`: `zoo.cli.deduplicate`."""

from zoo.cli.callable_module import make_callable
from zoo.cli.deduplicate import deduplicate, main
from zoo.cli.ending import leave

__all__ = ["deduplicate", "main"]

make_callable(__name__, deduplicate)

if __name__ == "__main__":
    leave(main())
