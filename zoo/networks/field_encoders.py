"""The encoder's body for records: an encoder a field, each with its own place in the code."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from keras import initializers, ops

from zoo.networks._copy_directions import copy_directions, shared_out
from zoo.parts import Network
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Pairs, Tensor
    from zoo.types import LayerArguments, PositiveFloat, PositiveInt, TableSchema

_TINY = 1e-12  # a squared length below which a field says nothing


class FieldEncoders(Network):
    """A record's fields, each a direction of its own, one after the other: sparse [batch, columns] -> [batch, units].

        code of field f = w_f u_f / |u_f|,  u_f = sum over the field's items of value * directions[item]

    so that the cosine of two records is the mean of their fields' cosines, weighted by w_f^2, the evidence that each
    field gives. A field that says nothing (missing, or made of nothing that training rows had) is 0 and adds nothing.

    Training starts from closed forms: directions are those in which records differ while copies of a record, written
    with errors, do not (see `solve_from_copies`), and w_f^2 is the nats that two records gain by agreeing on the
    field. Steps of gradient go on from there with the directions.

    Args:
        units: width of the code.
        fields: field -> its number of columns, in order; None takes them from the data.
        evidence: field -> nats; None takes them from the data. Fields get places in the code in this proportion.
        **kwargs: Keras layer arguments (name, dtype).

    Attributes:
        places: field -> (first, last + 1) of its numbers in the code; known once built.

    Raises:
        ValueError: built without fields, for other rows, or with more fields than units.

    Reference:
        Fellegi and Sunter 1969, "A theory for record linkage" (weights of fields); Damashek 1995, "Gauging similarity
        with n-grams" (texts as their n-grams).
    """

    takes_sparse = True
    solves_from_copies = True

    def __init__(
        self,
        units: PositiveInt,
        fields: Mapping[str, PositiveInt] | None = None,
        evidence: Mapping[str, PositiveFloat] | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.fields = None if fields is None else dict(fields)
        self.evidence = None if evidence is None else dict(evidence)
        self.places: dict[str, tuple[int, int]] = {}

    def apply_schema(self, schema: TableSchema) -> None:
        """Takes the fields from the table, where none were given."""
        if self.fields is None and schema.blocks:
            self.fields = {name: columns for name, (columns, _) in schema.blocks.items()}
            self.evidence = {name: evidence for name, (_, evidence) in schema.blocks.items()}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for sparse rows of the dense shape [batch, columns]."""
        if not self.fields:
            raise ValueError("the fields are not known: take a source of records, such as zoo.data.Records")
        if sum(self.fields.values()) != input_shape[-1]:
            raise ValueError(f"the fields have {sum(self.fields.values())} columns, the rows {input_shape[-1]}")
        given = self.evidence or {}
        evidence = np.asarray([given.get(name, 1.0) for name in self.fields], np.float64)
        widths = shared_out(evidence, np.asarray(list(self.fields.values()), np.float64), self.units)
        ends = np.cumsum([0, *widths]).tolist()
        self.places = dict(zip(self.fields, pairwise(ends), strict=True))
        self._starts = np.cumsum([0, *self.fields.values()])
        self._widest = max(widths)
        self._kept = [field * self._widest + i for field, width in enumerate(widths) for i in range(width)]
        self._own = (np.arange(self._widest) < np.asarray(widths)[:, None]).astype(np.float32)
        self.directions = self.add_weight(
            shape=(int(self._starts[-1]), self._widest),
            initializer=initializers.RandomNormal(stddev=1.0),
            name="directions",
            dtype="float32",
            autocast=False,
        )
        self.scales = self.add_weight(
            shape=(len(self.fields),),
            initializer=lambda *_, **__: ops.convert_to_tensor(np.sqrt(evidence / evidence.sum()), "float32"),
            name="scales",
            trainable=False,  # copies made by our own errors would teach it how often we said that each field errs
            dtype="float32",
            autocast=False,
        )

    def solve_from_copies(self, pairs: Pairs) -> None:
        """Sets the directions of each field by closed form; see the class."""
        from scipy.sparse import vstack

        rows, copies = (vstack(blocks, format="csr") for blocks in zip(*pairs(), strict=True))
        found: Any = np.zeros(self.directions.shape, np.float32)
        for (start, end), (first, last) in zip(pairwise(self._starts), self.places.values(), strict=True):
            found[start:end, : last - first] = copy_directions(rows[:, start:end], copies[:, start:end], last - first)
        self.directions.assign(found)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, units]."""
        return (input_shape[0], self.units)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """`indices` and `values` [batch, items] -> [batch, units]."""
        del training
        sums = self._sums(x) * self._own
        lengths = ops.sum(ops.square(sums), axis=-1, keepdims=True)
        directions = ops.where(lengths > _TINY, sums * ops.rsqrt(ops.maximum(lengths, _TINY)), 0.0)
        fields = ops.reshape(directions * ops.convert_to_tensor(self.scales)[:, None], (-1, self._whole))
        return ops.cast(ops.take(fields, self._kept, axis=-1), self.compute_dtype)

    @property
    def _whole(self) -> int:
        return len(self.places) * self._widest

    def _sums(self, x: Tensor) -> Tensor:
        """[batch, fields, widest]: the sum of a field's items' directions; nothing is made of items by directions."""
        tf = import_tensorflow()
        indices = tf.cast(x["indices"], tf.int64)
        batch, fields = tf.shape(indices, tf.int64)[0], len(self.places)
        places = tf.where(indices >= 0)
        columns = tf.gather_nd(indices, places)
        field = tf.searchsorted(tf.constant(self._starts[1:], tf.int64), columns, side="right", out_type=tf.int64)
        items = tf.SparseTensor(
            tf.stack([places[:, 0] * fields + field, columns], axis=1),
            tf.cast(tf.gather_nd(x["values"], places), tf.float32),
            tf.stack([batch * fields, tf.constant(self._starts[-1], tf.int64)]),
        )
        sums = tf.sparse.sparse_dense_matmul(items, tf.convert_to_tensor(self.directions))
        return tf.reshape(sums, (-1, fields, self._widest))
