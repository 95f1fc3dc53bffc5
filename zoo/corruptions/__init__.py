"""Corruptions: same shape out as in while training, the identity otherwise."""

from zoo.keras_settings import choose_backend
from zoo.lazy import attach

choose_backend()
__getattr__, __dir__ = attach(__name__, __path__)
