"""What a page holds, read without a browser."""

import dataclasses
import io
import math
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from zoo.page import Page, draw
from zoo.page.drawing import OWN, as_svg, new_axes, new_figure, settings
from zoo.page.numbers import number
from zoo.page.summary import listed, summary
from zoo.recipe import compose
from zoo.stages.page import PageFiles, drawn_page
from zoo.stages.voice import Voice
from zoo.types import Gate

HOSTILE = "</script><img src=x onerror=alert(1)>"
QUICK = Page(map="pca")


class Parsed(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def drawn(vectors):
    return draw(*vectors, {"run": "`abc`"}, QUICK)


def test_a_page_asks_nothing_of_anybody_else(drawn):
    page = Parsed(drawn.html)
    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv")]
    assert policy == (
        "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
    )
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset", "action"):
            assert str(attributes.get(name, "data:")).startswith(("data:", "#")), attributes


def test_every_section_is_there_and_none_failed(drawn):
    page = Parsed(drawn.html)
    assert drawn.failures == ()
    titles = page.text
    for title in ("Scores", "Gates", "Learning curves", "Provenance"):
        assert title in titles
    assert "Could not be drawn" not in titles


def test_ids_are_unique_and_what_refers_to_one_finds_it(drawn):
    page = Parsed(drawn.html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not {each["href"][1:] for each in page.all("a") if each["href"].startswith("#")} - set(ids)


def test_figures_and_tables_are_described(drawn):
    page = Parsed(drawn.html)
    assert all(each.get("aria-label") for each in page.all("svg"))
    assert all("alt" in each for each in page.all("img"))
    assert all(each.get("scope") for each in page.all("th"))


def test_keys_classes_and_names_are_text_whatever_they_hold(hostile):
    html = draw(*hostile, {}, QUICK).html
    page = Parsed(html)
    assert "onerror" not in {name for _, attributes in page.elements for name in attributes}
    assert HOSTILE not in html
    assert "{{ 7 * 7 }}" in page.text  # a template's syntax in a name is no template


def test_a_figure_takes_its_colours_and_font_from_the_page():
    with settings():
        figure = new_figure(200, 100)
        new_axes(figure).barh(["$a_1$ <b>"], [1.2345], color=OWN)
        svg = as_svg(figure, "figure", 'a "quoted" figure')
    assert "var(--own)" in svg
    assert "font-family" not in svg.split(">", 1)[1]
    assert "$a_1$ &lt;b&gt;" in svg
    assert 'aria-label="a &#34;quoted&#34; figure"' in svg
    assert "<style" not in svg


def test_scores_are_shown_with_their_intervals(drawn, vectors):
    score = vectors[1].scores["encoder"]["knn"]
    text = Parsed(drawn.html).text
    assert f"{number(score.low)} to {number(score.high)}" in text


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ({"n": Gate("overlap", beats=["untrained"])}, "passed the one comparison with untrained: better"),
        (
            {"n": Gate("overlap", beats=["untrained"], margin=-0.1)},
            "passed the one comparison with untrained: not noticeably worse",
        ),
        ({"n": Gate("overlap", at_least=0.01)}, "reached what was asked for overlap"),
        ({"n": Gate("overlap", beats=["raw"])}, "not proven to be better than raw"),
        ({"n": Gate("overlap", at_least=0.99)}, "did not reach what was asked"),
    ],
)
def test_the_verdict_is_one_sentence(judged, clusters, gates, said):
    recipe, report, verdict, evidence, trained = judged(*clusters, gates=gates)
    from zoo.page.material import Material

    material = Material(recipe, report, verdict, evidence, trained, {}, QUICK)
    shown = summary(material)
    assert said in shown["sentence"]
    assert shown["sentence"].count(". ") <= 1
    assert shown["state"] == ("blessed" if verdict.blessed else "not blessed")


def test_without_a_verdict_and_without_training_there_is_a_page_all_the_same(vectors):
    recipe, report, _, evidence, _ = vectors
    drawn = draw(recipe, report, None, evidence, None, {}, QUICK)
    assert drawn.failures == ()
    text = Parsed(drawn.html).text
    assert "Described" in text
    assert "Learning curves" not in text


