"""The values that stages hand to each other, and the number types that recipes are checked against.

Frozen, small, and free of every other module of the zoo, so that any stage can be used alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Block: TypeAlias = "Floats | csr_array"  # some rows of a table: dense of any rank, or sparse [n, columns]

# The first two columns of a categorical field: for a cell that is empty, and for a category that was rare where the
# table was read or is not known at all.
MISSING, OTHER = "<missing>", "<other>"

# A part's constructor says with these what a recipe may hold; `zoo.recipe` reads them without importing the part.
PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Lt(1)]
Probability = Annotated[float, Gt(0), Le(1)]
UnitInterval = Annotated[float, Ge(0), Le(1)]


class LayerArguments(TypedDict, total=False):
    """What every part hands on to Keras."""

    name: str
    dtype: str


@dataclass(frozen=True)
class Splits:
    """A table of rows and which of them may be used for what.

    Attributes:
        features: the only copy of the table in memory (it may be a memory map). Vectors: [rows, width] float32.
            Images: [rows, height, width, channels], uint8 from 0 to 255 or float32. One-hot and multi-hot rows: a
            SciPy CSR array [rows, columns] float32, which is never made dense.
        train: [n_train] row numbers that training and baselines may fit on.
        validation: [n_validation] row numbers for early stopping.
        test: [n_test] row numbers that only judging sees.
        keys: [rows] names of the rows (words, item ids), or None.
        labels: [rows] classes that only judging sees, or None. Integers or strings; -1 or "" is no label.
        weights: [rows] how often a row counts in training, relative to the others; None counts all alike.
        provenance: where the table comes from, JSON-ready; `fingerprint` identifies its content.
        notes: what was done to the table that its owner would want to know.
        input_name: name of the feature in exported signatures.
        groups: [rows] numbers; rows of one group (records of one person) never stand on both sides of a split.
        categories: what the columns of a one-hot or multi-hot table stand for, in their order: field -> names of its
            columns. A table's field starts with `MISSING` and `OTHER`; baskets have one field, of items. None where
            columns have no names.
        missing: strings that stand for a missing cell of a table, beside "".
    """

    features: npt.NDArray[Any] | csr_array
    train: Rows
    validation: Rows
    test: Rows
    keys: npt.NDArray[np.object_] | None = None
    labels: npt.NDArray[Any] | None = None
    weights: Floats | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    input_name: str = "vector"
    groups: Rows | None = None
    categories: Mapping[str, tuple[str, ...]] | None = None
    missing: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.features.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a row: [width], or [height, width, channels]."""
        return tuple(int(size) for size in self.features.shape[1:])

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return math.prod(self.shape)

    @property
    def is_sparse(self) -> bool:
        """Whether rows are kept as the columns that are not zero."""
        return not isinstance(self.features, np.ndarray)

    def take(self, rows: Rows | slice) -> Block:
        """The given rows: [n, ...] float32, or a CSR array [n, columns]."""
        if isinstance(self.features, np.ndarray):
            return np.asarray(self.features[rows], dtype=np.float32)
        return self.features[rows]

    def batches(self, rows: Rows, size: int = 8192) -> Iterator[Block]:
        """Yields blocks of at most `size` of the given rows, so that no second table is ever made."""
        for start in range(0, len(rows), size):
            yield self.take(rows[start : start + size])

    def weighted_batches(self, rows: Rows, size: int = 8192) -> Iterator[tuple[Block, Floats]]:
        """As `batches`, each block with the weights [<= size] of its rows."""
        for start in range(0, len(rows), size):
            taken = rows[start : start + size]
            yield self.take(taken), np.ones(len(taken), np.float32) if self.weights is None else self.weights[taken]


class Source(Protocol):
    """Reads a table."""

    def load(self) -> Splits:
        """Returns the table and its splits; raises `zoo.errors.InputError` when it cannot be used."""


class Intake(Protocol):
    """How a user's rows become what a model takes; see `zoo.intakes`."""

    def arrays(self, rows: Any) -> dict[str, Any]:
        """Named arrays [n, ...] from a user's rows, or from a block of a table.

        Raises:
            ValueError: rows that cannot be used; the message says which, and what is wanted.
        """

    def specs(self) -> dict[str, Any]:
        """A TensorFlow specification of each array, [None, ...]."""

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """The model's input from tensors of the arrays; runs in the graph."""

    def describe(self) -> str:
        """The rows in a few words."""


