"""Corruptions: same shape out as in while training, the identity otherwise."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
