"""Kinds of rows: vectors, images, sparse rows, baskets of named items, records. Each is one value.

A kind knows how rows are kept and batched, what they look like to a user, and how a user's rows become what a model
takes: named arrays (in Python), and from these the model's input (inside the graph, so that an exported encoder needs
nothing beside TensorFlow).
"""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