class Listener(Protocol):
    """Hears how training goes; progress bars and trackers are listeners."""

    def train_begins(self, epochs: int, first_epoch: int, steps: int) -> None:
        """Training is about to run epochs first_epoch (from 0) to epochs - 1, each of `steps` batches."""

    def steps_done(self, epoch: int, steps: int, logs: Mapping[str, float]) -> None:
        """`steps` batches of the epoch (from 0) are done; logs holds the epoch's running means so far."""

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch (from 0) is over; logs holds its means in nats, validation's with the prefix `val_`."""

    def train_ends(self) -> None:
        """Training is over, however it ended."""


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about.

    Attributes:
        model: the model, with the weights of its best epoch.
        untrained: the same model with its weights before training (preprocessing adapted).
        history: one dictionary of means an epoch, in nats.
        best_epoch: the epoch (from 0) whose weights the model has; -1 if it kept its first weights.
        seconds: wall-clock time of training in this process.
        resumed_epoch: the epoch (from 0) that an interrupted run was taken up at; 0 for a fresh run.
        notes: what the user must be told, such as a stop on a non-finite loss.
        code_scale: what a step of the embedding stands for, if it is to be exported as int8; None for float32.
        precision: what the networks computed in while they were trained, `float32` or `bfloat16`.
    """

    model: Any
    untrained: Any
    history: tuple[Mapping[str, float], ...]
    best_epoch: int
    seconds: float
    resumed_epoch: int = 0
    notes: tuple[str, ...] = ()
    code_scale: float | None = None
    precision: str = "float32"


class Representation(Protocol):
    """Rows -> vectors, with a name. What metrics score. A block of rows is what `Splits.take` gives."""

    @property
    def name(self) -> str:
        """As the recipe calls it."""

    def encode(self, rows: Block) -> Block:
        """[n, ...] -> [n, dimensions]; deterministic. Dense, but for the raw rows of a sparse table."""

    def reconstruct(self, rows: Block) -> Floats | None:
        """[n, ...] -> the same shape, dense; or None if it cannot."""

    def rates(self, rows: Block) -> Floats | None:
        """Nats per code dimension [n, dimensions], or None if it has no rate."""

    def score(self, rows: Block) -> Floats | None:
        """How badly each row fits [n]: -log p(x|z) in nats, or a squared error; None if it cannot tell."""

    def log_likelihoods(self, rows: Block, samples: int, seed: int) -> Floats | None:
        """Importance-weighted estimate of log p(x) in nats [n]; None for anything but a generative model."""

    def assign(self, rows: Block) -> Rows | None:
        """The cluster of each row [n], or None if it has no clusters."""


class Baseline(Protocol):
    """Something a user has for free; fitted on training rows, it gives a representation."""

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """Fits on splits.train only, with as many dimensions as the trained model's code where that applies."""


class Metric(Protocol):
    """Scores a representation on held-out rows.

    `values` holds what one row, pair or query contributes; `statistic` turns them into the score, for any weights of
    the contributions. Splitting it so gives every metric its bootstrap interval, and paired differences, without more
    code: a resample is a row of weights that says how often each contribution was drawn.

    A metric that has no values without labels says so with `needs_labels = True`; a run then warns before it trains.
    """

    unit: str
    higher_is_better: bool | None

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[n, ...] contributions in an order that is the same for every representation; None if not applicable."""

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The scores [resamples] of contributions [n, ...], each counted as often as weights [resamples, n] says."""


@dataclass(frozen=True)
class Score:
    """A score, or a difference of two, with its interval."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """Such as `0.594 [0.521, 0.657]`."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Report:
    """Representations x metrics, and the encoder's paired difference to each representation.

    Attributes:
        scores: representation name -> metric name -> score, or None where the metric does not apply.
        differences: representation name -> metric name -> encoder minus representation, signed so that positive is
            better; only for metrics with a direction, and only where both have a score.
        dimensions: representation name -> width of its vectors.
        units: metric name -> unit.
        directions: metric name -> whether higher is better; None for metrics that only describe.
        confidence: level of the intervals.
        resamples: number of bootstrap resamples.
    """

    scores: Mapping[str, Mapping[str, Score | None]]
    differences: Mapping[str, Mapping[str, Score]]
    dimensions: Mapping[str, int]
    units: Mapping[str, str]
    directions: Mapping[str, bool | None]
    confidence: float
    resamples: int


@dataclass(frozen=True)
class Gate:
    """A condition of the recipe for blessing.

    Attributes:
        metric: name of the metric.
        beats: representations that the encoder must beat: the lower bound of the paired difference must exceed
            `margin`.
        margin: in the metric's unit; negative allows being worse by that much.
        at_least: the lower bound of the encoder's own score must reach this.
    """

    metric: str
    beats: Sequence[str] = ()
    margin: float = 0.0
    at_least: float | None = None


@dataclass(frozen=True)
class GateResult:
    """One comparison of one gate.

    Attributes:
        gate: the gate's name in the recipe.
        metric: name of the metric.
        against: the representation beaten or not, or the number to reach.
        encoder: the encoder's score, if there is one.
        baseline: the representation's score, if there is one.
        difference: the paired difference, or the encoder's own score for a number to reach.
        required: what the lower bound must exceed (or reach, for a number).
        passed: whether it did.
        reason: one sentence, for the failed ones.
    """

    gate: str
    metric: str
    against: str
    encoder: Score | None
    baseline: Score | None
    difference: Score | None
    required: float
    passed: bool
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether an encoder is blessed, and why.

    Attributes:
        blessed: every comparison of every gate passed, and there was at least one.
        gates: the comparisons.
        reasons: why it is not blessed; empty if it is.
        champion: name of the present champion, if it was compared with.
        beats_champion: False if the encoder is worse than the champion on a gate's metric; None without a champion.
    """

    blessed: bool
    gates: tuple[GateResult, ...]
    reasons: tuple[str, ...] = ()
    champion: str | None = None
    beats_champion: bool | None = None
    champion_reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """A SavedModel on disk that a server without the zoo was seen to serve with equal values.

    Attributes:
        directory: where it is.
        signatures: names of its signatures.
        largest_difference: largest difference to the in-memory encoder's values over the probe rows.
    """

    directory: Path
    signatures: tuple[str, ...]
    largest_difference: float
