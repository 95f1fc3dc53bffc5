"""What an encoder of records can say of pairs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.matching.field_values import Reading
from zoo.rows.plain_text import MISSING_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zoo.matching.scorer import Scorer
    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats


class RecordMethods:
    """Methods of `zoo.Encoder` that match records."""

    kind: RowKind
    encode: Callable[[Any], Floats]
    _files: Callable[[], Path] | None

    def match(
        self,
        a: Any,
        b: Any = None,
        *,
        k: int = 10,
        one_to_one: bool = False,
        threshold: float | None = None,
        scorer: str = "tables",
    ) -> Any:
        """The pairs of records of two tables, or of one, that are of one thing; see `zoo.match`.

        Args:
            a: records as `encode` takes them: a DataFrame, an Arrow table, a mapping of columns, a list of mappings.
            b: more of them; None matches `a` with itself.
            k: candidates that a row has by its code.
            one_to_one: no row in two matches.
            threshold: probability from which on a pair is a match; None chooses it by the estimated precision.
            scorer: `tables` weighs fields by these tables, `trained` as learnt from the training rows.

        Returns:
            A `pyarrow.Table` with the columns that `zoo.match` gives; ids are a frame's index or a column
            that is called `id`, `key` or the like, and where there is none the numbers of rows.

        Raises:
            ValueError: other rows than the encoder takes.
            zoo.errors.InputError: k below 1, a threshold that is no probability, or no scorer of the training rows.
        """
        from zoo.matching.in_memory import matched
        from zoo.matching.linking import Wanted

        return matched(
            self.encode,
            [name for name, kind in self.kind.table_schema() if kind == "text"],
            a,
            b,
            Wanted(k, one_to_one, threshold, scorer=scorer),
            reading=self.reading,
            trained=lambda: self.pair_scorer,
        )

    @property
    def pair_scorer(self) -> Scorer | None:
        """How pairs of records are scored as learnt from the training rows; None where nothing was, or not exported."""
        from zoo.matching.scorer_file import read_scorer

        return None if self._files is None else read_scorer(self._files())

    @property
    def reading(self) -> Reading:
        """What its fields hold and what stands for an empty cell of them, as it was trained."""
        of_kind = getattr(self.kind, "missing", None)
        beside = getattr(getattr(self.kind, "rules", None), "missing", ())
        missing = (*MISSING_WORDS, *beside) if of_kind is None else tuple(of_kind)
        return Reading(getattr(self.kind, "reads", {}), missing)
