"""Reports: what a person sees of a run."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
