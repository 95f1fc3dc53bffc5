"""Adam that leaves the rows of a table alone which a step does not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="zoo")
class LazyAdam(keras.optimizers.Adam):
    """Adam; of a table, which is a variable with "table" in its path, only the rows that occur are updated.

    Keras' Adam decays the moments of all rows at every step, and moves all rows by them: its step takes time in
    proportion to the table, and its moments twice the table's memory. Here a row of a table keeps one number for its
    squared gradients' mean, v = mean of beta_2 v + (1 - beta_2) g^2, divided by what the same average of ones is, so
    that a row's first step is as large as its later ones; it rests until the row occurs again. The row then moves by
    -learning_rate g / (sqrt(v) + epsilon); there is no momentum, which for rows that rest would be of another time.

    Other variables are Keras' Adam's, and so are its arguments, with four limits: no `amsgrad`; weight decay moves
    whole tables, so exclude them from it; `global_clipnorm` and `clipvalue` make gradients dense, `clipnorm` does not.

    Raises:
        ValueError: amsgrad.

    Reference:
        Kingma and Ba 2015, "Adam", algorithm 1; Duchi, Hazan and Singer 2011, on why rare rows should not decay;
        Mudigere et al. 2022, "Software-hardware co-design for fast and scalable training of deep learning
        recommendation models" (one second moment a row).
    """

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the moments of the variables."""
        if self.amsgrad:
            raise ValueError("LazyAdam has no amsgrad")
        super().build(variables)

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Any:
        """As Keras', but for each row of a table two numbers: the averages of its squared gradients, and of ones."""
        if not _is_table(reference_variable):
            return super().add_variable_from_reference(reference_variable, name, initializer)
        shape = (reference_variable.shape[0], 2) if name == "velocity" else (0,)  # a table has no momentum
        return self.add_variable(shape, initializer, name=f"{name}_{reference_variable.name}")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable; see the class."""
        number = self._get_variable_index(variable)
        averages = self._velocities[number].value
        # Keras' TensorFlow backend hands over TensorFlow's variable, not its own
        table = variable.value if isinstance(variable, keras.Variable) else variable
        if self._momentums[number].shape != (0,):
            self._fused_step(tf.convert_to_tensor(gradient), table, number, learning_rate)
        elif isinstance(gradient, tf.IndexedSlices):
            gradient = _summed(gradient)
            rows = gradient.indices
            # gathered from the variable itself: reading it whole first would copy it
            new, step = self._stepped(tf.cast(gradient.values, table.dtype), tf.gather(averages, rows), learning_rate)
            averages.scatter_update(tf.IndexedSlices(new, rows))
            table.scatter_sub(tf.IndexedSlices(step, rows))
        else:
            new, step = self._stepped(tf.cast(gradient, table.dtype), averages, learning_rate)
            averages.assign(new)
            table.assign_sub(step)

    def _fused_step(self, gradient: Any, table: Any, number: int, learning_rate: Any) -> None:
        """Keras' formula as one operation instead of some twenty for each variable, which small networks wait for."""
        kind = table.dtype
        step = tf.cast(self.iterations.value + 1, kind)
        tf.raw_ops.ResourceApplyAdam(
            var=table.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=tf.pow(tf.constant(self.beta_1, kind), step),
            beta2_power=tf.pow(tf.constant(self.beta_2, kind), step),
            lr=tf.cast(learning_rate, kind),
            beta1=tf.constant(self.beta_1, kind),
            beta2=tf.constant(self.beta_2, kind),
            epsilon=tf.constant(self.epsilon, kind),
            grad=tf.cast(gradient, kind),
        )

    def _stepped(self, gradient: Any, averages: Any, learning_rate: Any) -> tuple[Any, Any]:
        """New averages [rows, 2] and what rows [rows, ...] move by."""
        squares = tf.square(gradient)
        mean = tf.reduce_mean(squares, axis=1) if len(gradient.shape) > 1 else squares
        averages = self.beta_2 * averages + (1 - self.beta_2) * tf.stack([mean, tf.ones_like(mean)], axis=1)
        factors = tf.cast(learning_rate, gradient.dtype) / (
            tf.sqrt(averages[:, 0] / averages[:, 1]) + tf.cast(self.epsilon, gradient.dtype)
        )
        return averages, gradient * (factors[:, None] if len(gradient.shape) > 1 else factors)

    def _backend_apply_gradients(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
        """Sums the gradients over replicas before anything else, where Keras clips each replica's own."""
        pairs = super()._all_reduce_sum_gradients(list(zip(grads, trainable_variables, strict=True)))
        super()._backend_apply_gradients([gradient for gradient, _ in pairs], trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """They are summed."""
        return grads_and_vars

    def _clip_gradients(self, gradients: Sequence[Any]) -> Any:
        """Clips; a row that occurs several times is summed before, since its norm is that of the sum."""
        if self.clipnorm:
            gradients = [_summed(each) if isinstance(each, tf.IndexedSlices) else each for each in gradients]
        return super()._clip_gradients(gradients)


def _is_table(variable: Any) -> bool:
    return "table" in variable.path


def _summed(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with each row once."""
    rows, places = tf.unique(gradient.indices)
    total = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(total, rows, gradient.dense_shape)