def test_how_often_the_test_rows_were_looked_at_is_said(vectors):
    recipe, report, verdict, evidence, trained = vectors
    looked = dataclasses.replace(report, looks=7)
    text = Parsed(draw(recipe, looked, verdict, evidence, trained, {}, QUICK).html).text
    assert "These test rows have judged 7 encoders" in text


def test_a_section_that_fails_says_so_and_the_rest_is_drawn(vectors):
    recipe, report, verdict, evidence, trained = vectors
    broken = dataclasses.replace(trained, history=({"loss": "much"}, {"loss": "more"}))
    drawn = draw(recipe, report, verdict, evidence, broken, {}, QUICK)
    assert len(drawn.failures) == 1
    assert "Learning curves" in drawn.failures[0]
    text = Parsed(drawn.html).text
    assert "Could not be drawn: ValueError" in text
    assert "The recipe as it ran" in text


def test_scores_that_are_no_numbers_are_said_to_be_none(vectors):
    recipe, report, verdict, evidence, trained = vectors
    lost = {name: dict(each) for name, each in report.scores.items()}
    lost["encoder"]["knn"] = dataclasses.replace(lost["encoder"]["knn"], value=math.nan, low=math.nan, high=math.nan)
    drawn = draw(recipe, dataclasses.replace(report, scores=lost), verdict, evidence, trained, {}, QUICK)
    assert drawn.failures == ()
    assert "not a number" in Parsed(drawn.html).text


def test_names_in_a_sentence():
    assert listed(["raw"]) == "raw"
    assert listed(["raw", "pca", "raw"]) == "raw and pca"
    assert listed("abcdef") == "a, b, c, d and 2 more"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.12345, "0.123"), (-12.345, "-12.35"), (123.45, "123.5"), (1e6, "1,000,000"), (None, "-")]
)
def test_numbers(value, shown):
    assert number(value) == shown
    assert number(np.nan) == "not a number"


def sentence(vectors, **changes):
    from zoo.page.material import Material

    recipe, report, verdict, evidence, trained = vectors
    evidence = dataclasses.replace(evidence, splits=dataclasses.replace(evidence.splits, **changes.pop("splits", {})))
    given = {"trained": trained, "verdict": verdict} | changes
    material = Material(recipe, report, given["verdict"], evidence, given["trained"], {}, QUICK)
    shown = summary(material)
    return shown["sentence"], dict(shown["facts"])


def test_rows_are_said_to_be_held_out_of_a_training_that_is_known_and_did_not_see_them(vectors):
    test = vectors[3].splits.test
    assert vectors[3].splits.in_parts == "80 to train, 40 to validate, 120 held out"
    said, facts = sentence(vectors)
    assert "On 120 rows held out of training," in said
    assert facts["trained on"] == "80 rows"
    assert "On 120 rows, all of which it was trained on," in sentence(vectors, splits={"train": test})[0]
    assert "On 120 rows, 3 of which it was trained on," in sentence(vectors, splits={"validation": test[:3]})[0]
    said, facts = sentence(vectors, trained=None, verdict=None)
    assert said.startswith("Measured on 120 test rows: the codes of 4 numbers a row, beside raw and untrained. ")
    assert "trained on" not in facts
    assert facts["opponents and probes fitted on"] == "80 rows"


class OnAFullDisk:
    """A tracked run that can keep nothing."""

    run_id = "a run"

    def log_file(self, path):
        raise OSError(28, "No space left on device", str(path))


def test_a_page_that_cannot_be_kept_is_a_note_and_costs_no_run(vectors):
    _, report, verdict, evidence, trained = vectors
    console = Console(file=io.StringIO(), width=150)
    recipe = compose("dense_vectors", ["page.map=pca"])
    given = {"report": report, "verdict": verdict, "evidence": evidence}
    found = drawn_page(recipe, OnAFullDisk(), Voice(console), trained, **given)
    assert found == PageFiles()
    assert "note: there is no report page: OSError: [Errno 28] No space left on device" in console.file.getvalue()
