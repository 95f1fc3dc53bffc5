"""An encoder as a detector of anomalies, of scikit-learn's kind and with PyOD's attributes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import _num_samples

from zoo.errors import InputError
from zoo.recipe import compose
from zoo.sklearn._recipe_estimator import RecipeEstimator, as_value_errors
from zoo.sklearn._rows import reads_numbers
from zoo.sklearn._training import encoder_of, scores_of_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from zoo.types import Floats, Rows


_MOST_NEIGHBOURS = 200  # each is a step of the score


class AnomalyDetector(OutlierMixin, RecipeEstimator):
    """Says which rows [n, n_features] are odd: 1 for ordinary rows and -1 for anomalies, as scikit-learn does.

    No row needs a label. A score is `zoo.Encoder.score` of a model that is trained on the rows given, anomalies
    among them included; by default that is how far the nearest training rows are, see
    `zoo.models.NeighbourAutoencoder`, which keeps these rows.

    Such a model compares a row with twice as many training rows as there may be anomalies by `contamination`, at most
    200: with few, anomalies that lie together are ordinary to each other. `overrides={"model.nearest": 2}` is for
    training rows that are known to be normal.

    `offset_`, `labels_`, `threshold_`, `decision_scores_` and `fit_predict` are of the training rows, each scored as if
    it were new: a row that the model keeps does not count among its own neighbours. So new rows like them are flagged
    at about the rate `contamination`, or somewhat more often, since a network reconstructs the rows that it was trained
    on a little better. Measured on 2026-11-26 with half of the normal rows to train on: of the others .066, .071 and
    .087 are flagged at .05 and .113, .123 and .171 at .1 (pendigits, satellite, cardio). With anomalies among the
    training rows (3,000 rows; .022, .311 and, of 1,831, .096 of them) the AUROC of `decision_scores_` is .902, .763 and
    .873, that of scikit-learn's IsolationForest .943, .712 and .938.

    `score_samples` and `predict` take every row for a new one, as `sklearn.neighbors.LocalOutlierFactor(novelty=True)`
    does: a training row finds itself, at distance 0, and seems more normal than it is. For the training rows take
    `labels_` and `decision_scores_`.

    Args:
        recipe: a recipe's name, or the path of a YAML file.
        contamination: share of the training rows that are flagged, above 0 and at most 0.5; model.false_alarm_rate has
            no effect beside it.
        latent_dim: see `EncoderTransformer`.
        epochs: see there.
        overrides: see there.
        validation: see there; such rows are scored, but not kept.
        random_state: see there.
        judge: run the recipe whole, as `zoo.run` does: `result_` then has the report and the verdict. y says which rows
            are anomalies, 1 as in PyOD or -1 as in scikit-learn; normal rows alone are trained on, and the threshold
            is what a share `contamination` of held-out normal rows exceeds. Kept rows find themselves in
            `decision_scores_` then.
        verbose: print how training goes.

    Attributes:
        encoder_: the `zoo.Encoder`, whose `threshold` is `threshold_`.
        n_features_in_: columns of the rows.
        feature_names_in_: their names, where they have any.
        offset_: what `decision_function` takes from `score_samples`: minus `threshold_`.
        threshold_: the score above which a row is flagged.
        decision_scores_: scores [n] of the training rows; higher is odder.
        labels_: 1 for the training rows that are flagged and 0 for the others, [n].
        notes_: what was found worth noting.
        result_: the `Result` of the run, if judged.
    """

    def __init__(
        self,
        recipe: str = "anomaly_table",
        *,
        contamination: float = 0.1,
        latent_dim: int | None = None,
        epochs: int | None = None,
        overrides: Mapping[str, Any] | Sequence[str] | str | None = None,
        validation: float = 0.1,
        random_state: Any = 0,
        judge: bool = False,
        verbose: bool = False,
    ) -> None:
        self.recipe, self.contamination, self.latent_dim, self.epochs = recipe, contamination, latent_dim, epochs
        self.overrides, self.validation, self.random_state = overrides, validation, random_state
        self.judge, self.verbose = judge, verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains on rows [n, n_features]; y is for judging alone.

        Raises:
            ValueError: a wrong recipe or override, or rows that cannot be used; the message says which and why.
        """
        if not 0 < self.contamination <= 0.5:
            raise ValueError(f"contamination={self.contamination} must be above 0 and at most 0.5")
        with as_value_errors():
            if self.judge:
                self._judge(X, _anomalies(y), {"model.false_alarm_rate": float(self.contamination)})
                self.decision_scores_ = self._scores(X)
                self.threshold_ = self.encoder_.threshold
            else:
                self._fit(X)
        self.offset_ = -self.threshold_
        self.labels_: Rows = (self.decision_scores_ > self.threshold_).astype(np.int64)
        return self

    def _fit(self, X: Any) -> None:
        recipe, trained, splits = self._train(X, {"model.false_alarm_rate": None})
        if not reads_numbers(recipe) and len(splits) != len(X):
            raise InputError(
                f"of {len(X):,} rows the recipe's source keeps {len(splits):,}, and each is to have a score: leave out "
                "rows that repeat a key, or name no key"
            )
        self.encoder_ = encoder_of(recipe, trained, splits)
        self.decision_scores_ = scores_of_table(self.encoder_, trained.model, splits).astype(np.float64)
        threshold = np.float32(np.percentile(self.decision_scores_, 100 * (1 - self.contamination)))
        trained.model.threshold.assign(threshold)
        self.encoder_.threshold = self.threshold_ = float(threshold)

    def _defaults(self, X: Any) -> Mapping[str, Any]:
        """Twice as many neighbours as there may be anomalies in one place, so that half of them are ordinary rows."""
        model = compose(self.recipe).config["model"]
        if "nearest" not in model:
            return {}
        count = math.floor(_num_samples(X) * (1 - self.validation))
        most = min(_MOST_NEIGHBOURS, count - 2)  # a row is not its own neighbour, and one more may be watched
        return {"model.nearest": max(model["nearest"], min(math.ceil(2 * self.contamination * count), most))}

    def fit_predict(self, X: Any, y: Any = None) -> Rows:
        """Trains on rows and says which of them are odd, -1, and which are not, 1: [n]."""
        return np.where(self.fit(X, y).labels_ == 1, -1, 1)

    def score_samples(self, X: Any) -> npt.NDArray[np.float64]:
        """How normal new rows are, [n]: minus `zoo.Encoder.score`, so that higher is more normal."""
        return -self._scores(X)

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """`score_samples` less `offset_`, [n]: below 0 a row is odd."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> Rows:
        """-1 for odd rows and 1 for others, [n]."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _scores(self, X: Any) -> npt.NDArray[np.float64]:
        rows = self._new_rows(X)
        scores: Floats = self.encoder_.score(rows)
        return scores.astype(np.float64)


def _anomalies(y: Any) -> Rows | None:
    """1 for anomalies and 0 for normal rows, [n], from PyOD's labels (1, 0) or scikit-learn's (-1, 1)."""
    if y is None:
        return None
    given = np.asarray(y)
    strange = sorted(set(np.unique(given).tolist()) - {-1, 0, 1})
    if strange:
        raise ValueError(f"y is 0 or 1 (1 for anomalies), or 1 or -1 (-1 for anomalies), and has {strange[0]!r}")
    return (given == (-1 if (given == -1).any() else 1)).astype(np.int64)
