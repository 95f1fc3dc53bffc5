"""The values that stages hand to each other, and the number types that recipes are checked against.

Frozen, small, and free of every other module of the zoo but `zoo.rows`, so that any stage can be used alone.
"""

from zoo.types.capabilities import (
    Clusters,
    HasLikelihood,
    HasRates,
    KeepsFields,
    Reconstructs,
    Representation,
    Scores,
    ScoresFields,
    Stored,
)
from zoo.types.export import Exported
from zoo.types.fields import FieldReport, FieldsReport
from zoo.types.judging import (
    Baseline,
    CountsRows,
    Duplicates,
    Dyadic,
    Evidence,
    Gate,
    GateResult,
    Metric,
    Report,
    Score,
    Stratified,
    Verdict,
)
from zoo.types.names import Activation
from zoo.types.numbers import (
    Block,
    Doubles,
    Floats,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Probability,
    Rows,
    Seed,
    UnitInterval,
)
from zoo.types.tables import MISSING, OTHER, Source, Splits, TableSchema
from zoo.types.training import LayerArguments, Listener, Trained

__all__ = [
    "MISSING",
    "OTHER",
    "Activation",
    "Baseline",
    "Block",
    "Clusters",
    "CountsRows",
    "Doubles",
    "Duplicates",
    "Dyadic",
    "Evidence",
    "Exported",
    "FieldReport",
    "FieldsReport",
    "Floats",
    "Fraction",
    "Gate",
    "GateResult",
    "HasLikelihood",
    "HasRates",
    "KeepsFields",
    "LayerArguments",
    "Listener",
    "Metric",
    "NonNegativeFloat",
    "NonNegativeInt",
    "PositiveFloat",
    "PositiveInt",
    "Probability",
    "Reconstructs",
    "Report",
    "Representation",
    "Rows",
    "Score",
    "Scores",
    "ScoresFields",
    "Seed",
    "Source",
    "Splits",
    "Stored",
    "Stratified",
    "TableSchema",
    "Trained",
    "UnitInterval",
    "Verdict",
]
