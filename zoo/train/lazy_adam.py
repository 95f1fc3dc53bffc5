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
    proportion to the table. Here a row's moments rest until it occurs again. The bias correction counts all steps, as
    in TensorFlow Addons' optimizer of the same name, so a rare row's first steps are larger than Adam's would be.

    With dense gradients it is Keras' Adam. Takes Adam's arguments, with four limits: no `amsgrad`; weight decay moves
    whole tables, so exclude them from it; `global_clipnorm` and `clipvalue` make gradients dense, `clipnorm` does not.

    Raises:
        ValueError: amsgrad.

    Reference:
        Kingma and Ba 2015, "Adam", algorithm 1; Duchi, Hazan and Singer 2011, on why rare rows should not decay.
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
        rows, total = gradient.indices, tf.cast(gradient.values, variable.dtype)
        number = self._get_variable_index(variable)
        momentum, velocity = self._momentums[number].value, self._velocities[number].value
        # gathered from the variables themselves: reading them whole first would copy them
        m = tf.gather(momentum, rows) * self.beta_1 + total * (1 - self.beta_1)
        v = tf.gather(velocity, rows) * self.beta_2 + tf.square(total) * (1 - self.beta_2)
        step = tf.cast(self.iterations.value, variable.dtype) + 1
        alpha = tf.cast(learning_rate, variable.dtype) * tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        momentum.scatter_update(tf.IndexedSlices(m, rows))
        velocity.scatter_update(tf.IndexedSlices(v, rows))
        # Keras' TensorFlow backend hands over TensorFlow's variable, not its own
        table = variable.value if isinstance(variable, keras.Variable) else variable
        table.scatter_sub(tf.IndexedSlices(alpha * m / (tf.sqrt(v) + self.epsilon), rows))

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
