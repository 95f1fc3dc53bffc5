"""Sources: each file holds one, which reads a table and returns Splits."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
