"""Whether neighbours among codes were neighbours before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.metrics._neighbourhoods import Neighbourhoods

if TYPE_CHECKING:
    from zoo.types import Doubles


class Trustworthiness(Neighbourhoods):
    """1 minus the ranks, among raw rows, by which neighbours among the codes are intruders; 1 is without any.

    It forgives a code that tears neighbours apart: see `Continuity`. It separates little where codes are wide: nearly
    every code of 64 numbers for an MNIST digit reaches .999, an untrained one's too.

    Args:
        k: neighbours; refused from half of the rows on, where the score can fall below 0 and says nothing.
        rows: held-out rows to look at most, the first ones; neighbours are sought among them alone, so that scores of
            different numbers of rows are not to be compared.
        distance: between raw rows and between codes alike: `euclidean`, as scikit-learn, or `cosine`.

    Reference:
        Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods", eq. 1; scikit-learn's
        `sklearn.manifold.trustworthiness`.
    """

    @staticmethod
    def chosen_and_judged(raw: Doubles, codes: Doubles) -> tuple[Doubles, Doubles]:
        """See `Neighbourhoods`."""
        return codes, raw
