"""Inputs that are of the shapes that a signature declares, or an error.

Servers do not compare what they are sent with a signature: TensorFlow Serving leaves it to the graph, and a graph that
subtracts a mean spreads a row of one number over all columns, and answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Mapping


def ensured(arrays: Mapping[str, Any], specs: Mapping[str, Any]) -> dict[str, Any]:
    """The same tensors, each held to its specification, and all to the same open sizes; runs in the graph.

    Args:
        arrays: input name -> tensor [n, ...].
        specs: input name -> its specification, [None, ...]; what is open beside n, such as the entries of the longest
            sparse row, is the same in all inputs that have it.
    """
    tf = import_tensorflow()
    same = {name: tf.ensure_shape(array, specs[name].shape) for name, array in arrays.items()}
    if len(same) == 1:
        return same
    (first, *others) = same
    told = []
    for other in others:
        count = min(_open_sizes(specs[first].shape), _open_sizes(specs[other].shape))
        sizes = (tf.shape(same[each])[:count] for each in (first, other))
        told.append(tf.debugging.Assert(tf.reduce_all(tf.equal(*sizes)), [f"{first} and {other} differ in their rows"]))
    with tf.control_dependencies(told):
        return {name: tf.identity(array) for name, array in same.items()}


def _open_sizes(shape: Any) -> int:
    """How many of the first dimensions may have any size."""
    sizes = [*shape, 0]
    return next(place for place, size in enumerate(sizes) if size is not None)
