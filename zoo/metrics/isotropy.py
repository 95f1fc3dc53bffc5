"""Whether codes use all directions alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._code_spread import CodeSpread, covariance_moments
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles


class Isotropy(CodeSpread):
    """IsoScore: 1 if codes vary alike in all directions, 0 if in a single one.

    With the eigenvalues l of the covariance of codes of d dimensions, IsoScore = (P - 1) / (d - 1), where
    P = (sum l)^2 / sum l^2 is their participation ratio: what the paper's steps 4 to 7 come to once they are multiplied
    out, so no eigenvalue need be computed. It changes neither with the codes' scale nor with their mean, and takes
    values over the whole range, which the partition ratio of Mu and Viswanath 2018 and the mean cosine do not: those
    call small or centred codes isotropic. It describes: a code may put much into few directions and be right to.

    Args:
        rows: held-out rows to look at most, the first ones. Few rows beside dimensions lower the score: compare scores
            of equally many rows.

    Reference:
        Rudman, Gillman, Rayne and Eickhoff 2022, "IsoScore: measuring the uniformity of embedding space utilization".
    """

    unit = "IsoScore"

    @staticmethod
    def measure(codes: Doubles, size: int, weights: Doubles) -> Doubles:
        """IsoScore; NaN for codes of one dimension, or that are all the same."""
        trace, squares = covariance_moments(codes, weights)
        participation = ratio(trace**2, squares)
        return (participation - 1) / (size - 1) if size > 1 else np.full(len(weights), np.nan)
