"""What the zoo's estimators have in common."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from math import isfinite
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from zoo.cli.held_data import as_overrides
from zoo.cli.run import run
from zoo.errors import ZooError
from zoo.recipe import compose
from zoo.rows.dense_rows import DenseRows
from zoo.sklearn._rows import constant_columns, from_source, numbers, reads_numbers
from zoo.sklearn._training import trained_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zoo.encoder import Encoder
    from zoo.recipe import Recipe
    from zoo.stages.result import Result
    from zoo.types import Floats, Splits, Trained


class RecipeEstimator(BaseEstimator):
    """An estimator that a recipe is trained for; see `EncoderTransformer` for the arguments."""

    recipe: str
    latent_dim: int | None
    epochs: int | None
    overrides: Mapping[str, Any] | Sequence[str] | str | None
    validation: float
    random_state: Any
    verbose: bool
    encoder_: Encoder
    result_: Result
    notes_: tuple[str, ...]

    def _train(self, X: Any, own: Mapping[str, Any]) -> tuple[Recipe, Trained, Splits]:
        """Trains the recipe on rows.

        Args:
            X: the rows.
            own: overrides that are the estimator's own, before which those of the user give way.
        """
        if not 0 <= self.validation < 1:
            raise ValueError(f"validation={self.validation} must be a share of the rows: at least 0 and below 1")
        if hasattr(self, "result_"):
            del self.result_
        seed = self._seed()
        overrides = [*as_overrides(self._defaults(X)), *self._overrides(seed, own)]
        recipe = compose(self.recipe, overrides)
        if reads_numbers(recipe):
            rows = self._rows(X, of_numbers=True, reset=True)
            splits = numbers(rows, getattr(self, "feature_names_in_", ()), self.validation, seed)
        else:
            splits = from_source(self.recipe, overrides, self._rows(X, of_numbers=False, reset=True))
        trained = trained_on(recipe, splits, verbose=self.verbose)
        self.notes_ = trained.notes
        if not all(isfinite(logs["loss"]) for logs in trained.history):
            warnings.warn(trained.notes[-1], ConvergenceWarning, stacklevel=3)
        return recipe, trained, splits

    def _judge(self, X: Any, labels: Any, own: Mapping[str, Any]) -> None:
        """Runs the recipe whole: trained, judged, and published if it is blessed."""
        overrides = self._overrides(self._seed(), own)
        recipe = compose(self.recipe, overrides)
        of_numbers = reads_numbers(recipe)
        rows = self._rows(X, of_numbers=of_numbers, reset=True)
        given = [*overrides, constant_columns(recipe)] if of_numbers else overrides
        self.result_ = run(self.recipe, *given, data=rows, labels=labels, quiet=not self.verbose)
        self.encoder_, self.notes_ = self.result_.encoder, ()

    def _defaults(self, X: Any) -> Mapping[str, Any]:
        """Overrides that depend on the rows, which give way to those of the user."""
        del X
        return {}

    def _new_rows(self, X: Any) -> Any:
        """Rows for the fitted encoder."""
        check_is_fitted(self, "encoder_")
        return self._rows(X, of_numbers=isinstance(self.encoder_.kind, DenseRows), reset=False)

    def _rows(self, X: Any, *, of_numbers: bool, reset: bool) -> Any:
        """Rows as scikit-learn checks them: [n, width] float32, or as they came if they are not numbers alone."""
        if not of_numbers:
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        rows: Floats = validate_data(
            self, X, reset=reset, dtype=np.float32, order="C", ensure_min_samples=2 if reset else 1
        )
        return rows

    def _overrides(self, seed: int, own: Mapping[str, Any]) -> list[str]:
        named = {"seed": seed, "train.epochs": self.epochs, "model.latent_dim": self.latent_dim}
        of_user = self.overrides or ()
        return [
            *as_overrides({key: value for key, value in named.items() if value is not None}),
            *([of_user] if isinstance(of_user, str) else _as_texts(of_user)),
            *as_overrides(own),
        ]

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))


@contextlib.contextmanager
def as_value_errors() -> Iterator[None]:
    """Lets the zoo's own errors out as scikit-learn's callers expect them."""
    try:
        yield
    except ZooError as error:
        raise ValueError(str(error)) from error


def _as_texts(overrides: Mapping[str, Any] | Sequence[str]) -> list[str]:
    return as_overrides(overrides) if isinstance(overrides, Mapping) else list(overrides)
