"""What the owner of a streamed table would want to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.data._table_stream import AT_ONCE
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.data._table_stream import TableStream

_MIXED = 2 * AT_ONCE  # row groups in a batch, below which the table's own order matters


def stream_notes(
    stream: TableStream, counts: Mapping[str, int], in_memory: Mapping[str, int], *, keyed: bool
) -> Iterator[str]:
    """How rows are shuffled, and what sees only some of them.

    Args:
        stream: the training rows.
        counts: split -> its rows.
        in_memory: split -> those of them that are in memory.
        keyed: whether a column names the rows.
    """
    groups = stream.rows_of_groups
    beside = f", {AT_ONCE} side by side" if len(groups) > 1 else ""
    mixed = min(len(groups), AT_ONCE + stream.buffer // max(groups))
    whole = stream.rows <= stream.buffer
    yield (
        f"Streamed: an epoch reads {count(len(groups), 'row group')} of up to {max(groups):,} rows in a shuffled order"
        f"{beside}, through a shuffle buffer of {min(stream.buffer, stream.rows):,} rows"
        + (", which is all of them." if whole else f": a batch is of rows of about {count(mixed, 'row group')}.")
    )
    if mixed < _MIXED and not whole:
        yield (
            "If the table is sorted by anything, batches are of rows alike: shuffle it once, write it in smaller row "
            "groups, or raise data.shuffle_buffer."
        )
    parts = [f"{in_memory[name]:,} of {rows:,} for {name}" for name, rows in counts.items() if in_memory[name] < rows]
    if parts:
        yield (
            f"Held in memory are samples, chosen by digests of the rows' names: {', '.join(parts)} (data.sample_rows). "
            "Validation, judging and opponents that need rows at hand see these; training, preprocessing and principal "
            "components see every training row."
        )
    if keyed:
        yield "Rows that repeat a key are kept where a table is streamed; they are all of one split."
