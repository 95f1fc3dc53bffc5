"""The encoder's body for sparse rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

import keras
from keras import ops

from zoo.networks._activations import quick
from zoo.parts import Network, gathered
from zoo.rows._added_up import added_up

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Activation, Fraction, LayerArguments, PositiveInt, TableSchema


class EmbeddingBag(Network):
    """A dense layer on sparse rows, and an MLP behind it: sparse [batch, columns] -> [batch, features].

    The first layer sums value * table[index] over a row's items, which is what a dense layer on the row would give;
    its work and its gradient are those of the items present, whatever the number of columns.

    Args:
        units: width of the first layer.
        hidden: widths of the layers behind it.
        activation: a Keras activation's name.
        combiner: `sum` leaves the values as they are; `mean` divides them by their absolute sum, `sqrtn` by their
            Euclidean length, so that long rows do not count more.
        dropout: share of a row's items, and of each layer's outputs, that training drops.
        repeats: whether a column may come several times in a row; its values are added up first then, where the length
            of the row counts. The table says so too.
        **kwargs: Keras layer arguments (name, dtype).

    Reference:
        Mikolov et al. 2013, "Efficient estimation of word representations in vector space" (sums of embeddings);
        Liang et al. 2018, "Variational autoencoders for collaborative filtering", section 2.3 (length, item dropout).
    """

    takes_sparse = True

    def __init__(
        self,
        units: PositiveInt,
        hidden: list[PositiveInt] | None = None,
        activation: Activation = "relu",
        combiner: Literal["sum", "mean", "sqrtn"] = "sqrtn",
        dropout: Fraction = 0.0,
        repeats: bool = False,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if min([units, *(hidden or [])]) < 1:
            raise ValueError(f"widths must be at least 1: {[units, *(hidden or [])]}")
        self.units, self.hidden, self.activation = units, list(hidden or []), activation
        self.combiner, self.dropout, self.repeats = combiner, dropout, repeats
        policy: Any = self.dtype_policy
        self.act = keras.layers.Activation(quick(activation), dtype=policy)
        self.layers = [
            keras.layers.Dense(width, activation=quick(activation), name=f"dense_{i}", dtype=policy)
            for i, width in enumerate(self.hidden)
        ]
        self.drop = keras.layers.Dropout(dropout, dtype=policy)

    def apply_schema(self, schema: TableSchema) -> None:
        """Learns whether a column may come several times in a row, as characters of a text do where they are read."""
        self.repeats = self.repeats or bool(schema.blocks)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for sparse rows of the dense shape [batch, columns]."""
        self.table = self.add_weight(
            shape=(int(input_shape[-1] or 0), self.units),
            initializer="glorot_uniform",
            name="table",
            dtype="float32",
            autocast=False,
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        shape: tuple[int | None, ...] = (input_shape[0], self.units)
        for layer in self.layers:
            layer.build(shape)
            shape = (shape[0], layer.units)
        self.drop.build(shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, features]."""
        return (input_shape[0], self.hidden[-1] if self.hidden else self.units)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """`indices` and `values` [batch, items] -> [batch, features]."""
        if self.repeats and self.combiner == "sqrtn":
            x = added_up(x["indices"], ops.cast(x["values"], "float32"), self.table.shape[0])
        present = x["indices"] >= 0
        values = self._scaled(ops.where(present, ops.cast(x["values"], "float32"), 0.0))
        values = self.drop(values, training=training)  # whole items, before they are summed
        rows = ops.cast(gathered(self.table, ops.maximum(x["indices"], 0)), self.compute_dtype)
        features = self.act(ops.einsum("bi,biu->bu", ops.cast(values, rows.dtype), rows) + self.bias)
        for layer in self.layers:
            features = layer(self.drop(features, training=training))
        return features

    def _scaled(self, values: Tensor) -> Tensor:
        if self.combiner == "sum":
            return values
        size = ops.abs(values) if self.combiner == "mean" else ops.square(values)
        total = ops.sum(size, axis=-1, keepdims=True)
        return values / ops.maximum(total if self.combiner == "mean" else ops.sqrt(total), 1e-12)
