"""Training: Keras `fit` with early stopping, resuming and a stop on non-finite loss."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
