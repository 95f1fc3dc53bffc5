"""The encoder's body for records: an encoder a field, each with its own place in the code."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from keras import initializers, ops

from zoo.networks._copy_directions import Spread, shared_out, spread
from zoo.networks._kept_cosines import Steps, keep_cosines
from zoo.parts import Network
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scipy.sparse import csr_array

    from zoo.parts import Pairs, Tensor
    from zoo.types import (
        Doubles,
        LayerArguments,
        NonNegativeFloat,
        NonNegativeInt,
        PositiveFloat,
        PositiveInt,
        TableSchema,
    )

_TINY = 1e-12  # a squared length below which a field says nothing
_MOST_PAIRS = 20_000  # of rows and copies that are learnt from


class FieldEncoders(Network):
    """A record's fields, each a direction of its own, one after the other: sparse [batch, columns] -> [batch, units].

        code of field f = w_f u_f / |u_f|,  u_f = sum over the field's items of value * directions[item]

    so that the cosine of two records is the mean of their fields' cosines, weighted by w_f^2, the evidence that each
    field gives. A field that says nothing (missing, or made of nothing that training rows had) is 0 and adds nothing;
    it still counts in the length of the other record, if that has it: of two fields of equal weight, a record that
    lacks one has a cosine of 1 / sqrt(2) with the record that is the same in the other.
    The first numbers of the code are of all fields of text together, as if they were one: they find names that have
    changed places, and what one record has in one field and another record in the next.

    w_f^2 is the nats that two records gain by agreeing on the field, and fields get places in the code in this
    proportion. Directions are learnt from rows and copies of them, written with errors, before the first step of
    gradient, and steps of gradient leave them alone: first those in which records differ while copies do not
    (`Spread.leading`), then those in which the cosines of records stay what they are in all columns (`keep_cosines`);
    what their axes leave out can be added along random ones (`Spread.beyond`), for texts that no training row has.

    Args:
        units: width of the code.
        fields: field -> its number of columns, in order; None takes them from the data.
        evidence: field -> nats; None takes them from the data.
        alike: the fields whose columns mean the same, which are put together; None takes them from the data.
        together: evidence of the fields together, as a share of the sum of all fields' evidence.
        axes: leading singular directions of a field in which its own are sought; at least twice as many as these.
        steps: in which the cosines are kept.
        temperature: of their softmax, see `keep_cosines`.
        beyond: how much of what a field's axes leave out, and of runs of characters that no training row has, goes into
            its numbers, along random directions: this, times the share of training rows that the axes leave out, beside
            1 of what they keep.
        **kwargs: Keras layer arguments (name, dtype).

    Attributes:
        places: field -> (first, last + 1) of its own numbers in the code; known once built.

    Raises:
        ValueError: built without fields, for other rows, or with more fields than units.

    Reference:
        Fellegi and Sunter 1969, "A theory for record linkage" (weights of fields); Damashek 1995, "Gauging similarity
        with n-grams" (texts as their n-grams).
    """

    takes_sparse = True
    solves_from_copies = True
    has_trained_directions = False  # by steps of gradient

    def __init__(
        self,
        units: PositiveInt,
        fields: Mapping[str, PositiveInt] | None = None,
        evidence: Mapping[str, PositiveFloat] | None = None,
        alike: Sequence[str] | None = None,
        together: NonNegativeFloat = 0.25,
        axes: PositiveInt = 128,
        steps: NonNegativeInt = 300,
        temperature: PositiveFloat = 0.05,
        beyond: NonNegativeFloat = 0.0,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.together, self.axes, self.steps = units, together, axes, steps
        self.temperature, self.beyond = temperature, beyond
        self.fields = None if fields is None else dict(fields)
        self.evidence = None if evidence is None else dict(evidence)
        self.alike = None if alike is None else list(alike)
        self.places: dict[str, tuple[int, int]] = {}

    def apply_schema(self, schema: TableSchema) -> None:
        """Takes the fields from the table, where none were given."""
        if self.fields is None and schema.blocks:
            self.fields = {name: columns for name, (columns, _) in schema.blocks.items()}
            self.evidence = {name: evidence for name, (_, evidence) in schema.blocks.items()}
            self.alike = list(schema.alike)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for sparse rows of the dense shape [batch, columns]."""
        if not self.fields:
            raise ValueError("the fields are not known: take a source of records, such as zoo.data.Records")
        if sum(self.fields.values()) != input_shape[-1]:
            raise ValueError(f"the fields have {sum(self.fields.values())} columns, the rows {input_shape[-1]}")
        columns, evidence = self._blocks(self.fields)
        widths = shared_out(evidence, columns, self.units)
        ends = np.cumsum([0, *widths]).tolist()
        self.places = dict(zip(self.fields, list(pairwise(ends))[-len(self.fields) :], strict=True))
        self._widths, self._weights = widths, evidence
        self._starts = np.cumsum([0, *columns.astype(np.int64)])
        self._widest = max(widths)
        self._kept = [field * self._widest + i for field, width in enumerate(widths) for i in range(width)]
        self._own = (np.arange(self._widest) < np.asarray(widths)[:, None]).astype(np.float32)
        self.directions = self.add_weight(
            shape=(int(self._starts[-1]), self._widest),
            initializer=initializers.RandomNormal(stddev=1.0),
            name="directions",
            trainable=self.has_trained_directions,
            dtype="float32",
            autocast=False,
        )
        self.scales = self.add_weight(
            shape=(len(widths),),
            initializer=lambda *_, **__: ops.convert_to_tensor(np.sqrt(evidence / evidence.sum()), "float32"),
            name="scales",
            trainable=False,  # copies made by our own errors would teach it how often we said that each field errs
            dtype="float32",
            autocast=False,
        )

    def solve_from_copies(self, pairs: Pairs) -> None:
        """Learns the directions of each field; see the class."""
        from scipy.sparse import vstack

        rows, copies = (vstack(blocks, format="csr") for blocks in zip(*pairs(), strict=True))
        kept = np.random.default_rng(0).permutation(rows.shape[0])[:_MOST_PAIRS]
        both = zip(self._by_block(rows[kept]), self._by_block(copies[kept]), strict=True)
        fields: list[Spread] = [
            spread(own, others, max(self.axes, 2 * width))
            for (own, others), width in zip(both, self._widths, strict=True)
        ]
        starts = [field.leading(width) for field, width in zip(fields, self._widths, strict=True)]
        if self.steps and len(kept) > 1:
            steps = Steps(self.steps, temperature=self.temperature)
            starts = keep_cosines(fields, self._weights, starts, steps)
        found: Any = np.zeros(self.directions.shape, np.float32)
        for first, field, start in zip(self._starts, fields, starts, strict=False):
            directions = field.axes @ field.sized(start)
            if self.beyond:
                directions = directions + self.beyond * field.left_out * field.beyond(start.shape[1])
            found[first : first + len(directions), : start.shape[1]] = directions
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
    def _joined(self) -> list[int]:
        """Numbers of the fields that are put together; none where there is only one."""
        names = [place for place, name in enumerate(self.fields or ()) if name in (self.alike or ())]
        return names if len(names) > 1 and self.together > 0 else []

    def _blocks(self, fields: Mapping[str, int]) -> tuple[Doubles, Doubles]:
        """Columns and evidence [blocks]: of the fields together, if they are put together, and then of each."""
        given = self.evidence or {}
        columns = np.asarray(list(fields.values()), np.float64)
        evidence = np.asarray([given.get(name, 1.0) for name in fields], np.float64)
        if not self._joined:
            return columns, evidence
        together = columns[self._joined]
        if np.ptp(together):
            raise ValueError(f"fields whose columns mean the same have as many, not {sorted(set(together.tolist()))}")
        return np.append(together[0], columns), np.append(self.together * evidence.sum(), evidence)

    def _by_block(self, rows: csr_array) -> list[csr_array]:
        """The columns of each block."""
        ends = np.cumsum([0, *(self.fields or {}).values()])
        found = [rows[:, start:end] for start, end in pairwise(ends)]
        return (
            [sum((found[place] for place in self._joined[1:]), found[self._joined[0]]).tocsr(), *found]
            if self._joined
            else found
        )

    @property
    def _whole(self) -> int:
        return len(self._widths) * self._widest

    def _sums(self, x: Tensor) -> Tensor:
        """[batch, blocks, widest]: the sum of a block's items' directions; nothing is made of items by directions."""
        tf = import_tensorflow()
        indices = tf.cast(x["indices"], tf.int64)
        batch, blocks = tf.shape(indices, tf.int64)[0], len(self._widths)
        places = tf.where(indices >= 0)
        row, column = places[:, 0], tf.gather_nd(indices, places)
        value = tf.cast(tf.gather_nd(x["values"], places), tf.float32)
        if self._joined:
            row, column, value = self._with_joined(row, column, value)
        block = tf.searchsorted(tf.constant(self._starts[1:], tf.int64), column, side="right", out_type=tf.int64)
        items = tf.SparseTensor(
            tf.stack([row * blocks + block, column], axis=1),
            value,
            tf.stack([batch * blocks, tf.constant(self._starts[-1], tf.int64)]),
        )
        sums = tf.sparse.sparse_dense_matmul(items, tf.convert_to_tensor(self.directions))
        return tf.reshape(sums, (-1, blocks, self._widest))

    def _with_joined(self, row: Tensor, column: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Items of the fields that are put together once more, in the first block."""
        tf = import_tensorflow()
        fields = np.asarray(list((self.fields or {}).values()))
        ends = np.cumsum(fields)
        field = tf.searchsorted(tf.constant(ends, tf.int64), column, side="right")
        is_joined = tf.gather(tf.constant(np.isin(np.arange(len(fields)), self._joined)), field)
        within = column - tf.gather(tf.constant(ends - fields, tf.int64), field)
        return (
            tf.concat([row, row[is_joined]], axis=0),
            tf.concat([column + int(self._starts[1]), within[is_joined]], axis=0),
            tf.concat([value, value[is_joined]], axis=0),
        )
