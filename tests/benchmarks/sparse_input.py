"""Sparse rows: time and memory of a training step and of encoding, by the number of columns.

128 hidden units, a 32-d code, 256 rows a step, 20 items a row: embedding-bag in, sampled softmax with 512 drawn columns
out, against the tutorials' dense code (a one-hot row through `Dense` layers, softmax cross-entropy). Each in a process
of its own, so that its peak memory is its own. The machine may be busy: the best of several rounds counts, on both
sides.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

BATCH, ITEMS, HIDDEN, LATENT, SAMPLES, STEPS = 256, 20, 128, 32, 512, 192
SIZES = (10_000, 100_000, 1_000_000)
DENSE_SIZES = (10_000, 100_000)


def baskets(columns: int, count: int):
    """Indices [count, ITEMS] of rows whose columns occur by Zipf's law, and their values."""
    random = np.random.default_rng(0)
    indices = (columns ** random.uniform(size=(count, ITEMS)) - 1).astype(np.int32)
    return indices, np.ones(indices.shape, np.float32)


def fastest(work, rounds: int = 5) -> float:
    """Seconds of the quickest round."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def sparse(columns: int) -> dict:
    """The zoo's step, and its encoding."""
    from zoo.quiet import import_tensorflow

    tf = import_tensorflow()
    import keras

    from zoo.bottlenecks.linear import Linear
    from zoo.likelihoods.multinomial import Multinomial
    from zoo.models.autoencoder import Autoencoder
    from zoo.networks.embedding_bag import EmbeddingBag
    from zoo.networks.mlp import MLP
    from zoo.train.lazy_adam import LazyAdam

    keras.utils.set_random_seed(0)
    model = Autoencoder(EmbeddingBag(HIDDEN), Linear(LATENT), MLP([HIDDEN]), Multinomial(samples=SAMPLES))
    model.build((None, columns))
    model.compile(optimizer=LazyAdam(1e-3), jit_compile=False, steps_per_execution=32)  # as the trainer does
    indices, values = baskets(columns, BATCH * STEPS)
    rows = tf.data.Dataset.from_tensor_slices({"indices": indices, "values": values}).batch(BATCH)
    model.fit(rows, epochs=1, verbose=0)
    seconds = fastest(lambda: model.fit(rows, epochs=1, verbose=0)) / STEPS
    encode = tf.function(model.encode)
    batch = {"indices": tf.constant(indices[:BATCH]), "values": tf.constant(values[:BATCH])}
    encode(batch)
    return {"step": seconds, "encode": fastest(lambda: [encode(batch) for _ in range(50)]) / 50}


def dense(columns: int) -> dict:
    """The tutorials' step."""
    from zoo.quiet import import_tensorflow

    import_tensorflow()
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(HIDDEN, "relu"), keras.layers.Dense(LATENT), keras.layers.Dense(HIDDEN, "relu")]
    model = keras.Sequential([keras.Input((columns,)), *layers, keras.layers.Dense(columns, "softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", jit_compile=False)
    indices, _ = baskets(columns, BATCH)
    rows = np.zeros((BATCH, columns), np.float32)
    np.put_along_axis(rows, indices, 1 / ITEMS, axis=1)
    model.train_on_batch(rows, rows)
    steps = 20 if columns <= 10_000 else 6
    return {"step": fastest(lambda: [model.train_on_batch(rows, rows) for _ in range(steps)]) / steps}


def measured(kind: str, columns: int) -> dict:
    """One measurement in a process of its own, with its peak memory in GB."""
    script = f"from tests.benchmarks import sparse_input as s; s.report({kind!r}, {columns})"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(kind: str, columns: int) -> None:
    """Prints a measurement as JSON."""
    result = {"sparse": sparse, "dense": dense}[kind](columns)
    print(json.dumps(result | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))


def main() -> dict:
    """The figures."""
    ours = {columns: measured("sparse", columns) for columns in SIZES}
    theirs = {columns: measured("dense", columns) for columns in DENSE_SIZES}
    figures = {}
    for columns, each in ours.items():
        text = f"{each['step'] * 1e3:.1f} ms a step, {each['encode'] * 1e3:.2f} ms to encode, {each['memory']:.1f} GB"
        figures[f"zoo, {columns:,} columns"] = {"measured": text}
    for columns, each in theirs.items():
        figures[f"tutorial, {columns:,} columns"] = {
            "measured": f"{each['step'] * 1e3:.1f} ms a step, {each['memory']:.1f} GB"
        }
    ratio = ours[1_000_000]["step"] / ours[10_000]["step"]
    figures["step at 1,000,000 / at 10,000"] = {"measured": round(ratio, 2), "wanted": "<= 1.5"}
    encoding = ours[1_000_000]["encode"] / ours[10_000]["encode"]
    figures["encoding at 1,000,000 / at 10,000"] = {"measured": round(encoding, 2), "wanted": "about 1"}
    faster = theirs[100_000]["step"] / ours[100_000]["step"]
    figures["times faster than the tutorial at 100,000"] = {"measured": round(faster, 1), "wanted": ">= 40"}
    figures["memory at 1,000,000, GB"] = {"measured": round(ours[1_000_000]["memory"], 2), "wanted": "<= 4"}
    return figures


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
