"""Which intake fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.intakes.dense_intake import DenseIntake
from zoo.intakes.items_intake import ItemsIntake
from zoo.intakes.record_intake import RecordIntake
from zoo.intakes.sparse_intake import SparseIntake
from zoo.types import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.types import Intake, Splits


def intake_of(splits: Splits) -> Intake:
    """The intake of a table's rows."""
    if not splits.categories:
        return plain_intake_of(splits)
    names = next(iter(splits.categories.values()))
    if len(splits.categories) == 1 and names[:1] != (MISSING,):
        return ItemsIntake(names)
    return RecordIntake(splits.categories, splits.missing)


def plain_intake_of(splits: Splits) -> Intake:
    """The intake of a table's rows as the table keeps them, whatever their columns stand for: for judging."""
    if splits.is_sparse:
        return SparseIntake(splits.width)
    return DenseIntake(splits.input_name, splits.shape)


def intake_of_signature(specs: Mapping[str, Any]) -> Intake:
    """The intake of an exported encoder, from the inputs of its signature. Its look-up tables stay in the graph."""
    if set(specs) == {"indices", "values"}:
        return SparseIntake(np.iinfo(np.int32).max)
    if all(spec.dtype.name == "string" for spec in specs.values()):
        ranks = {len(spec.shape) for spec in specs.values()}
        return ItemsIntake(()) if ranks == {2} else RecordIntake(dict.fromkeys(specs, ()))
    ((name, spec),) = specs.items()
    return DenseIntake(name, tuple(spec.shape[1:]))
