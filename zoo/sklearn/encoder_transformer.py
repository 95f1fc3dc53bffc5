"""An encoder as a transformer of scikit-learn's."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from zoo.sklearn._recipe_estimator import RecipeEstimator, as_value_errors
from zoo.sklearn._training import encoder_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.types import Floats


class EncoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, RecipeEstimator):
    """Rows [n, n_features] -> codes [n, latent_dim] float32, by an encoder that is trained as a recipe says.

    Recipes whose source reads vectors take arrays and frames of numbers: every row is trained on or watched, none is
    left out, and columns that never change are let through. Recipes of records or baskets take what `zoo.run` takes as
    `data`. Nothing is judged unless it is asked for, so whether PCA would have done as well is for you to find out.

    Args:
        recipe: a recipe's name, or the path of a YAML file.
        latent_dim: width of the code; None for the recipe's.
        epochs: passes over the rows at the most; None for the recipe's.
        overrides: of the recipe, such as {"train.batch_size": 64} or ["train.batch_size=64"]; they go before
            `latent_dim`, `epochs` and `random_state`.
        validation: share of the rows by which training stops, with at least one row; 0 watches the rows that are
            trained on. Without effect if the rows are not vectors, or are judged: the recipe's splits count there.
        random_state: seed of weights, noise, order and split; None draws one.
        judge: run the recipe whole, as `zoo.run` does, with its registry and its store: `result_` then has the report
            and the verdict, and the encoder is trained on what the recipe's splits leave for that. y are classes, which
            only judging sees.
        verbose: print how training goes.

    Attributes:
        encoder_: the `zoo.Encoder`; `encoder_.save(folder)` keeps it for `zoo.load`.
        n_features_in_: columns of the rows.
        feature_names_in_: their names, where they have any.
        notes_: what was found worth noting, such as a batch that was made smaller.
        result_: the `Result` of the run, if judged.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> EncoderTransformer(latent_dim=2, epochs=1).fit_transform(load_iris().data).shape
        (150, 2)
    """

    def __init__(
        self,
        recipe: str = "dense_vectors",
        *,
        latent_dim: int | None = None,
        epochs: int | None = None,
        overrides: Mapping[str, Any] | Sequence[str] | str | None = None,
        validation: float = 0.1,
        random_state: Any = 0,
        judge: bool = False,
        verbose: bool = False,
    ) -> None:
        self.recipe, self.latent_dim, self.epochs, self.overrides = recipe, latent_dim, epochs, overrides
        self.validation, self.random_state, self.judge, self.verbose = validation, random_state, judge, verbose

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains the encoder on rows [n, n_features]; y are classes, which only judging looks at.

        Raises:
            ValueError: a wrong recipe or override, or rows that cannot be used; the message says which and why.
        """
        with as_value_errors():
            if self.judge:
                self._judge(X, y, {})
            else:
                recipe, trained, splits = self._train(X, {})
                self.encoder_ = encoder_of(recipe, trained, splits)
        if self.encoder_.latent_dim >= self.encoder_.kind.width:
            warnings.warn(
                f"the code of {self.encoder_.latent_dim} numbers is not smaller than the rows of "
                f"{self.encoder_.kind.width}: set latent_dim",
                UserWarning,
                stacklevel=2,
            )
        return self

    def transform(self, X: Any) -> Floats:
        """Codes [n, latent_dim] float32 of rows."""
        rows = self._new_rows(X)
        return self.encoder_.encode(rows)

    def inverse_transform(self, X: Any) -> Floats:
        """Rows [n, n_features] float32 that codes [n, latent_dim] stand for, in the units of the rows.

        Raises:
            ValueError: codes of another width.
        """
        check_is_fitted(self, "encoder_")
        return self.encoder_.decode(check_array(X, dtype=np.float32))

    @property
    def _n_features_out(self) -> int:
        """Columns of what `transform` gives, for `get_feature_names_out`."""
        return self.encoder_.latent_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
