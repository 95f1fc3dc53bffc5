"""The zoo's training against the loop of the tutorials: the same network, data and validation loss, in one run.

The tutorial's loop is Keras `fit` on an array with batches of 32 and Adam's defaults. Both train the network of
`dense_word2vec` on all training rows alike; what is compared is the time until the validation loss is as low as the
tutorial's after 10 epochs. Compiling and adapting count for both.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from zoo.quiet import import_tensorflow
from zoo.recipe import compose

import_tensorflow()
import keras  # noqa: E402  TensorFlow first, quietly

EPOCHS = 10
OVERRIDES = ["data.rank_power=0", "~model.terms"]


class Clock(keras.callbacks.Callback):
    """Seconds and validation loss after each epoch."""

    def __init__(self, started):
        super().__init__()
        self.started, self.points = started, []

    def on_epoch_end(self, epoch, logs=None):
        """Notes them."""
        self.points.append((time.perf_counter() - self.started, float(logs["val_loss"])))

    def epoch_ends(self, epoch, logs):
        """As a `zoo.types.Listener`."""
        self.on_epoch_end(epoch, logs)

    def train_begins(self, epochs, first_epoch, steps):
        """As a `zoo.types.Listener`."""

    def steps_done(self, epoch, steps, logs):
        """As a `zoo.types.Listener`."""

    def train_ends(self):
        """As a `zoo.types.Listener`."""


def tutorial(recipe, splits):
    """Points of the tutorial's loop."""
    keras.utils.set_random_seed(0)
    rows, validation = splits.features[splits.train], splits.features[splits.validation]
    clock = Clock(time.perf_counter())
    model = recipe.build("model")
    model.build((None, splits.width))
    model.adapt(lambda: splits.weighted_batches(splits.train))
    model.compile(optimizer="adam")
    model.fit(rows, epochs=EPOCHS, validation_data=(validation, None), callbacks=[clock], verbose=0)
    return clock.points


def ours(recipe, splits):
    """Points of the zoo's trainer, with the recipe's settings."""
    keras.utils.set_random_seed(0)
    clock = Clock(time.perf_counter())
    with tempfile.TemporaryDirectory() as folder:
        recipe.build("train").fit(
            recipe.build("model"), splits, seed=0, state=Path(folder) / "state.npz", listeners=[clock]
        )
    return clock.points


def main() -> dict:
    """The figures."""
    recipe = compose("dense_word2vec", OVERRIDES)
    splits = recipe.build("data").load()
    theirs, own = tutorial(recipe, splits), ours(recipe, splits)
    seconds, loss = theirs[-1]
    reached = next((at for at, value in own if value <= loss), None)
    return {
        f"tutorial loop, {EPOCHS} epochs": {"measured": f"{seconds:.1f} s, validation loss {loss:.4f}"},
        "zoo, whole training": {"measured": f"{own[-1][0]:.1f} s, validation loss {own[-1][1]:.4f}"},
        "zoo, seconds to the tutorial's loss": {"measured": None if reached is None else round(reached, 1)},
        "share of the tutorial's time": {
            "measured": None if reached is None else round(reached / seconds, 3),
            "wanted": "<= 1/6 = 0.167",
        },
        "tutorial, rows/s": {"measured": _rate(theirs, splits)},
        "zoo, rows/s": {"measured": _rate(own, splits)},
    }


def _rate(points, splits):
    """Rows a second after the first epoch, which compiles; validation included."""
    return round(len(splits.train) * (len(points) - 1) / (points[-1][0] - points[0][0]))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
