"""Matching: seconds for 100,000 records against 100,000, and peak memory by the number of rows.

The records are made up: nine fields as in FEBRL, of which some are mistyped and some empty in the second table. The
encoder is untrained: speed does not depend on its weights. Seconds are those that the job says at its end, without the
start of Python; rates of the stages are in its output.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS, MANY = 100_000, 1_000_000
LETTERS = np.asarray(list("abcdefghijklmnopqrstuvwxyz"))
FIELDS = {"given_name": 5_000, "surname": 20_000, "address": 200_000, "suburb": 3_000, "postcode": 2_500, "state": 8}
OWN = ("street_number", "date_of_birth", "soc_sec_id")
WRONG, EMPTY = 0.1, 0.05  # shares of cells


def words(rng, count: int, length: int) -> np.ndarray:
    """Words that look like nothing in particular."""
    letters = rng.choice(LETTERS, (count, length))
    return np.asarray(["".join(row) for row in letters.tolist()], dtype=object)


def table(rng, rows: int) -> dict:
    """Columns [rows] of texts."""
    found = {}
    for name, different in FIELDS.items():
        vocabulary = words(rng, different, 14 if name == "address" else 7)
        found[name] = vocabulary[(different * rng.random(rows) ** 2).astype(int)]
    found["street_number"] = rng.integers(1, 400, rows).astype(str).astype(object)
    dates = np.datetime64("1930-01-01") + rng.integers(0, 27_000, rows)
    found["date_of_birth"] = dates.astype(str).astype(object)
    found["soc_sec_id"] = rng.integers(1_000_000, 9_999_999, rows).astype(str).astype(object)
    return found


def mistyped(rng, column: np.ndarray) -> np.ndarray:
    """The same cells, some with another letter and some empty."""
    changed = column.copy()
    for row in np.flatnonzero(rng.random(len(column)) < WRONG).tolist():
        place = rng.integers(len(column[row]))
        changed[row] = column[row][:place] + "x" + column[row][place + 1 :]
    changed[rng.random(len(column)) < EMPTY] = None
    return changed


def save_tables(folder: Path, rows: int) -> tuple[Path, Path, Path]:
    """Two Parquet files, where half of the second's rows are of the first's persons; and one with each person twice."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    first, strangers = table(rng, rows), table(rng, rows - rows // 2)
    order = rng.permutation(rows)
    halves = {name: (mistyped(rng, cells[: rows // 2]), strangers[name]) for name, cells in first.items()}
    second = {name: np.concatenate(both)[order] for name, both in halves.items()}
    twice = {name: np.concatenate([cells[: rows // 2], halves[name][0]]) for name, cells in first.items()}
    paths = folder / f"a{rows}.parquet", folder / f"b{rows}.parquet", folder / f"twice{rows}.parquet"
    for path, columns in zip(paths, (first, second, twice), strict=True):
        pq.write_table(pa.table({name: pa.array(cells.tolist(), pa.string()) for name, cells in columns.items()}), path)
    return paths


def save_encoder(folder: Path) -> Path:
    """An exported encoder of records to 64 numbers."""
    from zoo.bottlenecks.linear import Linear
    from zoo.export._signatures import write_saved_model
    from zoo.likelihoods.multinomial import Multinomial
    from zoo.models.autoencoder import Autoencoder
    from zoo.networks.embedding_bag import EmbeddingBag
    from zoo.networks.mlp import MLP
    from zoo.rows.record_rows import RecordRows

    columns = table(np.random.default_rng(0), 20_000)
    kind = RecordRows({name: ("", "?", *sorted(set(cells.tolist()))) for name, cells in columns.items()})
    model = Autoencoder(EmbeddingBag(256, combiner="sqrtn"), Linear(64), MLP([4]), Multinomial())
    model.build((None, kind.width))
    write_saved_model(folder / "saved_model", model, kind)
    return folder / "saved_model"


def job(encoder: Path, *given: str) -> tuple[float, float, str]:
    """Seconds, peak GB and output of a command in a process of its own."""
    command = [sys.executable, "-m", *given[:1], f"name={encoder}", *given[1:], "overwrite=true"]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {text}")
    seconds = re.search(r"\(([\d,]+) seconds\)", text)[1]
    return float(seconds.replace(",", "")), usage.ru_maxrss / 2**20, text


def main(rows: int = ROWS, many: int = MANY) -> dict:
    """The figures."""
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoder = save_encoder(folder)
        a, b, twice = save_tables(folder, rows)
        seconds, small, _ = job(encoder, "zoo.match", f"a={a}", f"b={b}", f"output={folder / 'pairs.parquet'}")
        figures[f"{rows:,} against {rows:,}: seconds"] = {"measured": seconds, "wanted": "<= 90"}
        seconds, small, _ = job(encoder, "zoo.deduplicate", f"input={twice}", f"output={folder / 'entities.parquet'}")
        figures[f"{rows:,} rows deduplicated: seconds, peak GB"] = {"measured": [seconds, round(small, 2)]}
        if many:
            *_, twice = save_tables(folder, many)
            given = f"input={twice}", f"output={folder / 'entities.parquet'}"
            seconds, large, _ = job(encoder, "zoo.deduplicate", *given)
            figures[f"{many:,} rows deduplicated: seconds, peak GB"] = {"measured": [seconds, round(large, 2)]}
            wanted = f"<= {many // rows}"
            figures[f"memory for {many:,} / for {rows:,} rows"] = {
                "measured": round(large / small, 2),
                "wanted": wanted,
            }
    return figures


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
