"""Training from a table that is streamed, beside the same table in memory: peak memory by the number of rows, rates.

Folders of Parquet files with vectors of 64 float32 numbers, in row groups of 20,000 rows, are trained on by the network
of `dense_vectors`. Each job is a process of its own and takes in all that a run does before it judges: the pass over
the table, the samples, adapting, and two epochs. Memory is that of the process at its peak, less what it was once
TensorFlow had been imported. The machine may be busy: both ways take turns, and of several rounds the best second epoch
counts on both sides. Sizes, in millions of rows, may be given behind the path of the result. With `--mixed` before it,
tables of four numbers, two categories, a date and gaps are trained on by the network of recipe `table` instead.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

WIDTH, BATCH, GROUP, CHUNK = 64, 512, 20_000, 100_000
SIZES = (0.2, 1.0, 5.0)  # millions of rows
IN_MEMORY = 1.0  # millions of rows up to which memory is measured as well
STEPS = 1500  # batches an epoch at the most
ROUNDS = 2


def save_rows(folder: Path, millions: float) -> Path:
    """A folder of files of a hundred thousand random rows, which are never held together."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = folder / f"rows_{millions:g}"
    place.mkdir()
    mixed = np.random.default_rng(0).standard_normal((16, WIDTH)).astype(np.float32)
    for number in range(round(millions * 1_000_000 / CHUNK)):
        random = np.random.default_rng([1, number])
        rows = random.standard_normal((CHUNK, 16), np.float32) @ mixed
        rows += 0.3 * random.standard_normal((CHUNK, WIDTH), np.float32)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), WIDTH)
        pq.write_table(pa.table({"vector": flat}), place / f"{number:05}.parquet", row_group_size=GROUP)
    return place


def save_mixed(folder: Path, millions: float) -> Path:
    """The same of customers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = folder / f"mixed_{millions:g}"
    place.mkdir()
    for number in range(round(millions * 1_000_000 / CHUNK)):
        random = np.random.default_rng([2, number])
        kind = random.integers(4, size=CHUNK)
        columns = {
            "age": pa.array((40 + 8 * kind + random.normal(0, 9, CHUNK)).round(1), mask=random.random(CHUNK) < 0.1),
            "income": random.lognormal(9 + kind / 3, 0.7).round(2),
            "visits": random.poisson(3 + kind),
            "balance": random.normal(kind, 1, CHUNK).round(3),
            "city": np.asarray([f"city {place}" for place in (kind * 7 + random.integers(12, size=CHUNK)) % 40]),
            "plan": np.asarray(list("abcd"))[(kind + (random.random(CHUNK) < 0.2)) % 4],
            "since": (np.datetime64("2020-01-01") + random.integers(0, 1500, CHUNK)).astype("datetime64[D]"),
        }
        pq.write_table(pa.table(columns), place / f"{number:05}.parquet", row_group_size=GROUP)
    return place


class Clock:
    """A listener that notes when epochs end."""

    def __init__(self):
        self.ends, self.steps = [time.perf_counter()], 0

    def train_begins(self, epochs, first_epoch, steps):
        """Notes the steps of an epoch."""
        self.steps = steps

    def steps_done(self, epoch, steps, logs):
        """As a `zoo.types.Listener`."""

    def epoch_ends(self, epoch, logs):
        """Notes the time."""
        self.ends.append(time.perf_counter())

    def train_ends(self):
        """As a `zoo.types.Listener`."""


def job(place: str, stream: bool) -> dict:
    """Trains in this process."""
    from zoo.data import MixedTable, Vectors
    from zoo.quiet import import_tensorflow

    import_tensorflow()
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.preprocessing import Standardise
    from zoo.train.trainer import Trainer

    before, started = peak(), time.perf_counter()
    mixed = Path(place).name.startswith("mixed")
    splits = (MixedTable if mixed else Vectors)(place, stream=stream).load()
    read = time.perf_counter() - started
    adapted = {} if mixed else {"preprocess": {"standardise": Standardise()}}
    model = DenseAutoencoder(8, [128], activation="gelu", skip=True, **adapted)
    steps, clock = min(splits.training_rows // BATCH, STEPS), Clock()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(2, batch_size=BATCH, steps_per_epoch=steps)
        trainer.fit(model, splits, seed=0, state=Path(scratch) / "state.npz", listeners=[clock])
    rate = clock.steps * BATCH / (clock.ends[-1] - clock.ends[-2])
    return {"read_seconds": read, "rows_a_second": rate, "mib": peak() - before, "steps": clock.steps}


def peak() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(place: Path, stream: bool) -> dict:
    """A job in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.streaming", "--job", str(place), str(int(stream))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def best(results: list[dict]) -> dict:
    """The fastest epoch and the largest memory of several rounds."""
    rate, mib = (max(each[name] for each in results) for name in ("rows_a_second", "mib"))
    return {"rows_a_second": rate, "mib": mib, "read_seconds": min(each["read_seconds"] for each in results)}


def main(path: str, sizes: list[float], save: Callable[[Path, float], Path] = save_rows) -> None:
    """Measures and writes the figures."""
    figures = {}
    for millions in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            place, ways = save(Path(scratch), millions), [True] + [False] * (millions <= IN_MEMORY)
            rounds = [[measured(place, stream) for stream in ways] for _ in range(ROUNDS)]
        for stream, results in zip(ways, zip(*rounds, strict=True), strict=True):
            found = best(list(results))
            said = (
                f"{found['mib']:,.0f} MiB, {found['rows_a_second']:,.0f} rows/s, read in {found['read_seconds']:.1f} s"
            )
            figures[f"{millions:g} million rows, {'streamed' if stream else 'in memory'}"] = {"measured": said}
            print(millions, stream, said, flush=True)
    Path(path).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    if sys.argv[1] == "--job":
        print(json.dumps(job(sys.argv[2], sys.argv[3] == "1")))
    elif sys.argv[1] == "--mixed":
        main(sys.argv[2], [float(each) for each in sys.argv[3:]] or list(SIZES), save_mixed)
    else:
        main(sys.argv[1], [float(each) for each in sys.argv[2:]] or list(SIZES))
