"""Which rows of a labelled source train, and which are judged, when only some classes are normal."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from zoo.data import Digits, OneClass
from zoo.errors import InputError
from zoo.rows import ImageRows
from zoo.types import Splits

TARGET = load_digits().target


@dataclass
class Rows:
    """A source of 100 rows with the given labels: 60 train, 20 validation, 20 test."""

    labels: object

    def load(self):
        order = np.arange(100)
        return Splits(
            features=np.random.default_rng(0).random((100, 3), dtype=np.float32),
            train=order[:60],
            validation=order[60:80],
            test=order[80:],
            labels=self.labels,
            provenance={"source": "Rows", "fingerprint": "f0"},
            notes=("A note of the source.",),
        )


def mixed(anomalies=10):
    """Labels [100] int64: 0, and 1 spread over the rows."""
    labels = np.zeros(100, np.int64)
    labels[np.linspace(0, 99, anomalies).astype(int)] = 1
    return labels


def test_all_anomalies_are_judged_and_none_is_trained_on():
    splits = OneClass(Digits(), normal=["3", "8"]).load()
    normal = np.isin(TARGET, [3, 8])
    assert np.array_equal(splits.labels, np.where(normal, 0, 1))
    assert splits.labels.dtype == np.int64
    assert normal[splits.train].all()
    assert normal[splits.validation].all()
    assert set(np.flatnonzero(~normal)) <= set(splits.test.tolist())
    assert sorted(np.concatenate([splits.train, splits.validation, splits.test])) == list(range(1797))
    half = round(normal.sum() / 2)
    assert len(splits.train) + len(splits.validation) == half
    assert len(splits.validation) == round(0.1 * half)
    assert splits.features.dtype == np.uint8
    assert type(splits.kind) is ImageRows


def test_share_and_validation_are_of_normal_rows():
    splits = OneClass(Rows(mixed(20)), share=0.75, validation=0.2).load()
    assert [len(rows) for rows in (splits.train, splits.validation, splits.test)] == [48, 12, 40]


def test_the_seed_decides_which_normal_rows_train():
    first, again, other = (OneClass(Digits(), seed=seed).load() for seed in (0, 0, 1))
    assert np.array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)
    assert len(first.train) == len(other.train)
    # Chosen by a permutation, not the first ones: a file that is sorted must not decide what is normal.
    assert not np.array_equal(first.train, np.flatnonzero(TARGET == 0)[: len(first.train)])


def test_without_a_normal_label_it_is_zero():
    assert np.array_equal(OneClass(Digits()).load().labels == 0, TARGET == 0)


def test_labels_are_compared_as_text():
    words = np.where(TARGET[:100] < 5, "low", "high")
    assert np.array_equal(OneClass(Rows(words), normal=["low"]).load().labels, np.where(words == "low", 0, 1))
    as_objects = OneClass(Rows(words.astype(object)), normal=["low"]).load()
    assert np.array_equal(as_objects.labels, np.where(words == "low", 0, 1))
    assert np.array_equal(OneClass(Rows(mixed(40)), normal=[1]).load().labels, 1 - mixed(40))


def test_the_wrapped_sources_split_may_be_kept():
    wrapped = Digits().load()
    splits = OneClass(Digits(), normal=["1"], keep_split=True).load()
    assert np.array_equal(splits.train, [row for row in wrapped.train if TARGET[row] == 1])
    assert np.array_equal(splits.validation, [row for row in wrapped.validation if TARGET[row] == 1])
    assert np.array_equal(splits.test, wrapped.test)
    left_out = np.count_nonzero(TARGET[np.concatenate([wrapped.train, wrapped.validation])] != 1)
    assert splits.notes[-1] == f"Left {left_out:,} anomalies of the wrapped source's train and validation rows out."


@pytest.mark.parametrize(("labels", "none"), [(mixed(), -1), (np.where(mixed(), "bad", "0"), "")])
@pytest.mark.parametrize("keep_split", [False, True])
def test_rows_without_a_label_are_in_no_split(labels, none, keep_split):
    labels = labels.astype(object) if isinstance(none, str) else labels.copy()
    labels[[1, 70, 90]] = none
    splits = OneClass(Rows(labels), keep_split=keep_split).load()
    used = np.concatenate([splits.train, splits.validation, splits.test])
    assert not {1, 70, 90} & set(used.tolist())
    assert splits.labels[[1, 70, 90]].tolist() == [-1, -1, -1]
    assert splits.notes[-1] == "Left 3 rows without a label out."


def test_counts_are_noted_and_the_sources_notes_kept():
    assert OneClass(Rows(mixed())).load().notes == (
        "A note of the source.",
        "Normal is 0: 90 normal rows, 10 anomalies. Trains on 41 normal rows, stops on 4; judged on 45 normal rows and "
        "10 anomalies.",
    )


def test_the_table_is_not_copied():
    loaded = Rows(mixed()).load()

    class Loaded:
        def load(self):
            return loaded

    assert OneClass(Loaded()).load().features is loaded.features


def test_provenance_holds_the_wrapped_sources():
    one = OneClass(Rows(mixed())).load().provenance
    assert one["source"] == "OneClass"
    assert one["data"] == {"source": "Rows", "fingerprint": "f0"}
    assert one["normal"] == ["0"]
    assert one["splits"] == {"train": 41, "validation": 4, "test": 55}
    other = OneClass(Rows(mixed()), normal=["1"], share=0.8, validation=0.3).load().provenance
    assert one["fingerprint"] != other["fingerprint"]


def test_only_one_class():
    with pytest.raises(InputError, match=r"OneClass of Rows: all rows are normal .*labels there: 0\), so there is no"):
        OneClass(Rows(np.zeros(100, np.int64))).load()
    with pytest.raises(InputError, match=r"all rows are normal .*labels there: 0, 1\).*leave out a label of data\.nor"):
        OneClass(Rows(mixed()), normal=["0", "1"]).load()


def test_unknown_normal_labels_list_those_there_are():
    with pytest.raises(InputError, match=r"no row has the label '10' \(data\.normal\); .*labels there: 0, 1, 2, .*, 9"):
        OneClass(Digits(), normal=["3", "10"]).load()
    words = np.where(mixed(), "broken", "good")
    with pytest.raises(InputError, match=r"'0' \(the default of data\.normal\); labels there: broken, good"):
        OneClass(Rows(words)).load()
    with pytest.raises(InputError, match=r"'godo' \(data\.normal\); did you mean 'good'\?"):
        OneClass(Rows(words), normal=["godo"]).load()
    with pytest.raises(InputError, match=r"'0' .*; every row is without a label"):
        OneClass(Rows(np.full(100, -1))).load()


def test_no_labels():
    with pytest.raises(InputError, match=r"OneClass of Rows: the wrapped source has no labels"):
        OneClass(Rows(None), normal=["3"]).load()


def test_an_empty_list_of_normal_labels():
    with pytest.raises(InputError, match=r"data\.normal=\[\]: name at least one label"):
        OneClass(Rows(mixed()), normal=[])


def test_splits_without_rows():
    with pytest.raises(InputError, match=r"no row is left for train and validation .*data\.share=0\.0"):
        OneClass(Rows(mixed()), share=0.0).load()
    with pytest.raises(InputError, match=r"no row is left for validation .*data\.validation=0\.0"):
        OneClass(Rows(mixed()), validation=0.0).load()


def test_a_test_split_of_one_kind_judges_nothing():
    with pytest.raises(InputError, match=r"no normal row among the 10 test rows; lower data\.share"):
        OneClass(Rows(mixed()), share=0.999).load()
    labels = np.zeros(100, np.int64)
    labels[:5] = 1
    with pytest.raises(InputError, match=r"no anomaly among the 20 test rows; data\.keep_split=false"):
        OneClass(Rows(labels), keep_split=True).load()


def test_weights_and_keys_stay_with_their_rows():
    class Weighted:
        def load(self):
            keys = np.array([f"k{row}" for row in range(100)], dtype=object)
            return replace(Rows(mixed()).load(), keys=keys, weights=np.arange(100, dtype=np.float32))

    splits = OneClass(Weighted()).load()
    assert splits.keys[7] == "k7"
    assert splits.weights[7] == 7


def test_without_labels_half_of_the_held_out_rows_get_cells_of_others():
    source = Rows(None)
    before = source.load().features
    splits = OneClass(source, validation=0.2, swapped=0.34).load()
    assert [len(rows) for rows in (splits.train, splits.validation, splits.test)] == [40, 10, 50]
    assert splits.labels[splits.test].sum() == 25
    assert not splits.labels[np.concatenate([splits.train, splits.validation])].any()
    changed = splits.features != before
    np.testing.assert_array_equal(changed.sum(axis=1), splits.labels)  # one cell of three
    np.testing.assert_array_equal(splits.judged_only, np.flatnonzero(splits.labels))
    rows, columns = np.nonzero(changed)
    ordinary = splits.test[splits.labels[splits.test] == 0]
    assert all(
        splits.features[row, column] in before[ordinary, column] for row, column in zip(rows, columns, strict=True)
    )
    assert any("says how well rows are told whose cells do not go together" in note for note in splits.notes)
    again, other = (OneClass(source, seed=seed).load().provenance["fingerprint"] for seed in (0, 1))
    assert again == OneClass(source).load().provenance["fingerprint"] != other


@pytest.mark.parametrize(
    ("features", "said"),
    [(np.arange(100, dtype=np.float32)[:, None], "of 1 columns"), (np.ones((100, 3), np.float32), "of 0 columns")],
)
def test_rows_of_which_no_odd_ones_can_be_made_are_refused(features, said):
    class Fixed(Rows):
        def load(self):
            return replace(super().load(), features=features)

    with pytest.raises(InputError, match=said):
        OneClass(Fixed(None)).load()
