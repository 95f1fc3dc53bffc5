"""Likelihoods p(x|z): decoder features -> parameters, log_prob [batch] in nats, mean [batch, width]."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
