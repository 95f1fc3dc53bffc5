"""How long, and in how much memory, a judge takes over 60,000 held-out rows: python -m tests.benchmarks judging."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from zoo.evaluate.judge import Judge
from zoo.metrics import (
    ClassSeparation,
    ClusterAgreement,
    KnnAccuracy,
    LinearProbe,
    NeighbourOverlap,
    ReconstructionR2,
    RetrievalPrecision,
    Trustworthiness,
)
from zoo.representations import PCA, RandomProjection, Raw
from zoo.types import Splits, Trained

TRAIN, TEST, WIDTH, CODE = 60_000, 60_000, 128, 32


class Width:
    """What baselines look at of a trained model."""

    latent_dim = CODE


def table():
    """Rows of ten classes, the half of them held out."""
    random = np.random.default_rng(0)
    labels = random.integers(10, size=TRAIN + TEST)
    centres = random.normal(size=(10, WIDTH))
    rows = (centres[labels] + 2 * random.normal(size=(len(labels), WIDTH))).astype(np.float32)
    order = np.arange(len(labels))
    return Splits(rows, train=order[::2], validation=order[:0], test=order[1::2], labels=labels)


def main(path):
    """Judges and writes the figures."""
    splits = table()
    trained = Trained(Width(), None, history=(), best_epoch=-1, seconds=0.0)
    opponents = {"pca": PCA(), "whitened": PCA(whiten=0.5), "random": RandomProjection(), "raw": Raw()}
    everyone = [baseline.fit(name, splits, trained) for name, baseline in opponents.items()]
    metrics = {
        "knn": KnnAccuracy(queries=TEST),
        "probe": LinearProbe(queries=TEST),
        "separation": ClassSeparation(rows=TEST),
        "retrieval": RetrievalPrecision(),
        "ami": ClusterAgreement(),
        "overlap": NeighbourOverlap(),
        "trustworthiness": Trustworthiness(),
        "r2": ReconstructionR2(rows=TEST),
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.perf_counter(), time.process_time()
    report = Judge().report(everyone, metrics, splits)
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    codes = sum((TRAIN + TEST) * report.dimensions[each.name] * 4 for each in everyone) / 2**30
    figures = {
        "60,000 held-out rows, 4 representations, 8 metrics": {
            "measured": f"{seconds:.0f} s ({work:.0f} s of processor time)",
            "wanted": "60 s on 2 quiet cores",
        },
        "memory beyond the table": {"measured": f"{more:.2f} GB, codes {codes:.2f} GB of it", "wanted": "2 GB"},
    }
    Path(path).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
