"""Bottlenecks: what an encoder's features become -> code [batch, latent_dim] and rate [batch] in nats."""

from zoo.keras_settings import choose_backend
from zoo.lazy import attach

choose_backend()
__getattr__, __dir__ = attach(__name__, __path__)
