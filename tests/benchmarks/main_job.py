"""The main job as a user runs it: time, memory, and the quality figures of its header, over several seeds."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

SEEDS = (0, 1, 2)
QUALITY = {"wordsim353": 0.59, "simlex999": 0.24, "overlap_at_10": 0.52, "active_units": 25}


def run(folder: str, seed: int) -> tuple[float, float, dict]:
    """Seconds, peak GB of the whole process tree, and the tracked report of one run."""
    command = [sys.executable, "-m", "zoo.run", "recipe=vae_word2vec", f"seed={seed}"]
    started, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 3):
        raise RuntimeError(process.stdout.read())
    newest = max(Path(folder).glob("mlruns/artifacts/*/artifacts/report.json"), key=lambda path: path.stat().st_mtime)
    return seconds, peak / 2**30, json.loads(newest.read_text()) | {"status": process.returncode}


def _resident(pid: int) -> int:
    """Bytes that a process and its children hold in memory now."""
    try:
        parent = psutil.Process(pid)
        tree = [parent, *parent.children(recursive=True)]
        return sum(each.memory_info().rss for each in tree)
    except psutil.NoSuchProcess:  # one of them has just ended
        return 0


def main() -> dict:
    """The figures."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [run(folder, seed) for seed in SEEDS]
    figures = {
        "seconds from start to end": {"measured": [round(seconds, 1) for seconds, _, _ in runs], "wanted": "<= 90"},
        "peak memory, GB": {"measured": [round(memory, 2) for _, memory, _ in runs], "wanted": "<= 2.5"},
        "exit status": {"measured": [report["status"] for _, _, report in runs], "wanted": 0},
    }
    for metric, wanted in QUALITY.items():
        values = [report["scores"]["encoder"][metric]["value"] for _, _, report in runs]
        figures[f"{metric}, seeds {SEEDS}"] = {
            "measured": [round(value, 3) for value in values],
            "mean": statistics.fmean(values),
            "wanted": f">= {wanted}",
        }
    for baseline in ("raw", "pca", "pca_cleaned", "pca_weighted", "untrained"):
        scores = runs[0][2]["scores"][baseline]
        shown = {metric: round(scores[metric]["value"], 3) for metric in QUALITY if scores[metric]}
        figures[f"{baseline}, seed {SEEDS[0]}"] = {"measured": shown}
    return figures


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
