"""Likelihoods p(x|z): decoder features -> parameters, log_prob [batch] in nats, mean [batch, width]."""

from zoo.keras_settings import choose_backend
from zoo.lazy import attach

choose_backend()
__getattr__, __dir__ = attach(__name__, __path__)
