"""Handwritten digits that come with scikit-learn: a first data set that needs no download."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Fraction, Splits

_LEVELS = 16  # the grey levels of the original run from 0 to 16


class Digits:
    """The 1,797 digits of scikit-learn's `load_digits`, 8 x 8 pixels, classes 0 to 9.

    They are the test part of Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits" (UCI Machine
    Learning Repository): each pixel counts the inked cells of a 4 x 4 block of a 32 x 32 bitmap. The counts 0 to 16 are
    scaled to 0 to 255 and rounded. A digit's split depends on the hash of its row number alone.

    Args:
        validation: fraction of rows for early stopping.
        test: fraction of rows that only judging sees.

    Raises:
        InputError: the fractions leave nothing to train on.

    Example:
        >>> Digits().load().features.shape
        (1797, 8, 8, 1)
    """

    held_as: ClassVar = "zoo.data.ImageArray"

    def __init__(self, validation: Fraction = 0.1, test: Fraction = 0.25) -> None:
        from zoo.data._row_split import refuse_shares

        self.validation = validation
        self.test = test
        refuse_shares(validation, test)

    def load(self) -> Splits:
        """Returns the digits: features [1797, 8, 8, 1] uint8 from 0 to 255, labels [1797] int64.

        Raises:
            InputError: a fraction is so small that its split has no rows.
        """
        import sklearn
        from sklearn.datasets import load_digits

        from zoo.data._images import image_splits
        from zoo.data._key_split import split_by_key

        digits = load_digits()
        images = np.rint(digits.images[..., np.newaxis] * (255 / _LEVELS)).astype(np.uint8)
        numbers = [str(row) for row in range(len(images))]
        parts = split_by_key(numbers, validation=self.validation, test=self.test)
        return image_splits(
            images,
            dict(zip(("train", "validation", "test"), parts, strict=True)),
            name="scikit-learn's digits",
            options=f"data.validation={self.validation} or data.test={self.test}",
            labels=digits.target.astype(np.int64),
            provenance={"source": type(self).__name__, "package": "scikit-learn", "version": sklearn.__version__},
        )
