"""Rows as a few bytes each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zoo.bottlenecks.product_quantised import ProductQuantised
from zoo.likelihoods.normal_around import NormalAround
from zoo.models.autoencoder import Autoencoder
from zoo.networks.mlp import MLP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Objective, Preprocessing
    from zoo.types import LayerArguments, NonNegativeInt, PositiveFloat, PositiveInt, Seed


class ProductQuantiser(Autoencoder):
    """Rows [batch, width] -> `groups` bytes -> rows, by `zoo.bottlenecks.ProductQuantised` and nothing else.

    `encode` of its encoder gives the bytes, `decode` the rows that they stand for, `query` rows that are not quantised:
    `query(new) @ decode(encode(old)).T` searches. Its code, which the terms of the loss see, is the preprocessed row
    that the bytes stand for.

    Args:
        groups: bytes of a code.
        codes: see the bottleneck.
        softness: see the bottleneck.
        ridge: see the bottleneck.
        refinements: see the bottleneck.
        scale: standard deviation of the likelihood, in the units of the preprocessed row.
        preprocess: adapted layers by name, applied in order; `NormaliseLength` where cosines are what counts.
        terms: further terms of the loss by name.
        seed: see the bottleneck.
        **kwargs: Keras model arguments (name, dtype).
    """

    def __init__(
        self,
        groups: PositiveInt,
        codes: PositiveInt = 256,
        softness: PositiveFloat = 1.0,
        ridge: PositiveFloat = 1.0,
        refinements: NonNegativeInt = 4,
        scale: PositiveFloat = 0.1,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(
            encoder=MLP([], skip=True, name="encoder"),
            bottleneck=ProductQuantised(groups, codes, softness, ridge, refinements, seed, name="bottleneck"),
            decoder=MLP([], skip=True, name="decoder"),
            likelihood=NormalAround(scale, name="likelihood"),
            preprocess=preprocess,
            terms=terms,
            **kwargs,
        )
        self.groups, self.codes, self.softness = groups, codes, softness
        self.ridge, self.refinements, self.scale, self.seed = ridge, refinements, scale, seed
