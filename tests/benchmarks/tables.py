"""Eight public tables: what a downstream model makes of the table recipe's codes, of PCA's and of all columns.

Tables as people have them: names in words, gaps, quantities and categories to be told. Each is read, split, scaled and
trained by the recipe as it is; models of scikit-learn with default settings are fitted to codes of the training and
validation rows and asked for the test rows. `scikit-learn` is what one writes by hand: medians for gaps,
StandardScaler, OneHotEncoder, PCA. About 8 minutes on 2 cores: `python -m tests.benchmarks tables`.
"""

import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from zoo import representations
from zoo.encoder import Encoder
from zoo.keras_settings import zoo_settings
from zoo.metrics import CellCompletion, NeighbourOverlap
from zoo.recipe import compose
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.model import built_model

DATA = Path(os.environ.get("ZOO_DATA", "../shared/data"))
GAPS = 0.1


def of_scikit_learn(name, label, **options):
    """A table of scikit-learn's, its classes by name."""
    found = getattr(datasets, f"load_{name}")(as_frame=True, **options)
    named = hasattr(found, "target_names") and name != "digits"
    return found.data.assign(**{label: np.asarray(found.target_names)[found.target] if named else found.target}), label


def with_gaps():
    """Breast cancer, each cell empty with probability 0.1."""
    frame, label = of_scikit_learn("breast_cancer", "diagnosis")
    cells = frame.drop(columns=label)
    return cells.mask(np.random.default_rng(0).random(cells.shape) < GAPS).assign(**{label: frame[label]}), label


def with_sex():
    """Diabetes in its own units, sex in letters; the label is the third of the progression."""
    frame, label = of_scikit_learn("diabetes", "progression", scaled=False)
    return frame.assign(sex=np.where(frame["sex"] == 1, "f", "m")), label


def of_adbench(file):
    """A table of ADBench's, whose label is whether the row is an outlier."""
    with np.load(DATA / "adbench" / f"{file}.npz") as found:
        return pd.DataFrame(found["X"]).add_prefix("x").assign(outlier=found["y"].astype(int)), "outlier"


TABLES = {
    "iris": lambda: of_scikit_learn("iris", "species"),
    "wine": lambda: of_scikit_learn("wine", "cultivar"),
    "breast cancer, 10% gaps": with_gaps,
    "diabetes": with_sex,
    "digits": lambda: of_scikit_learn("digits", "digit"),
    "mushrooms": lambda: (pd.read_csv(DATA / "onehot" / "mushroom.csv"), "class"),
    "cardiotocography": lambda: of_adbench("6_cardio"),
    "satellite": lambda: of_adbench("30_satellite"),
}


def by_hand(frame, label, known, asked, size):
    """Codes of rows as a pipeline of scikit-learn makes them: (of the known rows, of the asked ones)."""
    cells = frame.drop(columns=label)
    numbers, texts = (make_column_selector(**{f"dtype_{what}": np.number}) for what in ("include", "exclude"))
    scaled = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
    )
    pipeline = make_pipeline(scaled, PCA(size)).fit(cells.iloc[known])
    return pipeline.transform(cells.iloc[known]), pipeline.transform(cells.iloc[asked])


def downstream(known, classes, asked, truth):
    """Accuracy of logistic regression and of neighbours, area under the ROC curve of gradient boosting."""
    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "neighbours": KNeighborsClassifier(),
        "boosting": HistGradientBoostingClassifier(random_state=0),
    }
    found = {}
    with warnings.catch_warnings(), threadpool_limits(1):  # two threads on two busy cores take several times as long
        warnings.simplefilter("ignore")
        for name, model in models.items():
            model.fit(known, classes)
            if name != "boosting":
                found[name] = float(model.score(asked, truth))
                continue
            chances = model.predict_proba(asked)
            chances = chances[:, 1] if chances.shape[1] == 2 else chances
            found[name] = float(roc_auc_score(truth, chances, multi_class="ovr"))
    return found


def without_labels(representation, splits):
    """Overlap of neighbours with those among all columns, and completion of emptied cells."""
    metrics = {"overlap": NeighbourOverlap(distance="euclidean"), "completion": CellCompletion()}
    found = {}
    for name, metric in metrics.items():
        values = metric.values(representation, splits)
        found[name] = float(metric.statistic(values, np.ones((1, len(values))))[0])
    return found


def trained(path, label, overrides):
    """The table of a CSV and the recipe's encoder of it, and how many seconds that took."""
    begun = time.perf_counter()
    recipe = compose("table", [f"data.path={path}", f"data.label_column={label}", *overrides])
    splits = recipe.build("data").load()
    with zoo_settings(), tempfile.TemporaryDirectory() as folder:
        model = built_model(recipe, splits, lambda _: None)
        fitted = recipe.build("train").fit(model, splits, seed=recipe.seed, state=Path(folder) / "state")
    return splits, fitted, time.perf_counter() - begun


def measured(name, overrides):
    """Representation -> its figures."""
    frame, label = TABLES[name]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        frame.to_csv(path, index=False)
        splits, fitted, seconds = trained(path, label, overrides)
    size = fitted.model.latent_dim
    known, asked = np.concatenate([splits.train, splits.validation]), splits.test
    classes = splits.labels.astype(str)
    encoder = EncodedTable(Encoder.from_model("encoder", fitted.model, kind=splits.kind), splits)
    others = {"raw": representations.Raw(), "pca": representations.PCA()}
    codes = {"encoder": encoder} | {other: each.fit(other, splits, fitted) for other, each in others.items()}
    found = {
        each: downstream(code.encode(known), classes[known], code.encode(asked), classes[asked])
        | without_labels(code, splits)
        for each, code in codes.items()
    }
    own = by_hand(frame, label, known, asked, min(size, frame.shape[1] - 1))
    found["scikit-learn"] = downstream(own[0], classes[known], own[1], classes[asked])
    return {"rows": [len(known), len(asked)], "width": splits.width, "code": size, "seconds": seconds, "of": found}


def main(path, overrides):
    """Writes the figures and prints each table's as they come."""
    results = {}
    only = [override for override in overrides if override in TABLES]
    overrides = [override for override in overrides if override not in TABLES]
    for name in only or TABLES:
        told = measured(name, overrides)
        print(f"{name}: {told['rows'][0]} + {told['rows'][1]} rows, {told['width']} numbers, code of {told['code']}, "
              f"{told['seconds']:.0f} s")  # fmt: skip
        for each, figures in told["of"].items():
            said = "  ".join(f"{figure} {value:.3f}" for figure, value in figures.items())
            print(f"  {each:13s} {said}", flush=True)
            for figure, value in figures.items():
                results[f"{name}: {figure} of {each}"] = {"measured": round(value, 3)}
        results[f"{name}: seconds"] = {"measured": round(told["seconds"], 1), "wanted": "below 180"}
    Path(path).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
