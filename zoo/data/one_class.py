"""Normal rows to train on, normal and abnormal rows to judge on: any labelled source as a task of finding anomalies."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.tables.fingerprint import fingerprint

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.types import Fraction, Probability, Rows, Seed, Source, Splits

_UNLABELLED = -1


class OneClass:
    """A source whose training rows are all normal and whose test rows are not.

    The protocol of anomaly detection without labelled anomalies (Ruff et al. 2018, "Deep One-Class Classification"):
    some classes are normal, all others are anomalies that training never sees.

    All rows of the wrapped source are dealt out anew: a share of the normal ones is for training, the other normal
    ones and every anomaly are for judging. Groups of rows (records of one person) stay together, so those that hold an
    anomaly are for judging, whole. With `keep_split`, the wrapped source's own splits stay, only without the
    anomalies in train and validation.

    Without any label, rows as they come are trained on, anomalies among them, and half of the held-out rows are made
    odd: they get cells of other held-out rows, so that each cell is an ordinary one and only their company is not. What
    is judged then is how well rows as they come are told from these, and not from whatever is odd in earnest.

    Args:
        data: the source, with labels.
        normal: labels of the normal rows, as text; None means "0", as tables of anomalies have it.
        share: fraction of the normal rows for training, validation included; ignored with `keep_split`.
        validation: fraction of these for early stopping; ignored with `keep_split`.
        seed: seed of the permutation that decides which normal rows they are; ignored with `keep_split`.
        keep_split: whether to keep the wrapped source's own splits, for sets with an official test part.
        contamination: share of rows that a model which reads it (`model.false_alarm_rate: ${data.contamination}`) sets
            its threshold at: of normal rows, the false alarms; of rows without labels, the anomalies to expect.
        swapped: share of the cells of a row made odd that are another row's; only without labels.

    Raises:
        InputError: `normal` is an empty list.

    Example:
        >>> splits = OneClass(Digits(), normal=["3", "8"]).load()
        >>> set(splits.labels[splits.train].tolist())
        {0}
    """

    def __init__(
        self,
        data: Source,
        normal: list[str] | None = None,
        share: Fraction = 0.5,
        validation: Fraction = 0.1,
        seed: Seed = 0,
        keep_split: bool = False,
        contamination: Probability = 0.05,
        swapped: Probability = 0.3,
    ) -> None:
        self.data = data
        self.normal = normal
        self.share = share
        self.validation = validation
        self.seed = seed
        self.keep_split = keep_split
        self.contamination = contamination
        self.swapped = swapped
        if normal is not None and not len(normal):
            raise InputError("data.normal=[]: name at least one label whose rows are normal")

    def load(self) -> Splits:
        """Loads the wrapped source and splits its rows.

        Returns:
            the wrapped source's table (not copied) with labels [rows] int64: 0 normal, 1 anomaly, -1 no label; rows
            without a label are in no split.

        Raises:
            InputError: no labels, no rows of a normal label, no anomalies, a split without rows, or a table that is
                streamed.
        """
        wrapped = self.data.load()
        if wrapped.stream is not None:
            raise InputError(
                f"{self._name}: the table is streamed, and whose rows are normal is told of rows in memory: hold it in "
                "memory with data.data.stream=false, or write the normal rows into a table of their own and train on "
                "that"
            )
        if wrapped.labels is None and self.normal is None and not wrapped.is_sparse and len(wrapped.shape) == 1:
            return self._made_up(wrapped)
        labels = self._labels(wrapped)
        judged_only = _judged_only(wrapped, labels)
        rows = self._dealt(wrapped, labels, judged_only)
        self._refuse_one_sided_test(labels[rows["test"]])
        return dataclasses.replace(
            wrapped,
            train=rows["train"],
            validation=rows["validation"],
            test=rows["test"],
            labels=labels,
            judged_only=judged_only,
            provenance=self._provenance(wrapped, labels, rows),
            notes=(*wrapped.notes, *self._notes(wrapped, labels, rows)),
        )

    def _dealt(self, wrapped: Splits, labels: Any, judged_only: Rows) -> dict[str, Rows]:
        """The rows of each split, none of which is empty."""
        from zoo.data._row_split import refuse_empty

        dealt = self._kept_rows if self.keep_split else self._new_rows
        rows = dealt(wrapped, labels, judged_only)
        refuse_empty(rows, len(labels), name=self._name, options=self._options())
        return rows

    def _made_up(self, wrapped: Splits) -> Splits:
        """Rows without labels: half of those that are held out are made odd."""
        from zoo.data._made_up_anomalies import with_swapped_cells

        labels = np.zeros(len(wrapped), np.int64)
        rows = self._dealt(wrapped, labels, np.empty(0, np.int64))
        random = np.random.default_rng(self.seed)
        features, odd = with_swapped_cells(wrapped, rows["test"], self.swapped, random, self._name)
        labels[odd] = 1
        provenance = self._provenance(wrapped, labels, rows) | {"made_up_anomalies": len(odd), "swapped": self.swapped}
        note = (
            f"No row has a label: trains on {len(rows['train']):,} rows as they come, and judges by "
            f"{len(rows['test']) - len(odd):,} held-out rows as they come and {len(odd):,} in which {self.swapped:.0%} "
            "of the cells are another row's. That says how well rows are told whose cells do not go together, and "
            "nothing of other oddities; name the labels with data.data.label_column= if there are any."
        )
        return dataclasses.replace(
            wrapped,
            train=rows["train"],
            validation=rows["validation"],
            test=rows["test"],
            features=features,
            raw=None,
            labels=labels,
            judged_only=odd,
            provenance=provenance,
            notes=(*wrapped.notes, note),
        )

    @property
    def _name(self) -> str:
        return f"{type(self).__name__} of {type(self.data).__name__}"

    @property
    def _normal(self) -> list[str]:
        # A recipe's `normal: [3]` may hand over a number; labels are compared as text.
        return ["0"] if self.normal is None else [str(label) for label in self.normal]

    def _options(self) -> str:
        if self.keep_split:
            return "data.normal, the splits of data.data, or data.keep_split=true"
        return f"data.share={self.share} or data.validation={self.validation}"

    def _labels(self, wrapped: Splits) -> npt.NDArray[np.int64]:
        """0 normal, 1 anomaly, -1 no label: [rows]."""
        from zoo.data._labels import as_text, in_order

        if wrapped.labels is None:
            raise InputError(
                f"{self._name}: the wrapped source has no labels, which say what is normal; name its column or folder "
                "of labels, or take a source that has them"
            )
        text = as_text(wrapped.labels)
        there = in_order(set(text.tolist()) - {""})
        for label in self._normal:
            if label not in there:
                given = "the default of data.normal" if self.normal is None else "data.normal"
                raise InputError(f"{self._name}: no row has the label '{label}' ({given}); {_listed(label, there)}")
        if set(there) <= set(self._normal):
            raise InputError(
                f"{self._name}: all rows are normal (data.normal={self._normal}, labels there: {', '.join(there)}), so "
                "there is no anomaly to find; leave out a label of data.normal, or give rows of another class"
            )
        labels = np.where(np.isin(text, self._normal), np.int64(0), np.int64(1))
        labels[text == ""] = _UNLABELLED
        return labels

    def _new_rows(self, wrapped: Splits, labels: npt.NDArray[np.int64], judged_only: Rows) -> dict[str, Rows]:
        normal = np.setdiff1d(np.flatnonzero(labels == 0), judged_only)
        groups = normal if wrapped.groups is None else wrapped.groups[normal]
        names, members = np.unique(groups, return_inverse=True)
        order = np.random.default_rng(self.seed).permutation(len(names))
        fitted = round(self.share * len(names))
        validated = round(self.validation * fitted)
        parts = np.split(order, [fitted - validated, fitted])
        train, validation, judged = (normal[np.isin(members, part)] for part in parts)
        return {"train": train, "validation": validation, "test": np.sort(np.concatenate([judged, judged_only]))}

    def _kept_rows(self, wrapped: Splits, labels: npt.NDArray[np.int64], judged_only: Rows) -> dict[str, Rows]:
        return {
            "train": np.setdiff1d(wrapped.train[labels[wrapped.train] == 0], judged_only),
            "validation": np.setdiff1d(wrapped.validation[labels[wrapped.validation] == 0], judged_only),
            "test": wrapped.test[labels[wrapped.test] != _UNLABELLED],
        }

    def _refuse_one_sided_test(self, labels: npt.NDArray[np.int64]) -> None:
        """Detection is judged by how the two kinds differ, so both must be there."""
        for kind, label in (("normal row", 0), ("anomaly", 1)):
            if not (labels == label).any():
                hint = "data.keep_split=false deals the rows out anew" if self.keep_split else "lower data.share"
                raise InputError(f"{self._name}: no {kind} among the {len(labels)} test rows; {hint}")

    def _notes(self, wrapped: Splits, labels: npt.NDArray[np.int64], rows: dict[str, Rows]) -> list[str]:
        judged = labels[rows["test"]]
        notes = [
            f"Normal is {', '.join(self._normal)}: {np.count_nonzero(labels == 0):,} normal rows, "
            f"{np.count_nonzero(labels == 1):,} anomalies. Trains on {len(rows['train']):,} normal rows, stops on "
            f"{len(rows['validation']):,}; judged on {np.count_nonzero(judged == 0):,} normal rows and "
            f"{np.count_nonzero(judged == 1):,} anomalies."
        ]
        if self.keep_split:
            fitted = np.concatenate([wrapped.train, wrapped.validation])
            unseen = int(np.count_nonzero(labels[fitted] == 1))
            notes.append(f"Left {unseen:,} anomalies of the wrapped source's train and validation rows out.")
        unlabelled = int(np.count_nonzero(labels == _UNLABELLED))
        if unlabelled:
            notes.append(f"Left {unlabelled:,} row{'' if unlabelled == 1 else 's'} without a label out.")
        return notes

    def _provenance(self, wrapped: Splits, labels: npt.NDArray[np.int64], rows: dict[str, Rows]) -> dict[str, Any]:
        content = fingerprint(str(wrapped.provenance.get("fingerprint", "")), labels.astype("<i8", copy=False))
        return {
            "source": type(self).__name__,
            "data": dict(wrapped.provenance),
            "normal": self._normal,
            "keep_split": self.keep_split,
            "contamination": self.contamination,
            **({} if self.keep_split else {"share": self.share, "validation": self.validation, "seed": self.seed}),
            "rows": len(labels),
            "shape": list(wrapped.shape),
            "splits": {split: len(numbers) for split, numbers in rows.items()},
            "fingerprint": content,
        }


def _judged_only(wrapped: Splits, labels: npt.NDArray[np.int64]) -> Rows:
    """Row numbers [n] that training never sees: anomalies, and the other labelled rows of their groups."""
    judged = labels == 1
    if wrapped.groups is not None:
        judged |= np.isin(wrapped.groups, wrapped.groups[judged]) & (labels != _UNLABELLED)
    if wrapped.judged_only is not None:
        judged[wrapped.judged_only] |= labels[wrapped.judged_only] != _UNLABELLED
    return np.flatnonzero(judged)


def _listed(label: str, there: list[str]) -> str:
    """Which labels there are; none at all where no row has one."""
    return suggestion(label, there, what="labels there") if there else "every row is without a label"
