"""The product of a softmax for each field of a record."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import keras
import numpy as np
from keras import ops

from zoo.parts import Likelihood, flat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, PositiveInt, TableSchema

_RARE = 0.5  # of a column that training rows do not have, beside counts of those that they have (Jeffreys 1946)


class Product(Likelihood):
    """p(x|z) = product over named fields f and their items i of softmax(l_f)[x_i] ^ count_i.

    Records are sparse rows whose fields' columns lie one block after the other. A field with one item is categorical;
    one with several is a bag, such as the characters of a text, whose order counts for nothing (a multinomial without
    its coefficient, which does not depend on z); one with none is missing and says nothing.

    Args:
        fields: name of each field and how many columns it has, in order; None takes them from the data.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: built without fields, or for rows of another number of columns.

    Reference:
        Nazábal et al. 2020, "Handling incomplete heterogeneous data using VAEs", section 3 (one for each field).
    """

    takes_sparse = True

    def __init__(self, fields: Mapping[str, PositiveInt] | None = None, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        self.fields = None if fields is None else dict(fields)

    def apply_schema(self, schema: TableSchema) -> None:
        """Takes the fields from the table, where none were given."""
        if self.fields is None and schema.categories:
            self.fields = {field: len(names) for field, names in schema.categories.items()}
        if self.fields is None and schema.blocks:
            self.fields = {field: columns for field, (columns, _) in schema.blocks.items()}

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, ...] and records [batch, columns]."""
        if not self.fields:
            raise ValueError("the fields are not known: take a source of records, such as zoo.data.CategoricalTable")
        columns = sum(self.fields.values())
        if columns != target_shape[-1]:
            raise ValueError(f"the fields have {columns} columns, the rows {target_shape[-1]}")
        self.logits = keras.layers.Dense(columns, name="logits", dtype=self.dtype_policy)
        self.logits.build((features_shape[0], math.prod(int(size or 0) for size in features_shape[1:])))

    def adapt(self, batches: Batches) -> None:
        """Starts from the frequencies of the columns, each within its field: what needs no code need not be learnt."""
        counts = np.full(sum(self._sizes()), _RARE)
        for block, weights in batches():
            counts += (block.T @ weights.astype(np.float64)).ravel()
        ends = np.cumsum(self._sizes())[:-1]
        self.logits.bias.assign(np.concatenate([np.log(each / each.sum()) for each in np.split(counts, ends)]))

    def log_probabilities(self, features: Tensor) -> Tensor:
        """Log p of every column within its field: [batch, columns]."""
        logits = ops.cast(self.logits(flat(features)), "float32")
        if len(self._sizes()) == 1:
            return ops.log_softmax(logits, axis=-1)
        ends = [sum(self._sizes()[: i + 1]) for i in range(len(self._sizes()) - 1)]
        return ops.concatenate([ops.log_softmax(block, axis=-1) for block in ops.split(logits, ends, axis=-1)], axis=-1)

    def mean(self, features: Tensor) -> Tensor:
        """Probability of every column: dense records [batch, columns]."""
        return ops.exp(self.log_probabilities(features))

    def per_field(self, features: Tensor, target: Tensor) -> Tensor:
        """Log p of each field [batch, fields] in nats: where a record is odd."""
        indices = target["indices"]
        found = ops.take_along_axis(self.log_probabilities(features), ops.maximum(indices, 0), axis=-1)
        found = found * ops.cast(target["values"], "float32")
        starts = [sum(self._sizes()[:i]) for i in range(len(self._sizes()))]
        within = [
            ops.sum(ops.where((indices >= start) & (indices < start + size), found, 0.0), axis=-1)
            for start, size in zip(starts, self._sizes(), strict=True)
        ]
        return ops.stack(within, axis=-1)

    def call(self, features: Tensor, target: Tensor, training: bool = False) -> Tensor:
        """Log p(x|z) [batch] in nats, for features [batch, ...] and records as sparse rows."""
        del training
        return ops.sum(self.per_field(features, target), axis=-1)

    def _sizes(self) -> list[int]:
        return list((self.fields or {}).values())
