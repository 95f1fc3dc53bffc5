"""Judged encoders to draw: real metrics on made rows, and a representation that is a matrix."""

import numpy as np
import pytest

from zoo.evaluate.gates import decide
from zoo.evaluate.judge import Judge
from zoo.metrics import ClassSeparation, KnnAccuracy, NeighbourOverlap
from zoo.types import Gate, Splits, Trained

HOSTILE = "</script><img src=x onerror=alert(1)>"


class Matrix:
    """Codes by row number, and reconstructions where there are some."""

    def __init__(self, name, codes, back=None):
        self.name, self._codes = name, codes
        if back is not None:
            self.reconstruct = lambda rows: back[rows]
            self.score = lambda rows: np.asarray(back[rows].reshape(len(rows), -1) ** 2, np.float32).sum(axis=1)

    def encode(self, rows):
        return self._codes[rows]

    def on(self, splits):
        return self


@pytest.fixture(scope="session")
def judged():
    """Makes what a page is drawn of, see `_judged`."""
    return _judged


def _judged(features, labels=None, keys=None, kind=None, codes=4, gates=None):
    """Recipe, report, verdict, evidence and training history of a projection of rows [n, ...] as the encoder."""
    rng = np.random.default_rng(1)
    count = features.shape[0]
    dense = features if isinstance(features, np.ndarray) else features.toarray()
    flat = dense.reshape(count, -1).astype(np.float32)
    rows = np.arange(count)
    splits = Splits(
        features,
        train=rows[: count // 3],
        validation=rows[count // 3 : count // 2],
        test=rows[count // 2 :],
        labels=labels,
        keys=keys,
        kind=kind,
        provenance={"source": "made", "fingerprint": "abc"},
    )
    mean = flat.mean(axis=0)
    directions = np.linalg.svd(flat - mean, full_matrices=False)[2][:codes].T
    projected = ((flat - mean) @ directions).astype(np.float32)
    back = (projected @ directions.T + mean).astype(np.float32).reshape(dense.shape)
    noise = rng.normal(size=projected.shape).astype(np.float32)
    representations = [Matrix("encoder", projected, back), Matrix("raw", flat), Matrix("untrained", noise, back * 0)]
    metrics = {"overlap": NeighbourOverlap(k=5)}
    if labels is not None:
        metrics |= {"knn": KnnAccuracy(), "separation": ClassSeparation()}
    report, evidence = Judge(resamples=60).weigh(representations, metrics, splits)
    verdict = decide(report, gates or {"neighbours": Gate("overlap", beats=["untrained"])}, "encoder", None)
    history = tuple({"loss": 2 / epoch, "val_loss": 3 / epoch, "distortion": 1 / epoch} for epoch in range(1, 6))
    trained = Trained(None, None, history=history, best_epoch=3, seconds=12.0)
    named = {"overlap": {"_target_": "zoo.metrics.NeighbourOverlap"}}
    recipe = {"name": "made", "purpose": "rows to draw", "seed": 0, "metrics": named}
    return recipe, report, verdict, evidence, trained


@pytest.fixture(scope="session")
def clusters():
    """[240, 12] rows in 3 clusters, and their classes."""
    rng = np.random.default_rng(0)
    classes = np.arange(240) % 3
    features = (rng.normal(size=(240, 12)) + 3 * rng.normal(size=(3, 12))[classes]).astype(np.float32)
    return features, np.asarray(["one", "two", "three"], dtype=object)[classes]


@pytest.fixture(scope="session")
def vectors(clusters, judged):
    features, labels = clusters
    keys = np.asarray([f"key {row}" for row in range(240)], dtype=object)
    return judged(features, labels, keys)


@pytest.fixture(scope="session")
def images(judged):
    """[240, 8, 8, 1] digits from scikit-learn."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return judged(digits.images[:240, :, :, None].astype(np.float32), digits.target[:240])


@pytest.fixture(scope="session")
def records(judged):
    """[90, 9] one-hot records of a colour and a size."""
    from scipy.sparse import csr_array

    from zoo.rows.record_rows import RecordRows
    from zoo.types import MISSING, OTHER

    rng = np.random.default_rng(0)
    kind = RecordRows({"colour": (MISSING, OTHER, "red", "green", "blue"), "size": (MISSING, OTHER, "small", "large")})
    dense = np.zeros((90, 9), np.float32)
    dense[np.arange(90), rng.integers(5, size=90)] = 1
    dense[np.arange(90), 5 + rng.integers(4, size=90)] = 1
    return judged(csr_array(dense), kind=kind, codes=3)


@pytest.fixture(scope="session")
def hostile(clusters, judged):
    """Keys, classes and the recipe's name are markup."""
    features, labels = clusters
    keys = np.asarray([f"{HOSTILE} {row} $x_1$ '\"&" for row in range(240)], dtype=object)
    recipe, report, verdict, evidence, trained = judged(features, labels + HOSTILE, keys)
    return {**recipe, "name": HOSTILE, "purpose": f"{{{{ 7 * 7 }}}} {HOSTILE}"}, report, verdict, evidence, trained
