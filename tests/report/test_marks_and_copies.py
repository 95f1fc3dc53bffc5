"""What a run says of ties and of copies."""

import io

from rich.console import Console

from zoo.report.messages import copies
from zoo.report.tables import report_table
from zoo.types import Duplicates, Report, Score

VALUES = {"encoder": 0.9, "pca": 0.88, "raw": 0.5}


def report(**more):
    return Report(
        scores={name: {"knn": Score(value, value - 0.1, value + 0.1, 50)} for name, value in VALUES.items()},
        differences={},
        dimensions=dict.fromkeys(VALUES, 3),
        units={"knn": "share"},
        directions={"knn": True},
        confidence=0.95,
        resamples=100,
        **more,
    )


def printed(report, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(report_table(report))
    return console.export_text()


def test_what_is_as_good_as_the_best_is_marked_and_said_what_that_means():
    for width in (150, 40):
        text = printed(report(best={"knn": ("encoder", "pca")}), width)
        assert "0.900*" in text
        assert "0.880*" in text
        assert "0.500*" not in text
        assert "not significant (5%," in " ".join(text.split())
    assert "*" not in printed(report(), 150)


def test_copies_are_counted_in_words():
    found = Duplicates(rows=100, exact=0, near=3, of_training=7, near_training=0, looked_at=20)
    (note,) = copies(report(duplicates=found, without_duplicates={"encoder": {"knn": Score(0.8, 0.7, 0.9, 43)}}))
    assert note == (
        "of the 100 test rows 7 equal a training row, 3 nearly equal another of them (near copies were sought for "
        "20 of them); without exact copies encoder has knn 0.800 [0.700, 0.900]"
    )
    assert not list(copies(report(duplicates=Duplicates(100, 0, 0, 0, 0, 100))))
    assert not list(copies(report()))
