"""What the sections of a page are drawn from; what several of them need is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.types import Clusters, Reconstructs, Scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from zoo.page.mapping import Mapped
    from zoo.page.page import Page
    from zoo.types import Doubles, Evidence, Floats, Report, Representation, Rows, Splits, Trained, Verdict

MOST_ROWS = 60_000  # on a map
_NUMBERS = 2**24  # of reconstructed rows at a time: 64 MiB
_ERROR_ROWS = 60_000
_CLUSTERS, _MOST_CLUSTERS = 8, 20


@dataclass(frozen=True)
class Material:
    """A judged encoder.

    Attributes:
        recipe: the composed recipe; may be empty where there was none.
        report: representations x metrics.
        verdict: gate by gate; None where nothing was asked.
        evidence: what the report was made from.
        trained: the trained model; None where none was trained.
        made: further facts of how the encoder was made.
        settings: how to draw.
    """

    recipe: Mapping[str, Any]
    report: Report
    verdict: Verdict | None
    evidence: Evidence
    trained: Trained | None
    made: Mapping[str, str]
    settings: Page

    @property
    def splits(self) -> Splits:
        """The table, on the judge's scale."""
        return self.evidence.splits

    @cached_property
    def encoder(self) -> Representation:
        """What the page is about: the first of the representations."""
        return next(iter(self.evidence.representations.values()))

    @cached_property
    def rows(self) -> Rows:
        """[n] numbers of the test rows that are shown: a random sample, in the table's order."""
        return self._sampled(min(self.settings.rows, MOST_ROWS))

    @property
    def how_many(self) -> str:
        """Such as `2,000 of 11,259 test rows`."""
        total = len(self.splits.test)
        return f"all {total:,} test rows" if len(self.rows) == total else f"{len(self.rows):,} of {total:,} test rows"

    @cached_property
    def codes(self) -> Floats:
        """[n, dimensions] the encoder's codes of the shown rows."""
        return self.codes_of(self.encoder.name)

    def codes_of(self, name: str) -> Floats:
        """[n, dimensions] the codes of the shown rows by any of the representations, dense."""
        codes: Any = self.evidence.representations[name].encode(self.rows)
        dense = codes if isinstance(codes, np.ndarray) else codes.toarray()
        return np.asarray(dense, np.float32).reshape(len(self.rows), -1)

    @cached_property
    def raw(self) -> Any:
        """[n, width] the shown rows themselves, dense or CSR, on the judge's scale."""
        return self.splits.kind.matrix(self.splits.take(self.rows))

    @cached_property
    def classes(self) -> tuple[list[str], Rows] | None:
        """Names of the classes, and the class [rows of the table] of each row, or -1; None without labels."""
        from zoo.metrics._labelled import class_numbers  # SciPy, which a command's first line must not wait for

        numbers = class_numbers(self.splits)
        if numbers is None or self.splits.labels is None:
            return None
        first = np.unique(numbers, return_index=True)
        names = [str(self.splits.labels[row]) for number, row in zip(*first, strict=True) if number >= 0]
        return names, numbers

    @cached_property
    def errors(self) -> Doubles | None:
        """[n] how badly each of `scored_rows` fits, see `error_unit`; None for an encoder that cannot tell."""
        rows = self.scored_rows
        if isinstance(self.encoder, Scores):
            return np.asarray(self.encoder.score(rows), np.float64)
        if not isinstance(self.encoder, Reconstructs):
            return None
        return np.concatenate([self.squares(rows[block]).sum(axis=1) for block in self.blocks(len(rows))])

    @cached_property
    def mapped(self) -> Mapped | str:
        """Where the shown rows lie on a map, or why they cannot be mapped."""
        from zoo.page.mapping import mapped

        return mapped(self)

    @cached_property
    def clusters(self) -> tuple[Rows, Doubles, str] | None:
        """Cluster [n] of each shown row, its distance [n] to the centre, and how they were found; None for too few.

        The encoder's own clusters, or k-means of the codes at length 1: a cluster for each of 3 to 20 classes, or 8.
        """
        codes = np.asarray(self.codes, np.float64)
        if not np.isfinite(codes).all():
            return None
        from zoo.metrics._vectors import unit  # SciPy, which a command's first line must not wait for

        directions = unit(codes)
        if len(np.unique(directions.round(6), axis=0)) < _MOST_CLUSTERS:
            return None
        if isinstance(self.encoder, Clusters):
            numbers = np.asarray(self.encoder.assign(self.rows))
            how = "The model's own clusters"
        else:
            from sklearn.cluster import KMeans

            named = 0 if self.classes is None else len(self.classes[0])
            count = named if 3 <= named <= _MOST_CLUSTERS else _CLUSTERS
            numbers = KMeans(count, n_init=2, random_state=self.settings.seed).fit_predict(directions)
            how = f"k-means of the codes at length 1, with k = {count}"
        distances = np.zeros(len(codes))
        for each in np.unique(numbers):
            inside = numbers == each
            distances[inside] = np.linalg.norm(directions[inside] - directions[inside].mean(axis=0), axis=1)
        return numbers.astype(np.int64), distances, how

    @property
    def error_unit(self) -> str:
        """What `errors` are in."""
        return "-log p(row | code), nats" if isinstance(self.encoder, Scores) else "squared error"

    @cached_property
    def scored_rows(self) -> Rows:
        """[n] numbers of the test rows whose error is looked at: all, up to 60,000."""
        return self._sampled(_ERROR_ROWS)

    def squares(self, rows: Rows) -> Doubles:
        """[n, width] squared differences of rows and their reconstructions, dense."""
        given, back = self.given(rows), self.back(rows)
        return (given - back) ** 2

    def given(self, rows: Rows) -> Doubles:
        """[n, width] rows, dense, on the judge's scale."""
        block = self.splits.take(rows)
        return np.asarray(self.splits.kind.dense(block), np.float64).reshape(len(rows), self.splits.width)

    def back(self, rows: Rows) -> Doubles:
        """[n, width] reconstructions of rows, dense, on the judge's scale."""
        if not isinstance(self.encoder, Reconstructs):
            raise TypeError(f"{self.encoder.name} gives no rows back")
        return np.asarray(self.encoder.reconstruct(rows), np.float64).reshape(len(rows), self.splits.width)

    def blocks(self, count: int) -> list[slice]:
        """Slices of so many rows, each of which fits into memory when it is dense."""
        size = max(1, _NUMBERS // max(self.splits.width, 1))
        return [slice(start, start + size) for start in range(0, count, size)]

    def names(self, rows: Rows | Sequence[int]) -> list[str]:
        """What the rows are called."""
        keys = self.splits.keys
        return [f"row {row:,}" if keys is None else str(keys[row]) for row in rows]

    def classes_of(self, rows: Rows) -> list[str]:
        """The names of the rows' classes; "" where unknown."""
        if self.classes is None:
            return [""] * len(rows)
        names, numbers = self.classes
        return [names[number] if number >= 0 else "" for number in numbers[rows]]

    def _sampled(self, most: int) -> Rows:
        test = np.asarray(self.splits.test)
        if len(test) <= most:
            return test
        chosen = np.random.default_rng(self.settings.seed).choice(len(test), most, replace=False)
        sampled: npt.NDArray[np.int64] = test[np.sort(chosen)]
        return sampled
