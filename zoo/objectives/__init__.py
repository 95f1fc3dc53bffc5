"""Terms that a loss may add to distortion and rate: each gives [batch] or a scalar, per example."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
