"""What an encoder of baskets can say of the items that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.rows.item_rows import ItemRows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandas import DataFrame

    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats, Rows

_NUMBERS = 2**24  # scores in memory at a time: 64 MiB


@dataclass(frozen=True)
class Recommended:
    """The items that n baskets lack and are likeliest to hold.

    Attributes:
        items: [n, k] names, likeliest first; None where there are fewer.
        scores: [n, k] what the decoder gives them, for a multinomial a share of the basket; -inf where there are fewer.
    """

    items: Any
    scores: Floats

    def to_frame(self) -> DataFrame:
        """A line an item: the number of the basket, the item's place (from 1), its name and score."""
        import pandas as pd

        there = np.isfinite(self.scores)
        basket, place = np.nonzero(there)
        return pd.DataFrame(
            {"basket": basket, "place": place + 1, "item": self.items[there], "score": self.scores[there]}
        )


class ItemMethods:
    """Methods of `zoo.Encoder` that name items."""

    name: str
    kind: RowKind
    call: Callable[[str, Mapping[str, Any]], Floats]
    _inputs: Callable[[Any], dict[str, Any]]

    def recommend(self, baskets: Any, k: int = 10) -> Recommended:
        """The k items that each of n baskets lacks and that the decoder thinks likeliest, given the others.

        Args:
            baskets: n baskets, as `encode` takes them; a list of names alone is one basket.
            k: how many.

        Raises:
            ValueError: k below 1, or an encoder of other rows, or one that cannot reconstruct.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        kind = self.kind
        if not isinstance(kind, ItemRows):
            said = f"{self.name} takes {kind.in_words()}, which have no items that could be missing"
            raise ValueError(said)  # noqa: TRY004  as for every method that an encoder lacks
        if isinstance(baskets, list) and baskets and all(isinstance(each, str) for each in baskets):
            baskets = [baskets]
        arrays = self._inputs(baskets)
        k, size = min(k, kind.width), max(1, _NUMBERS // kind.width)
        items = np.full((len(arrays["items"]), k), None, dtype=object)
        scores = np.full(items.shape, -np.inf, np.float32)
        names = np.asarray(kind.items, dtype=object)
        for start in range(0, len(items), size):
            block = {name: each[start : start + size] for name, each in arrays.items()}
            likely = self.call("reconstruct", block).reshape(-1, kind.width)
            likely[_places(kind, block["items"])] = -np.inf
            best = _highest(likely, k)
            values = np.take_along_axis(likely, best, axis=1)
            scores[start : start + size] = values
            items[start : start + size][np.isfinite(values)] = names[best][np.isfinite(values)]
        return Recommended(items, scores)


def _places(kind: ItemRows, given: Any) -> tuple[Rows, Rows]:
    """Row and column of each item that is there already."""
    columns = {name.strip(): column for column, name in enumerate(kind.items)}
    found = [
        (row, columns[name])
        for row, basket in enumerate(given.tolist())
        for each in basket
        if (name := str(each).strip()) in columns
    ]
    rows, places = np.asarray(found, np.int64).reshape(-1, 2).T
    return rows, places


def _highest(scores: Floats, k: int) -> Rows:
    """Columns [n, k] of the highest scores, highest first; of equal ones the first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]
