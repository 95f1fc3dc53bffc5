"""Intakes: what raw rows look like to a user, and how they become what a model takes.

An intake turns whatever a user hands over into named arrays (in Python), and those into the model's input (inside the
graph, so that an exported encoder needs nothing beside TensorFlow).
"""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
