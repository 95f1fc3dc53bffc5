"""Representations: rows -> vectors, with a name. What an encoder is compared with."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
