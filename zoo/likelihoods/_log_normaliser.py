"""The exact normaliser of a softmax over very many columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from zoo.parts import Tensor


def log_normaliser(features: Tensor, kernel: Tensor, bias: Tensor, chunk: int) -> Tensor:
    """Log sum_j exp(features . kernel_j + bias_j): [batch, features], [columns, features], [columns] -> [batch].

    Summed over `chunk` columns at a time. The gradient makes each chunk's probabilities anew instead of keeping them
    from the way there, as a differentiated loop would: neither way is anything of size [batch, columns] made.
    """
    tf = import_tensorflow()
    columns = int(kernel.shape[0])

    def logits_at(start: Any, h: Any, weights: Any, offsets: Any) -> tuple[Any, Any]:
        taken = weights[start : start + chunk]
        return taken, ops.matmul(h, ops.transpose(taken)) + offsets[start : start + chunk]

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def summed(h: Any, weights: Any, offsets: Any) -> Any:
        def add(start: Any, total: Any) -> Any:
            part = ops.logsumexp(logits_at(start, h, weights, offsets)[1], axis=-1)
            return start + chunk, ops.logaddexp(total, part)

        nothing = tf.fill(tf.shape(h)[:1], -1e30)
        total = tf.while_loop(lambda start, _: start < columns, add, (0, nothing), parallel_iterations=1)[1]

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            def add_gradient(start: Any, to_h: Any, to_weights: Any, to_offsets: Any) -> Any:
                taken, logits = logits_at(start, h, weights, offsets)
                shares = ops.exp(logits - total[:, None]) * upstream[:, None]
                number = start // chunk
                to_weights = to_weights.write(number, ops.matmul(ops.transpose(shares), h))
                to_offsets = to_offsets.write(number, ops.sum(shares, axis=0))
                return start + chunk, to_h + ops.matmul(shares, taken), to_weights, to_offsets

            pieces = -(-columns // chunk)
            width = int(weights.shape[1])
            empty = [
                tf.TensorArray(tf.float32, pieces, infer_shape=False, element_shape=shape)
                for shape in ((None, width), (None,))
            ]
            _, to_h, to_weights, to_offsets = tf.while_loop(
                lambda start, *_: start < columns, add_gradient, (0, tf.zeros_like(h), *empty), parallel_iterations=1
            )
            return to_h, to_weights.concat(), to_offsets.concat()

        return total, gradient

    # tensors, since a variable's gradient would not come back through the arguments
    return summed(*(tf.convert_to_tensor(each) for each in (features, kernel, bias)))
