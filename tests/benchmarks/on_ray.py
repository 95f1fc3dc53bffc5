"""A sweep one by one, by joblib and on Ray; a table by `zoo.encode` and by Ray Data: seconds and processor time.

Each is a process, with all that it starts, from its start to its end. Processor time is that of the process and of all
that descend from it, as last seen in looks half a second apart. Ray is started on this machine; without it
(`pip install 'encoder-zoo[ray]'`) nothing is measured on it.
"""

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

ROWS, WIDTH, CODE = 200_000, 768, 128
LOOKS = 0.5  # seconds apart
SWEEP = [
    *("recipe=dense_vectors", "data.path=rows.npy", "--multirun", "model.latent_dim=4,8,16"),
    *("train.epochs=12", "judge.resamples=50", "page=null", "export.keep=false"),
]
LAUNCHERS = {"one by one": [], "joblib": ["--jobs", "2"], "ray": ["--jobs", "2", "--launcher", "ray"]}
RAY_DATA = """
import sys
import ray
from zoo.ray import Encode

ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
ray.data.DataContext.get_current().enable_progress_bars = False
how = dict(batch_format="pyarrow", batch_size=8192, concurrency=1)
dataset = ray.data.read_parquet(sys.argv[2]).map_batches(Encode, fn_constructor_args=(sys.argv[1],), **how)
dataset.write_parquet(sys.argv[3])
ray.shutdown()
"""


def measured(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Seconds, seconds of processor time and what was printed."""
    seen: dict[int, float] = {}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)])}
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([sys.executable, *command], cwd=folder, env=environment, stdout=log, stderr=log)
        top = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                for each in [top, *top.children(recursive=True)]:
                    seen[each.pid] = sum(each.cpu_times()[:2])
            time.sleep(LOOKS)
        log.seek(0)
        return time.perf_counter() - started, sum(seen.values()), log.read()


def sweeps(folder: Path, names: list[str]) -> dict:
    """Figures of the sweeps; each must choose the same candidate by the same score."""
    random, figures, choices = np.random.default_rng(0), {}, {}
    rows = random.normal(size=(40_000, 12)) @ random.normal(size=(12, 64)) + 0.3 * random.normal(size=(40_000, 64))
    np.save(folder / "rows.npy", rows.astype(np.float32))
    for name in names:
        command = ["-m", "zoo.run", *SWEEP, f"name=by_{name.replace(' ', '_')}", *LAUNCHERS[name]]
        seconds, processor, said = measured(command, folder)
        choices[name] = (
            re.findall(r"^chosen by .*?;", said, flags=re.MULTILINE),
            re.findall(r"^  (model\S+ +\S+)", said, flags=re.MULTILINE)[:3],
        )
        figures[f"sweep of 3, {name}: seconds, of processor"] = {"measured": [round(seconds), round(processor)]}
    same = all(each == choices["one by one"] for each in choices.values())
    figures["the same choice and scores"] = {"measured": [same, *choices["one by one"]], "wanted": "True"}
    return figures


def tables(folder: Path, names: list[str]) -> dict:
    """Figures of encoding a table; each id must have the same codes. Ray's files are in no order, see docs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from zoo.export._signatures import write_saved_model
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    model = DenseAutoencoder(CODE, [256])
    model.build((None, WIDTH))
    write_saved_model(folder / "enc" / "saved_model", model, DenseRows("vector", (WIDTH,)))
    rows = np.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype(np.float32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), WIDTH)
    pq.write_table(pa.table({"id": np.arange(ROWS), "v": vectors}), folder / "rows.parquet", row_group_size=8192)
    (folder / "ray_data.py").write_text(RAY_DATA)
    encoder, source = folder / "enc" / "saved_model", folder / "rows.parquet"
    commands = {
        "zoo.encode": ["-m", "zoo.encode", str(encoder), f"input={source}", f"output={folder}/zoo.encode/"],
        "Ray Data": ["ray_data.py", str(encoder), str(source), str(folder / "Ray Data")],
    }
    figures, coded = {}, {}
    for name in names:
        seconds, processor, said = measured(commands[name], folder)
        found = pq.read_table([path for path in sorted((folder / name).glob("*.parquet")) if path.stat().st_size])
        if found.num_rows != ROWS:
            raise RuntimeError(f"{name} has encoded {found.num_rows} rows: {said[-2000:]}")
        in_order = found.take(np.argsort(found["id"].to_numpy()))
        coded[name] = (in_order["id"].to_numpy(), np.stack(in_order["embedding"].to_numpy(zero_copy_only=False)))
        told = re.findall(r"([\d,]+) rows a second", said)
        figures[f"{name}: rows/s with start; seconds, of processor; its own rows/s"] = {
            "measured": [round(ROWS / seconds), round(seconds, 1), round(processor, 1), *told]
        }
    numbers, codes = np.arange(ROWS), coded["zoo.encode"][1]
    same = [np.array_equal(ids, numbers) and np.allclose(each, codes, atol=1e-5) for ids, each in coded.values()]
    figures["all ids, with the same codes"] = {"measured": all(same), "wanted": "True"}
    return figures


def main() -> dict:
    """The figures."""
    on_ray = importlib.util.find_spec("ray") is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = tables(folder, ["zoo.encode", "Ray Data"] if on_ray else ["zoo.encode"])
        return figures | sweeps(folder, [each for each in LAUNCHERS if on_ray or each != "ray"])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
