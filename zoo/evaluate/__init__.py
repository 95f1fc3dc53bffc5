"""Judging: representations x metrics with intervals, and the gates that bless an encoder."""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
