"""The encoder's body for records whose texts are read letter by letter, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

import keras
import numpy as np
from keras import ops

from zoo.networks.field_encoders import FieldEncoders
from zoo.quiet import import_tensorflow
from zoo.rows.typed_field import LETTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveFloat, PositiveInt, TableSchema

_KERNEL = 3  # letters that a convolution sees at a time
_NO_LETTER = LETTERS  # at a place behind the text's end


class LetterEncoders(FieldEncoders):
    """`FieldEncoders` whose texts are read in order, and all of which is learnt by steps of gradient.

    The letters of a field become vectors, an LSTM or a convolution reads them, the same for all fields, and u_f is a
    linear map, the field's own, of what it found: the LSTM's last state, or the largest of each feature at all places.
    Fields of other kinds have directions as there. Copies written with errors teach it what does not matter: give the
    model a term `zoo.objectives.AgreeAcrossViews` of copies.

    Args:
        units: width of the code.
        fields: field -> its number of columns, in order; None takes them from the data.
        evidence: field -> nats; None takes them from the data.
        spelt: the fields whose columns are letters at places; None takes them from the data.
        by: what reads the letters.
        letters: width of a letter's vector.
        width: features of the LSTM's state or of the convolution.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: built without such a field.

    Reference:
        Hochreiter and Schmidhuber 1997, "Long short-term memory"; Zhang, Zhao and LeCun 2015, "Character-level
        convolutional networks for text classification".
    """

    solves_from_copies = False
    has_trained_directions = True

    def __init__(
        self,
        units: PositiveInt,
        fields: Mapping[str, PositiveInt] | None = None,
        evidence: Mapping[str, PositiveFloat] | None = None,
        spelt: Sequence[str] | None = None,
        by: Literal["lstm", "convolution"] = "convolution",
        letters: PositiveInt = 16,
        width: PositiveInt = 128,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(units, fields, evidence, together=0.0, **kwargs)
        self.spelt = None if spelt is None else list(spelt)
        self.by, self.letters, self.width = by, letters, width
        policy: Any = self.dtype_policy
        # the vectors have a row for the place behind the end, which the mask leaves out
        self.vectors = keras.layers.Embedding(LETTERS + 1, letters, dtype=policy)
        self.reader = (
            keras.layers.LSTM(width, dtype=policy)
            if by == "lstm"
            else keras.layers.Conv1D(width, _KERNEL, padding="same", activation="relu", dtype=policy)
        )

    def apply_schema(self, schema: TableSchema) -> None:
        """Takes the fields from the table, where none were given."""
        super().apply_schema(schema)
        if self.spelt is None:
            self.spelt = list(schema.spelt)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for sparse rows of the dense shape [batch, columns]."""
        super().build(input_shape)
        if not self.spelt:
            raise ValueError("no field is read letter by letter: take zoo.data.Records with texts=letters")
        sizes = list((self.fields or {}).values())
        self._read = [place for place, name in enumerate(self.fields or ()) if name in self.spelt]
        self._places = max(sizes[place] for place in self._read) // LETTERS
        self.vectors.build((None, None))
        self.reader.build((None, None, self.letters))
        self.heads = self.add_weight(
            shape=(len(self._read), self.width, self._widest), initializer="glorot_uniform", name="heads"
        )

    def _sums(self, x: Tensor) -> Tensor:
        """[batch, fields, widest]."""
        tf = import_tensorflow()
        indices = tf.cast(x["indices"], tf.int64)
        ends = tf.constant(self._starts[1:-1], tf.int64)
        field = tf.reshape(tf.searchsorted(ends, tf.reshape(indices, [-1]), side="right"), tf.shape(indices))
        numbers = np.full(len(self._widths), -1, np.int64)
        numbers[self._read] = np.arange(len(self._read))
        number = tf.gather(tf.constant(numbers), field)
        is_letter = (indices >= 0) & (number >= 0)
        others = super()._sums(
            {"indices": tf.where(is_letter, tf.constant(-1, tf.int64), indices), "values": x["values"]}
        )
        place = indices - tf.gather(tf.constant(self._starts[:-1], tf.int64), field)
        letters = self._letters(is_letter, number, place)
        read = tf.einsum("bfw,fwu->bfu", self._features(letters), tf.cast(self.heads, self.compute_dtype))
        return others + tf.gather(
            tf.concat([tf.cast(read, tf.float32), tf.zeros_like(others[:, :1])], axis=1),
            np.where(numbers < 0, len(self._read), numbers),
            axis=1,
        )

    def _letters(self, is_letter: Tensor, number: Tensor, place: Tensor) -> Tensor:
        """[batch, fields that are read, places] int32: the letters of texts, `_NO_LETTER` behind their ends."""
        tf = import_tensorflow()
        found = tf.where(is_letter)
        at = tf.gather_nd(place, found)
        where = tf.stack([found[:, 0], tf.gather_nd(number, found), at // LETTERS], axis=1)
        shape = tf.stack([tf.shape(is_letter, tf.int64)[0], len(self._read), self._places])
        none = tf.fill(shape, _NO_LETTER)
        return tf.tensor_scatter_nd_update(none, where, tf.cast(at % LETTERS, tf.int32))

    def _features(self, letters: Tensor) -> Tensor:
        """[batch, fields that are read, width]; 0 for a field without a letter."""
        tf = import_tensorflow()
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(letters != _NO_LETTER, tf.int32), axis=-1))
        flat = tf.reshape(letters[:, :, : tf.maximum(longest, 1)], (-1, tf.maximum(longest, 1)))
        is_there = flat != _NO_LETTER
        vectors = self.vectors(flat) * tf.cast(is_there, self.compute_dtype)[..., None]
        if self.by == "lstm":
            read = self.reader(vectors, mask=is_there)
        else:
            read = tf.reduce_max(self.reader(vectors) * tf.cast(is_there, self.compute_dtype)[..., None], axis=1)
        read = read * tf.cast(tf.reduce_any(is_there, axis=1), read.dtype)[:, None]
        return ops.reshape(read, (-1, len(self._read), self.width))
