"""Tables hold every name and number at every width, and no line is wider than the terminal."""

import io
import re

import pytest
from rich.console import Console

from zoo.report.tables import SweepRow, folds_table, report_table, sweep_table, verdict_table
from zoo.types import GateResult, Report, Score, Verdict

UNITS = {
    "wordsim353": "Spearman's rho",
    "simlex999": "Spearman's rho",
    "overlap_at_10": "share",
    "reconstruction_r2": "share of variance",
    "rate_per_dimension": "nats",
    "active_units": "dimensions",
}
NAMES = ("encoder", "raw", "pca", "pca_cleaned", "pca_weighted", "untrained")
WIDTHS = (60, 80, 100, 150)


def score(number):
    return Score(number / 1000, number / 1000 - 0.05, number / 1000 + 0.05, 100)


def report(start=101):
    """Every score is another number."""
    numbers = iter(range(start, start + 100))
    scores = {name: {metric: score(next(numbers)) for metric in UNITS} for name in NAMES}
    return Report(scores, {}, dict.fromkeys(NAMES, 25), UNITS, dict.fromkeys(UNITS), 0.95, 1000)


def verdict():
    gates = [
        GateResult("similarity_cleaned", metric, name, score(601), score(502), score(99), -0.05, passed=name != "raw")
        for metric in ("wordsim353", "simlex999")
        for name in NAMES[1:]
    ]
    return Verdict(False, tuple(gates))


def shown(table, width):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    return text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_report_shows_every_score_once(width):
    text = shown(report_table(report()), width)
    for name in (*NAMES, *UNITS):
        assert re.search(rf"(?<!\w){name}(?!\w)", text), name
    for scores in report().scores.values():
        for each in scores.values():
            assert len(re.findall(rf"(?<![.\d]){each.value:.3f}(?!\.\.)", text)) >= 1
            assert text.count(f"{each.low:.3f}..{each.high:.3f}") == 1


def test_a_wide_report_has_a_line_for_each_representation_and_a_narrow_one_for_each_metric():
    assert re.search(r"encoder +25 +0\.101 +0\.102 +0\.103 +0\.104 +0\.105 +0\.106", shown(report_table(report()), 150))
    assert re.search(r"wordsim353 +0\.101 +0\.107 +0\.113", shown(report_table(report()), 80))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_verdict_shows_every_comparison(width):
    text = shown(verdict_table(verdict()), width)
    assert text.count("similarity_cleaned") == 10
    assert text.count("wordsim353") == 5
    assert len(re.findall(r"\byes\b", text)) == 8
    assert len(re.findall(r"\bno\b", text)) == 2
    assert text.count("-0.05") == 10
    assert text.count("0.099") == 10
    if width > 60:
        assert (text.count("0.601"), text.count("0.502")) == (10, 10)
    else:
        assert "the scores are in the table above" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_folds_show_mean_and_spread_of_every_score(width):
    text = shown(folds_table([report(101), report(103)]), width)
    assert text.count("± 0.001") == len(NAMES) * len(UNITS)  # the sample's: |a - b| / sqrt(2) = .0014
    for mean in range(102, 102 + len(NAMES) * len(UNITS)):
        assert f"0.{mean}" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_sweep_shows_all_overrides(width):
    overrides = ["model.latent_dim=16 model.preprocess.shrink.power=0.5", "model.latent_dim=25"]
    rows = [SweepRow(each, report().scores["encoder"], "chosen", "0123456789", 12.34) for each in overrides]
    text = shown(sweep_table("Sweep", rows, list(UNITS)), width)
    assert text.count("chosen") >= 2
    assert text.count("12.34") == 2
    assert "01234567" in text
    for each in " ".join(overrides).split():
        assert each in text
    for metric in UNITS:
        assert metric in text


@pytest.mark.parametrize("width", [20, 60])
def test_names_longer_than_the_terminal_are_folded_not_cut(width):
    long = "x" * 98
    scores = {long: {"metric": score(123)}}
    only = Report(scores, {}, {long: 3}, {"metric": "share"}, {"metric": True}, 0.95, 10)
    assert shown(report_table(only), width).count("x") == 98


def test_square_brackets_in_names_are_no_markup():
    name = "encoder[red]"
    only = Report({name: {"m[1]": score(5)}}, {}, {name: 3}, {"m[1]": "[unit]"}, {"m[1]": True}, 0.95, 10)
    for width in (40, 150):
        text = shown(report_table(only), width)
        assert name in text
        assert "m[1]" in text
        assert "[unit]" in text
