"""Several corruptions, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zoo.parts import Corruption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Tensor
    from zoo.types import LayerArguments, TableSchema


class Chain(Corruption):
    """Each corruption sees what the one before it left: [batch, ...] -> the same shape; the identity at inference.

    An image moved a little and then covered with noise, or cells swapped and then masked.

    Args:
        corruptions: by name, in the order they are applied; a recipe that builds on another changes one by its name.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: no corruption.

    Reference:
        Chen et al. 2020, "A simple framework for contrastive learning of visual representations", section 3: what is
        learnt depends on which corruptions are composed, more than on any one of them.
    """

    def __init__(self, corruptions: Mapping[str, Corruption], **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if not corruptions:
            raise ValueError("a chain needs a corruption: name some, or leave the model's corruption out")
        self.corruptions = dict(corruptions)

    def apply_schema(self, schema: TableSchema) -> None:
        """Tells each corruption what the table is."""
        for corruption in self.corruptions.values():
            corruption.apply_schema(schema)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> [batch, ...]."""
        for corruption in self.corruptions.values():
            x = corruption(x, training=training)
        return x
