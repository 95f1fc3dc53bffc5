"""Bottlenecks: what an encoder's features become -> code [batch, latent_dim] and rate [batch] in nats."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
