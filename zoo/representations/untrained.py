"""The same network with its first weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.encoder import Encoder
from zoo.representations._encoded_table import EncodedTable

if TYPE_CHECKING:
    from zoo.types import Representation, Splits, Trained


class Untrained:
    """The encoder before training, its preprocessing adapted: what the architecture alone gives.

    A random projection keeps more than one expects; an encoder that does not beat it has learnt nothing.
    """

    per_seed = True  # each seed has first weights of its own

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        return EncodedTable(Encoder.from_model(name, trained.untrained, kind=splits.kind), splits)
