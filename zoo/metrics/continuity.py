"""Whether neighbours are still neighbours among the codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.metrics._neighbourhoods import Neighbourhoods

if TYPE_CHECKING:
    from zoo.types import Doubles


class Continuity(Neighbourhoods):
    """1 minus the ranks, among the codes, by which neighbours among raw rows were torn away; 1 is none.

    `Trustworthiness` with the two spaces exchanged: it forgives a code that brings strangers together.

    Args:
        k: neighbours; refused from half of the rows on, where the score can fall below 0 and says nothing.
        rows: held-out rows to look at most, the first ones; neighbours are sought among them alone, so that scores of
            different numbers of rows are not to be compared.
        distance: between raw rows and between codes alike: `euclidean`, or `cosine`.

    Reference:
        Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods", eq. 2.
    """

    @staticmethod
    def chosen_and_judged(raw: Doubles, codes: Doubles) -> tuple[Doubles, Doubles]:
        """See `Neighbourhoods`."""
        return raw, codes
