"""Adam that leaves the rows of a table alone which a step does not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="zoo")
class LazyAdam(keras.optimizers.Adam):
    """Adam; of a variable with a sparse gradient only the rows that occur are updated, and their moments.

    Keras' Adam decays the moments of all rows at every step, and moves all rows by them: its step takes time in
    proportion to the table. Here a row's moments rest until it occurs again.

    Rows are updated by RMSProp with momentum, v = beta_2 v + (1 - beta_2) g^2; m = beta_1 m + (1 - beta_1) g / sqrt(v),
    with Adam's correction of v: Adam's two averages, but the gradient is scaled before it is averaged (LaProp). For
    this TensorFlow has a fused kernel, for Adam it has none: gathers, arithmetic and scatters took three times as long.
    m is not corrected, which makes a table's first steps small. The correction counts all steps.

    With dense gradients it is Keras' Adam. Takes Adam's arguments, with four limits: no `amsgrad`; weight decay moves
    whole tables, so exclude them from it; `global_clipnorm` and `clipvalue` make gradients dense, `clipnorm` does not.

    Raises:
        ValueError: amsgrad.

    Reference:
        Kingma and Ba 2015, "Adam", algorithm 1; Ziyin, Wang and Ueda 2020, "LaProp", algorithm 1; Duchi, Hazan and
        Singer 2011, on why rare rows should not decay.
    """

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the moments of the variables."""
        if self.amsgrad:
            raise ValueError("LazyAdam has no amsgrad")
        super().build(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable; see the class."""
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = _summed(gradient)
        number = self._get_variable_index(variable)
        # Keras' TensorFlow backend hands over TensorFlow's variable, not its own
        table = variable.value if isinstance(variable, keras.Variable) else variable
        step = tf.cast(self.iterations.value, table.dtype) + 1
        tf.raw_ops.ResourceSparseApplyRMSProp(
            var=table.handle,
            ms=self._velocities[number].value.handle,
            mom=self._momentums[number].value.handle,
            lr=tf.cast(learning_rate, table.dtype) * (1 - self.beta_1) * tf.sqrt(1 - self.beta_2**step),
            rho=tf.constant(self.beta_2, table.dtype),
            momentum=tf.constant(self.beta_1, table.dtype),
            epsilon=tf.constant(self.epsilon**2, table.dtype),  # the kernel adds it inside the root
            grad=tf.cast(gradient.values, table.dtype),
            indices=gradient.indices,
        )

    def _clip_gradients(self, gradients: Sequence[Any]) -> Any:
        """Clips; a row that occurs several times is summed before, since its norm is that of the sum."""
        if self.clipnorm:
            gradients = [_summed(each) if isinstance(each, tf.IndexedSlices) else each for each in gradients]
        return super()._clip_gradients(gradients)


def _summed(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with each row once."""
    rows, places = tf.unique(gradient.indices)
    total = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(total, rows, gradient.dense_shape)
