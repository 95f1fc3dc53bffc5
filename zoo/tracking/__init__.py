"""Tracking: the only package that imports mlflow."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
