"""Encoder and decoder bodies: [batch, width] -> [batch, features]."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
