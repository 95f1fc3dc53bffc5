"""What infra validation refuses; that it passes a whole export is what the exporter's tests show."""

import numpy as np
import pytest

from serving.infra_validation import _Player

CODES = np.asarray([[0.5, -1.0], [2.0, 0.0], [1.0, 1.0]])
SCORES = {"score/score": np.ones(3), "score/threshold": np.full(3, np.inf)}


def compared(wanted, signature, got, rows, tmp_path):
    player = _Player(tmp_path, wanted)
    player._compare(signature, {name: np.asarray(values) for name, values in got.items()}, rows, "gRPC")
    return player._largest


def test_differences_are_absolute_up_to_1_and_relative_beyond(tmp_path):
    wanted = {"encode/embedding": CODES}
    assert compared(wanted, "encode", {"embedding": CODES[:1] + 0.25}, 1, tmp_path) == 0.25
    assert compared(wanted, "encode", {"embedding": CODES + 0.25}, 3, tmp_path) == 0.125  # the largest is 2
    assert compared(wanted, "encode", {"embedding": CODES * np.nan}, 3, tmp_path) == np.inf
    assert compared(wanted, "encode", {"embedding": CODES + np.inf}, 3, tmp_path) == np.inf


def test_integers_may_be_half_a_step_away(tmp_path):
    wanted = {"encode/embedding": np.asarray([[12.4, -99.5]])}
    assert compared(wanted, "encode", {"embedding": np.asarray([[12, -100]], np.int8)}, 1, tmp_path) == 0
    assert compared(wanted, "encode", {"embedding": [[13, -100]]}, 1, tmp_path) == pytest.approx(0.1 / 99.5)
    assert compared(wanted, "encode", {"embedding": [[12.0, -99.5]]}, 1, tmp_path) == pytest.approx(0.4 / 99.5)


def test_a_threshold_may_be_infinite_and_truth_values_are_left_out(tmp_path):
    got = {"score": np.ones(2), "threshold": np.full(2, np.inf), "anomalous": [False, True]}
    assert compared(SCORES, "score", got, 2, tmp_path) == 0
    assert compared(SCORES, "score", got | {"threshold": np.ones(2)}, 2, tmp_path) == np.inf


@pytest.mark.parametrize(
    ("got", "rows", "message"),
    [
        ({"embedding": CODES[:1]}, 3, r"embedding has the shape \(1, 2\), not \(3, 2\)"),
        ({"embedding": CODES.T}, 3, r"shape \(2, 3\)"),
        ({"code": CODES}, 3, r"gives \['code'\] over gRPC, not \['embedding'\]"),
        ({"embedding": CODES, "more": CODES}, 3, "more"),
        ({}, 3, r"gives \[\]"),
    ],
)
def test_other_outputs_or_shapes_are_refused(got, rows, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        compared({"encode/embedding": CODES}, "encode", got, rows, tmp_path)


def test_expected_values_must_be_finite(tmp_path):
    infinite = np.full_like(CODES, np.inf)
    with pytest.raises(ValueError, match="expected values are not finite"):
        compared({"encode/embedding": infinite}, "encode", {"embedding": infinite}, 3, tmp_path)


def test_cells_are_words_and_numbers_with_gaps_of_which_few_may_differ(tmp_path):
    words, numbers = np.asarray(["a", "b", ""] * 10), np.asarray([1.0, 2.0, np.nan] * 10)
    wanted = {"reconstruct_table/word": words, "reconstruct_table/number": numbers}
    got = {"word": np.asarray([word.encode() for word in words], object), "number": numbers}
    assert compared(wanted, "reconstruct_table", got, 30, tmp_path) == 0
    assert compared(wanted, "reconstruct_table", got | {"number": numbers + 0.5}, 30, tmp_path) == 0.25
    one = got["word"].copy()
    one[0] = b"b"
    assert compared(wanted, "reconstruct_table", got | {"word": one}, 30, tmp_path) == 0
    assert compared(wanted, "reconstruct_table", got | {"word": one[::-1]}, 30, tmp_path) == np.inf
    assert compared(wanted, "reconstruct_table", got | {"number": np.nan_to_num(numbers)}, 30, tmp_path) == np.inf
