"""Trains a model with each part on one replica and on two, in one process, and prints what came of it as JSON.

A program of its own, since TensorFlow is told of two logical devices before its first operation. Arguments are parts,
and IN_GRAPHS where steps are to be compiled as in training, which takes longer.
"""

import json
import sys

import numpy as np

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import keras  # noqa: E402

from tests.conformance import test_parts as examples  # noqa: E402
from zoo.errors import InputError  # noqa: E402
from zoo.train.lazy_adam import LazyAdam  # noqa: E402
from zoo.train.precision import twin  # noqa: E402
from zoo.train.trainer import _fit_prior as fit_prior  # noqa: E402
from zoo.train.workers import Workers  # noqa: E402
from zoo.types import Splits  # noqa: E402

STEPS, ROWS = 1, 4
IN_GRAPHS = "--in-graphs"
# where the example would not come to what is to be compared, such as a dimension that half of the batch leaves below
# its free bits, and the whole does not
CHANGED = {
    "bottlenecks.Gaussian": {"free_bits": 9.0},
    "bottlenecks.GaussianMixture": {"free_bits": 9.0},
    "bottlenecks.TopK": {"dead_after": 1},
}
ALSO = {"objectives.AgreeAcrossViews": {"kind": "infonce", "temperature": 0.3, "of": "corruption"}}
OWN_NOISE = "bottlenecks.VectorQuantised"  # draws on the first replica, as on a single one


def trained(part, workers):
    """What is logged of each step, and the weights after them."""
    model, rows = examples.ready(part)
    model.solve(lambda: [(rows, np.ones(rows.shape[0], np.float32))])
    workers.require_parts(model)
    with workers.scope():
        trainee = twin(model)
        # an epsilon above the rounding of gradients that are 0, which Adam would make whole steps of
        trainee.compile(LazyAdam(0.01, epsilon=1e-3, clipnorm=1.0), run_eagerly=True)
        trainee.optimizer.build(trainee.trainable_variables)
    size, logs = ROWS // workers.replicas, []
    for number in range(STEPS + 1):
        block = examples.batch(trainee, rows[number * ROWS : (number + 1) * ROWS])
        if "neighbour" in block:  # of distances that are 0 but for rounding, logarithms are rounding
            block["neighbour"] = block["neighbour"] + 0.5
        trainee.reset_metrics()
        take = trainee.train_step if number < STEPS else trainee.test_step
        if workers.strategy is None:
            take(block)
        else:
            pieces = tf.data.Dataset.from_tensor_slices(block).batch(size)  # of a size that graphs do not know
            share_step(take, pieces, workers.strategy)
        logs.append({name: float(np.asarray(each).item()) for name, each in trainee.get_metrics_result().items()})
    return logs, [np.asarray(each, np.float64) for each in trainee.weights]


def share_step(take, pieces, strategy):
    """Takes a step on each replica with a piece of the batch; in a graph, unless functions are run eagerly."""
    iterator = iter(strategy.distribute_datasets_from_function(lambda _: pieces))
    tf.function(lambda: strategy.run(take, (next(iterator),)))()


def compared(part):
    try:
        (one, weights), (two, others) = trained(part, Workers.of("none")), trained(part, Workers.of("mirrored"))
    except InputError as refused:
        return {"refused": str(refused)}
    apart = [np.abs(a - b).max(initial=0.0) for a, b in zip(weights, others, strict=True) if np.isfinite(a).all()]
    return {"one": one, "two": two, "apart": max(apart)}


def without_noise(draw):
    """The middle of what is drawn in training; what is drawn from a fixed seed stays."""

    def drawn(shape, first=0.0, second=None, dtype=None, seed=None):
        if isinstance(seed, int):
            return draw(shape, seed=seed)
        middle = first if draw.__name__ == "normal" else (first + (1.0 if second is None else second)) / 2
        return keras.ops.full(shape, middle, dtype or "float32")

    return drawn


def noise():
    """What two replicas draw, of one model that corrupts and of which a sample is decoded."""
    workers = Workers.of("mirrored")
    with workers.scope():
        model, rows = examples.ready("models.Autoencoder")
        workers.part_noise(model)
    x = tf.constant(rows)
    both = workers.strategy.run(lambda: (model.corruption(x, training=True), model(x, training=True)["distortion"]))
    return [
        [np.asarray(each).tolist() for each in workers.strategy.experimental_local_results(drawn)] for drawn in both
    ]


def priors():
    """The means of a prior that was fitted to codes during training: of one model, and of each replica."""
    rows = examples.table("bottlenecks.GaussianMixture")
    every = np.arange(len(rows))
    table = Splits(rows, train=every, validation=every, test=every)
    found = []
    for workers in (Workers.of("none"), Workers.of("mirrored")):
        with workers.scope():
            model, _ = examples.ready("bottlenecks.GaussianMixture")
        fit_prior(model, table, workers, examples.EXAMPLES["bottlenecks.GaussianMixture"]["fit_epoch"])
        means = model.bottleneck.means.value
        each = [means] if workers.strategy is None else workers.strategy.experimental_local_results(means)
        found += [np.asarray(mean).tolist() for mean in each]
    return found


def main(*parts):
    in_graphs = IN_GRAPHS in parts
    tf.config.run_functions_eagerly(not in_graphs)
    found = {"noise": noise(), "priors": priors()}
    for example in examples.EXAMPLES.values():
        if "dropout" in example:
            example["dropout"] = 0.0
    for part, arguments in CHANGED.items():
        examples.EXAMPLES[part] |= arguments
    uniform, normal = keras.random.uniform, keras.random.normal
    for part in [each for each in parts if each != IN_GRAPHS]:
        drawn = (uniform, normal) if part == OWN_NOISE else (without_noise(uniform), without_noise(normal))
        keras.random.uniform, keras.random.normal = drawn
        found[part] = compared(part)
        if part in ALSO:
            examples.EXAMPLES[part] |= ALSO[part]
            found[f"{part}, also"] = compared(part)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
