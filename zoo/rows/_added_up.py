"""Entries of sparse rows, each column once."""

from __future__ import annotations

from typing import Any

from zoo.quiet import import_tensorflow


def added_up(indices: Any, values: Any, columns: int) -> dict[str, Any]:
    """Entries of sparse rows with each column at most once in a row, its values added up; inside the graph.

    Args:
        indices: [n, items] int32, below 0 for none.
        values: [n, items] float32.
        columns: how many there are.
    """
    tf = import_tensorflow()
    count = tf.shape(indices, tf.int64)[0]
    there = indices >= 0
    rows = tf.where(there)[:, 0]
    places = rows * columns + tf.cast(tf.boolean_mask(indices, there), tf.int64)
    different, which = tf.unique(places)
    sums = tf.math.unsorted_segment_sum(tf.boolean_mask(values, there), which, tf.size(different))

    def in_rows(entries: Any, empty: Any) -> Any:
        ragged = tf.RaggedTensor.from_value_rowids(entries, different // columns, nrows=count, validate=False)
        return ragged.to_tensor(default_value=empty)

    return {"indices": in_rows(tf.cast(different % columns, tf.int32), -1), "values": in_rows(sums, 0.0)}
