"""Bulk encoding: rows a second beside the encoder in its own process, and peak memory by the number of rows.

The encoder has the layers of `dense_word2vec` (50 -> 128 -> 64 -> 25), with weights as they are drawn: speed does not
depend on them. The machine may be busy: jobs and the encoder alone take turns, and the best of several rounds counts,
on both sides. Rates leave the start of Python and the loading of the encoder out; they take in reading, encoding,
keeping parts, and writing the output.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WIDTH, MILLION, CHUNK = 50, 1_000_000, 100_000
ROUNDS = 5
FORMATS = ("npy", "parquet")


def save_encoder(folder: Path) -> Path:
    """An exported encoder."""
    from zoo.quiet import import_tensorflow

    import_tensorflow().keras.utils.set_random_seed(0)
    from zoo.export._signatures import write_saved_model
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    model = DenseAutoencoder(25, [128, 64], activation="gelu", skip=True)
    model.build((None, WIDTH))
    write_saved_model(folder / "saved_model", model, DenseRows("vector", (WIDTH,)))
    return folder / "saved_model"


def save_rows(path: Path, count: int) -> Path:
    """Random rows, without ever holding them all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    blocks = (random.normal(size=(CHUNK, WIDTH)).astype(np.float32) for _ in range(count // CHUNK))
    if path.suffix == ".npy":
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (count, WIDTH)}
            np.lib.format.write_array_header_1_0(file, header)
            for block in blocks:
                file.write(block.data)
        return path
    vector = pa.list_(pa.float32(), WIDTH)
    with pq.ParquetWriter(path, pa.schema([("id", pa.int64()), ("vector", vector)])) as writer:
        for number, block in enumerate(blocks):
            ids = np.arange(number * CHUNK, (number + 1) * CHUNK)
            flat = pa.FixedSizeListArray.from_arrays(pa.array(block.reshape(-1)), type=vector)
            writer.write_table(pa.table([pa.array(ids), flat], schema=writer.schema))
    return path


def rates(encoder: Path, folder: Path) -> dict:
    """Rows a second on a million rows, of the encoder alone and of the jobs."""
    import zoo

    loaded = zoo.load(encoder)
    files = {kind: save_rows(folder / f"rows.{kind}", MILLION) for kind in FORMATS}
    rows = np.load(files["npy"])
    loaded.encode(rows[:CHUNK])
    best = dict.fromkeys(["alone", *FORMATS], 0.0)
    for _ in range(ROUNDS):
        started = time.perf_counter()
        loaded.encode(rows)
        best["alone"] = max(best["alone"], MILLION / (time.perf_counter() - started))
        for kind in FORMATS:
            best[kind] = max(best[kind], rate_of_job(encoder, files[kind]))
    return best


def rate_of_job(encoder: Path, source: Path) -> float:
    """Rows a second, as the job says at its end."""
    import zoo

    output = source.with_name("out.parquet")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        zoo.encode(encoder, source, output)
    output.unlink()
    return float(re.search(r"([\d,]+) rows a second", said.getvalue())[1].replace(",", ""))


def peak(encoder: Path, source: Path) -> tuple[float, float]:
    """Peak GB and seconds of a job in a process of its own."""
    output = source.with_name("peak.parquet")
    command = [sys.executable, "-m", "zoo.encode", f"name={encoder}", f"input={source}", f"output={output}"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    output.unlink()
    return usage.ru_maxrss / 2**20, time.perf_counter() - started


def main() -> dict:
    """The figures."""
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoder = save_encoder(folder)
        measured = rates(encoder, folder)
        figures["encoder alone, rows/s"] = {"measured": round(measured["alone"])}
        for kind in FORMATS:
            figures[f"{kind} -> parquet, rows/s"] = {"measured": round(measured[kind])}
            share = measured[kind] / measured["alone"]
            figures[f"{kind} -> parquet / encoder alone"] = {"measured": round(share, 2), "wanted": ">= 0.5"}
        for kind in FORMATS:
            memory = {}
            for count in (MILLION, 10 * MILLION):
                source = save_rows(folder / f"rows.{kind}", count)
                memory[count], taken = peak(encoder, source)
                source.unlink()
                figures[f"{kind}, {count:,} rows: peak GB, seconds with start"] = {
                    "measured": [round(memory[count], 2), round(taken, 1)]
                }
            ratio = memory[10 * MILLION] / memory[MILLION]
            figures[f"{kind}: memory for ten million / for one"] = {"measured": round(ratio, 2), "wanted": "about 1"}
    return figures


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
