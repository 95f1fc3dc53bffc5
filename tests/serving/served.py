"""Real SavedModels to serve, and real server processes to ask."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent.parent
WIDTH, LATENT = 5, 3
WEIGHTS = np.arange(WIDTH * LATENT, dtype=np.float32).reshape(WIDTH, LATENT) / 10


def export_embed(folder, factor=1.0, warmup=()):
    """x float32 [n, 5] -> embedding [n, 3] = factor * x W, and as int8; put in place whole, as a pusher does."""
    import tensorflow as tf

    class Embed(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = tf.Variable(factor * WEIGHTS)

        @tf.function(input_signature=[tf.TensorSpec([None, WIDTH], tf.float32, "x")])
        def embed(self, x):
            return {"embedding": tf.matmul(x, self.weights)}

        @tf.function(input_signature=[tf.TensorSpec([None, WIDTH], tf.float32, "x")])
        def rounded(self, x):
            return {"embedding": tf.cast(tf.round(10 * tf.matmul(x, self.weights)), tf.int8)}

        @tf.function(input_signature=[tf.TensorSpec([None, WIDTH], tf.float32, "x")])
        def scaled(self, x):
            return {**self.rounded(x), "scale": tf.fill(tf.shape(x)[:1], 0.1)}

    module = Embed()
    signatures = {"serving_default": module.embed, "rounded": module.rounded, "scaled": module.scaled}
    _publish(module, signatures, folder, warmup)


def export_half(folder, add=2.0):
    """TensorFlow Serving's test model, y = x / 2 + add, with a signature of every kind that a request can ask for."""
    import tensorflow as tf

    column = tf.TensorSpec([None, 1], tf.float32, "x")

    def spec(kind, name):
        return tf.TensorSpec([None], kind, name)

    def parsed(examples):
        return tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]

    class Half(tf.Module):
        def __init__(self):
            super().__init__()
            self.slope, self.add = tf.Variable(0.5), tf.Variable(add)

    module = Half()

    def half(x):
        return module.slope * x + module.add

    def traced(function, *specs):
        return tf.function(function, input_signature=list(specs)).get_concrete_function()

    types = [spec(tf.int32, "i"), spec(tf.int64, "l"), spec(tf.float64, "d"), spec(tf.bool, "b"), spec(tf.uint8, "u")]
    signatures = {
        "serving_default": traced(lambda x: {"y": half(x)}, column),
        "two_outputs": traced(lambda x: {"y": half(x), "y2": half(x) + 1}, column),
        "total": traced(lambda x: {"total": tf.reduce_sum(half(x))}, column),
        "add": traced(
            lambda a, b: {"c": a + b},
            tf.TensorSpec([None, 1], tf.float32, "a"),
            tf.TensorSpec([None, 1], tf.float32, "b"),
        ),
        "types": traced(
            lambda i, l, d, b, u: {  # noqa: E741
                name: tf.identity(each) for name, each in zip("ildbu", (i, l, d, b, u), strict=True)
            },
            *types,
        ),
        "echo": traced(lambda s: {"s": tf.identity(s)}, spec(tf.string, "s")),
        "echo_bytes": traced(lambda s: {"s_bytes": tf.identity(s)}, spec(tf.string, "s")),
        "half_io": traced(lambda h: {"h": tf.identity(h)}, spec(tf.float16, "h")),
        "regress_x_to_y": traced(lambda inputs: {"outputs": half(parsed(inputs))}, spec(tf.string, "inputs")),
        "classify_x_to_y": traced(lambda inputs: {"scores": half(parsed(inputs))}, spec(tf.string, "inputs")),
    }
    _publish(module, signatures, folder)


def export_slow(folder):
    """rounds float32 [] -> [1]; takes about a second for each round."""
    import tensorflow as tf

    class Slow(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32, "rounds")])
        def wait(self, rounds):
            begun, now = tf.timestamp(), tf.timestamp()
            while now < begun + tf.cast(rounds, tf.float64):
                now = tf.timestamp()
            return {"waited": tf.reshape(now - begun, [1])}

    module = Slow()
    _publish(module, {"serving_default": module.wait}, folder)


def _publish(module, signatures, folder, warmup=()):
    import tensorflow as tf

    staged = folder.parent / f".{folder.name}"
    tf.saved_model.save(module, str(staged), signatures=signatures)
    if warmup:
        extra = staged / "assets.extra"
        extra.mkdir()
        with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
            for record in warmup:
                writer.write(record)
    staged.rename(folder)


class ServerProcess:
    """`python -m serving` in a process of its own, on free ports."""

    def __init__(self, *flags, log=None):
        command = [sys.executable, "-m", "serving", "--port", "0", "--rest_api_port", "0", *map(str, flags)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.errors = []
        self._reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        if not line.startswith("REST on "):
            self.process.wait(30)
            raise RuntimeError(f"the server did not start: {''.join(self.errors)[-3000:]}")
        self.rest, self.grpc = re.fullmatch(r"REST on (\S+), gRPC on (\S+)\n", line).groups()

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)
