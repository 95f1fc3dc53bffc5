"""Adapted layers that live inside a model, so that raw rows go in at training and at serving alike."""

from zoo.keras_settings import choose_backend
from zoo.lazy import attach

choose_backend()
__getattr__, __dir__ = attach(__name__, __path__)
