"""What matching found, as tables and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.fellegi_sunter import BOTH_MISSING
from zoo.matching.scorer import estimated_precision
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zoo.matching.arrays import Ints
    from zoo.matching.field_values import FieldValues
    from zoo.matching.linking import Links

_AT_A_TIME = 1 << 17  # pairs of a table
_ENTITY = ("id", "entity", "size", "match", "probability")


def pair_tables(links: Links, left: Any, right: Any, more: Any = None) -> Iterator[Any]:
    """The matches as `pyarrow.Table`s, one after another, at least one.

    Columns: `id_a` and `id_b`; `entity_b`, if `more` is given; `cosine` of the codes; `probability`; for each field
    `agreement_FIELD`, from 0 to 1 and null where a cell is empty, and `evidence_FIELD`, the nats that it adds; and
    `missing`, which fields are empty in which of the two.

    Args:
        links: what was found.
        left: the first table's ids, a `pyarrow.Array`.
        right: the second's.
        more: the entities of the second's rows.
    """
    for start in range(0, max(len(links.match), 1), _AT_A_TIME):
        yield _pair_table(links, links.match[start : start + _AT_A_TIME], left, right, more)


def _pair_table(links: Links, found: Ints, left: Any, right: Any, more: Any) -> Any:
    import pyarrow as pa

    one, other = links.pairs.left[found], links.pairs.right[found]
    columns = {"id_a": left.take(pa.array(one)), "id_b": right.take(pa.array(other))}
    if more is not None:
        columns["entity_b"] = more.take(pa.array(other))
    columns["cosine"] = pa.array(links.cosine[found], pa.float32())
    columns["probability"] = pa.array(links.probability[found], pa.float64())
    agreement = links.agreement[found]
    for values, column in zip(links.sides.fields, agreement.T, strict=True):
        columns[f"agreement_{values.name}"] = pa.array(column, pa.float32(), mask=column < 0)
    if links.scorer.fields is not None:
        for values, column in zip(links.sides.fields, links.scorer.fields.evidence(agreement).T, strict=True):
            columns[f"evidence_{values.name}"] = pa.array(column, pa.float32())
    if links.sides.fields:
        columns["missing"] = pa.array(_missing(links.sides.fields, agreement, one), pa.string())
    return pa.table(columns)


def _missing(fields: Sequence[FieldValues], agreement: Any, one: Ints) -> list[str]:
    """Such as `zip: a; phone: both` [pairs]."""
    words: list[list[str]] = [[] for _ in one]
    for values, column in zip(fields, agreement.T, strict=True):
        for pair in np.flatnonzero(column < 0).tolist():
            side = "both" if column[pair] == BOTH_MISSING else "a" if values.left[one[pair]] < 0 else "b"
            words[pair].append(f"{values.name}: {side}")
    return ["; ".join(each) for each in words]


def entity_table(links: Links, entities: Ints, ids: Any) -> Any:
    """Each row's entity as a `pyarrow.Table`.

    Columns: `id`; `entity`, the id of its first row; `size`, how many rows it has; `match`, the id of the row of the
    same entity that it matches best, and the `probability` of that, both null for a row that matches none: it is alone,
    or has exact copies only, of which more than k were found.
    """
    import pyarrow as pa

    sizes = np.bincount(entities, minlength=len(entities))[entities]
    best, probability = _best_matches(links, entities)
    alone = best < 0
    columns = [
        ids,
        ids.take(pa.array(entities)),
        pa.array(sizes, pa.int64()),
        ids.take(pa.array(np.maximum(best, 0), mask=alone)),
        pa.array(probability, pa.float64(), mask=alone),
    ]
    return pa.table(dict(zip(_ENTITY, columns, strict=True)))


def _best_matches(links: Links, entities: Ints) -> tuple[Ints, Any]:
    """[rows] the row of the same entity that each matches best, -1 for none, and the probability."""
    found = links.match[entities[links.pairs.left[links.match]] == entities[links.pairs.right[links.match]]]
    one = np.concatenate([links.pairs.left[found], links.pairs.right[found]])
    other = np.concatenate([links.pairs.right[found], links.pairs.left[found]])
    odds, sure = np.tile(links.log_odds[found], 2), np.tile(links.probability[found], 2)
    order = np.lexsort((other, -odds, one))
    rows, first = np.unique(one[order], return_index=True)
    best, probability = np.full(len(entities), -1, np.int64), np.zeros(len(entities))
    best[rows], probability[rows] = other[order][first], sure[order][first]
    return best, probability


def match_summary(links: Links) -> list[str]:
    """In words: candidates, matches, exact copies, and how sure they are."""
    found = links.match
    left, right = links.pairs.left[found], links.pairs.right[found]
    lines = list(links.notes)
    lines.append(f"{count(len(links.pairs), 'candidate pair')}; {_how_sure(links)}")
    lines.append(
        f"{count(len(found), 'matching pair')}, of {len(np.unique(left)):,} of the {len(links.sides.left):,} rows of a "
        f"and {len(np.unique(right)):,} of the {len(links.sides.unit[1]):,} rows of b; "
        f"{count(int(_copies(links, found).sum()), 'pair')} of exact copies"
    )
    return lines


def entity_summary(links: Links, entities: Ints) -> list[str]:
    """In words: candidates, matches, exact copies, entities by their size."""
    lines = list(links.notes)
    lines.append(f"{count(len(links.pairs), 'candidate pair')}; {_how_sure(links)}")
    sizes = np.bincount(entities)
    sizes = sizes[sizes > 0]
    by_size = [f"{size}: {int((sizes == size).sum()):,}" for size in range(1, 5) if (sizes == size).any()]
    larger = int((sizes > 4).sum())
    by_size += [f"5 and more: {larger:,}"] if larger else []
    copies = int((links.copies != np.arange(len(entities))).sum())
    lines.append(
        f"{count(len(entities), 'row')}, {copies:,} of them exact copies of an earlier one; "
        f"{count(len(links.match), 'matching pair')}; {count(len(sizes), 'entity')} (rows: how many; "
        f"{', '.join(by_size)}; the largest has {int(sizes.max(initial=0)):,})"
    )
    return lines


def _how_sure(links: Links) -> str:
    if not np.isfinite(links.threshold) or not len(links.match):
        return "none of them is called a match"
    if not links.scorer.has_learnt:
        return f"matches from a cosine of {links.threshold:.3g} on; nothing tells how many of them are right"
    precision = estimated_precision(links.probability[links.match])
    return f"matches from probability {links.threshold:.3g} on, of which an estimated {precision:.1%} are right"


def _copies(links: Links, found: Ints) -> Any:
    """Whether the fields of a pair [found] are all the same, or both empty; and not all empty."""
    agreement = links.agreement[found]
    if not agreement.shape[1]:
        return links.cosine[found] > 1 - 1e-6
    return ((agreement == 1) | (agreement == BOTH_MISSING)).all(axis=1) & (agreement == 1).any(axis=1)
