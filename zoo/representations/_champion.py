"""The present champion, as one more representation to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.encoder import Encoder
    from zoo.types import Block, Floats, Intake, Rows


class Champion:
    """The present champion, on the rows of a table whose columns may stand for other things than when it was trained.

    Records and baskets go to it as strings, which it looks up in its own vocabulary.

    Args:
        encoder: the champion.
        intake: the table's.
    """

    def __init__(self, encoder: Encoder, intake: Intake) -> None:
        self.name, self._encoder, self._intake = encoder.name, encoder, intake

    def encode(self, rows: Block) -> Floats:
        """See `zoo.types.Representation`."""
        return self._encoder.encode(self._intake.arrays(rows))

    def reconstruct(self, rows: Block) -> Floats:
        """See `zoo.types.Representation`."""
        return self._encoder.reconstruct(self._intake.arrays(rows))

    def score(self, rows: Block) -> Floats | None:
        """See `zoo.types.Representation`."""
        return self._encoder.score(self._intake.arrays(rows)) if self._encoder.has("score") else None

    def assign(self, rows: Block) -> Rows | None:
        """See `zoo.types.Representation`."""
        return self._encoder.assign(self._intake.arrays(rows))

    def rates(self, rows: Block) -> Floats | None:
        """See `zoo.types.Representation`."""
        return self._encoder.rates(self._intake.arrays(rows))

    def log_likelihoods(self, rows: Block, samples: int, seed: int) -> Floats | None:
        """See `zoo.types.Representation`."""
        return self._encoder.log_likelihoods(self._intake.arrays(rows), samples, seed)
