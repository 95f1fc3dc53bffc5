"""Which rows are resampled together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._copies import copies as copies_of

if TYPE_CHECKING:
    from zoo.types import Rows, Splits


def resampling_units(splits: Splits) -> Rows:
    """Number [rows] of the unit that each row of the table belongs to; rows that are not held out are by themselves.

    Rows of one group (records of one person) say much the same, and so do exact copies: an interval that took them for
    strangers would be too narrow. Rows are one unit if a chain of common groups and copies leads from one to the other.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    held_out = np.unique(splits.test)
    units = np.arange(len(splits))
    copies = copies_of(splits, held_out)
    groups = held_out if splits.groups is None else np.asarray(splits.groups)[held_out]
    groups = np.unique(groups, return_inverse=True)[1]
    # a graph with a node a set of copies and a node a group, and an edge a row
    nodes = copies.max(initial=-1) + 1 + groups.max(initial=-1) + 1
    edges = coo_array((np.ones(len(held_out)), (copies, copies.max(initial=-1) + 1 + groups)), shape=(nodes, nodes))
    _, components = connected_components(edges, directed=False)
    units[held_out] = len(splits) + components[copies]  # beyond the numbers of all others
    return units
