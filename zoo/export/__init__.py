"""Export: encoders as SavedModels that a server can pick up."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
