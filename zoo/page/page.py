"""What a recipe says about its report page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from zoo.types import PositiveFloat, PositiveInt, Seed


@dataclass(frozen=True)
class Page:
    """How the report page of a run is drawn.

    Attributes:
        map: how codes become points on a map: `tsne` (perplexity 20), `umap`, or `pca`, which is the fastest.
        rows: test rows on the map and in the figures at most, a random sample; up to 5,000 are shown with
            thumbnails, up to 60,000 without.
        outliers: a row counts as poorly reconstructed when its error lies this many standard deviations above the mean.
        seed: of the sample and of the map.
    """

    map: Literal["tsne", "umap", "pca"] = "tsne"
    rows: PositiveInt = 1_500
    outliers: PositiveFloat = 2.0
    seed: Seed = 0
