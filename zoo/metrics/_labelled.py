"""Which rows have a label, and answering questions about the labels of some from those of others."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._vectors import is_finite, vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, Representation, Rows, Splits

    # codes of the references, their classes, codes of the queries -> classes of the queries
    Classify = Callable[[Matrix, Rows, Matrix], Rows]

FOLDS = 5  # of the cross-validation where a table has no rows for judging alone


def class_numbers(splits: Splits) -> Rows | None:
    """Classes [rows] from 0, in the order of the labels; -1 for a row without one. None for a table without labels."""
    if splits.labels is None:
        return None
    labels = np.asarray(splits.labels)
    if labels.dtype.kind in "OSU":
        labels = labels.astype(str)
        known = (labels != "") & (labels != "-1")
    else:
        known = labels != -1
    numbers = np.full(len(labels), -1, np.int64)
    numbers[known] = np.unique(labels[known], return_inverse=True)[1]
    return numbers if known.any() else None


def labelled(rows: Rows, classes: Rows, most: int | None = None) -> Rows:
    """Those of the row numbers whose class is known, the first `most`."""
    return rows[classes[rows] >= 0][:most]


def right_answers(
    representation: Representation,
    splits: Splits,
    classify: Classify,
    references: int,
    queries: int,
    least: int = 1,
) -> Doubles | None:
    """Whether held-out rows are put into their class by what is known of others.

    Where held-out rows are training rows too (a table too small to split), the held-out ones answer for each other:
    stratified cross-validation in 5 folds, in the table's order, as scikit-learn's `cross_val_score(cv=5)`.

    Args:
        representation: whose codes to use.
        splits: the table.
        classify: answers.
        references: training rows to learn from at most, the first labelled ones.
        queries: held-out rows to ask for at most, the first labelled ones.
        least: references that `classify` needs.

    Returns:
        [queries] 1 or 0, fold by fold; NaN if codes are not finite; None without labels, two classes, queries or
        `least` references, or if no class has enough rows for cross-validation.
    """
    classes = class_numbers(splits)
    if classes is None:
        return None
    known, asked = labelled(splits.train, classes, references), labelled(splits.test, classes, queries)
    if np.isin(asked, splits.train).any():
        rows, pairs = asked, _folds(classes[asked])
    else:
        rows, count = np.concatenate([known, asked]), len(known)
        pairs = [(np.arange(count), np.arange(count, len(rows)))]
    if _of_one_class(classes, known, asked) or not pairs or any(len(learnt) < least for learnt, _ in pairs):
        return None
    codes, truth = vectors(representation, rows), classes[rows]
    if not is_finite(codes):
        return np.full(len(asked), np.nan)
    right = [classify(codes[learnt], truth[learnt], codes[put]) == truth[put] for learnt, put in pairs]
    return np.concatenate(right).astype(np.float64)


def one_class(splits: Splits, references: int, queries: int) -> str:
    """That there is one class only, or that no row asks; "" otherwise, and without labels."""
    classes = class_numbers(splits)
    if classes is None:
        return ""
    known, asked = labelled(splits.train, classes, references), labelled(splits.test, classes, queries)
    if not len(asked):
        return "no row that is held out has a label"
    return "all rows with a label are of one class, so that every answer is right" * _of_one_class(
        classes, known, asked
    )


def _of_one_class(classes: Rows, known: Rows, asked: Rows) -> bool:
    """Whether nothing can be answered wrong: no row asks, or all are of one class."""
    return not len(asked) or len(np.unique(classes[np.concatenate([known, asked])])) < 2


def asked_rows(splits: Splits, references: int, queries: int) -> Rows:
    """Numbers of the rows that `right_answers` asks for, in its order."""
    classes = class_numbers(splits)
    if classes is None:
        return np.empty(0, np.int64)
    asked = labelled(splits.test, classes, queries)
    if _of_one_class(classes, labelled(splits.train, classes, references), asked):
        return asked[:0]
    if not np.isin(asked, splits.train).any():
        return asked
    return np.concatenate([asked[put] for _, put in _folds(classes[asked])] or [asked[:0]])


def _folds(classes: Rows) -> list[tuple[Rows, Rows]]:
    from sklearn.model_selection import StratifiedKFold

    if np.bincount(classes).max() < FOLDS:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer than 5 rows is missing in some folds
        return list(StratifiedKFold(FOLDS).split(np.zeros(len(classes)), classes))
