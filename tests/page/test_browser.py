"""The page in a real browser: Chromium, headless. Skipped where there is none."""

import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from zoo.page import Page, draw
from zoo.types import Evidence, Splits

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install -e '.[dev]')")
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page from a file in a tab of its own, and fails if it logs an error or asks for anything."""
    complaints = []

    @contextlib.contextmanager
    def open_file(html, *, viewport=WIDE, wait=True, **options):
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: complaints.append(request.url) if _asks(request.url, path) else None)
        tab.goto(path.as_uri())
        if wait:
            tab.wait_for_selector("html[data-map=drawn]", state="attached", timeout=60_000)
        yield tab
        context.close()

    yield open_file
    assert complaints == []


def _asks(url, path):
    return not url.startswith(("data:", "blob:")) and url not in {path.as_uri(), path.with_name("inside.html").as_uri()}


def drawn(made, **settings):
    result = draw(*made, {"run": "abc"}, Page(**{"map": "pca", **settings}))
    assert result.failures == ()
    return result.html


@pytest.fixture(scope="module")
def picture_page(images):
    return drawn(images)


@pytest.fixture(scope="module")
def vector_page(vectors):
    return drawn(vectors)


def point(tab, name, row):
    """Where a row's point is on the screen."""
    place = tab.evaluate(
        """([name, row]) => {
            const plot = document.getElementById(`map-${name}`), { xaxis, yaxis } = plot._fullLayout;
            plot.scrollIntoView({ block: "center" });
            const box = plot.getBoundingClientRect(), { x, y } = plot.data[0];
            return [box.left + xaxis._offset + xaxis.l2p(x[row]), box.top + yaxis._offset + yaxis.l2p(y[row])];
        }""",
        [name, row],
    )
    return tuple(place)


def lone_row(tab):
    """A row whose point in the map of codes no other hides."""
    return tab.evaluate(
        """() => {
            const { x, y } = document.getElementById("map-codes").data[0];
            const apart = (i, j) => i === j ? Infinity : Math.hypot(x[i] - x[j], y[i] - y[j]);
            const gaps = x.map((_, i) => Math.min(...x.map((_, j) => apart(i, j))));
            return gaps.indexOf(Math.max(...gaps));
        }"""
    )


def test_hover_rings_the_row_in_both_maps_and_shows_it(opened, picture_page, images):
    with opened(picture_page) as tab:
        row = lone_row(tab)
        tab.mouse.move(*point(tab, "codes", row))
        tab.wait_for_selector("#map-card:not([hidden])")
        number = images[3].splits.test[row]
        assert tab.inner_text("#map-card-key") == f"row {number}"
        assert str(images[3].splits.labels[number]) in tab.inner_text("#map-card-text")
        assert tab.locator("#map-codes .ring.hovered").count() == 1
        assert tab.locator("#map-raw .ring.hovered").count() == 1
        ring = tab.locator("#map-raw .ring.hovered").bounding_box()
        expected = point(tab, "raw", row)
        assert abs(ring["x"] + ring["width"] / 2 - expected[0]) < 1.5
        assert abs(ring["y"] + ring["height"] / 2 - expected[1]) < 1.5
        assert "blob:" in tab.locator("#map-card .chosen .thumb").evaluate("each => each.style.backgroundImage")


def test_a_click_keeps_the_row_and_lists_its_ten_neighbours(opened, vector_page, vectors):
    with opened(vector_page) as tab:
        row = lone_row(tab)
        tab.mouse.click(*point(tab, "codes", row))
        tab.wait_for_selector("#map-card-near:not([hidden])")
        test = vectors[3].splits.test
        codes = vectors[3].representations["encoder"].encode(test).astype(float)
        unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        nearest = np.argsort(-(unit @ unit[row]), kind="stable")[1:11]
        assert tab.locator("#map-card ol button").all_inner_texts() == [f"key {test[each]}" for each in nearest]
        assert tab.locator("#map-codes .ring.near").count() == 10
        tab.locator("#map-card ol button").first.click()
        assert tab.inner_text("#map-card-key") == f"key {test[nearest[0]]}"


def test_a_row_is_found_by_its_key_without_a_mouse(opened, vector_page):
    with opened(vector_page) as tab:
        tab.fill("#map-find", "KEY 130")
        tab.press("#map-find", "Enter")
        assert tab.inner_text("#map-card-key") == "key 130"
        tab.fill("#map-find", "nobody")
        tab.press("#map-find", "Enter")
        assert "nobody" in tab.inner_text("#map-status")


def test_colours_go_by_class_cluster_error_or_neighbours_kept(opened, vector_page):
    colours = "() => document.getElementById('map-codes').data[0].marker.color"
    with opened(vector_page) as tab:
        assert tab.locator("#map-colour option").all_inner_texts() == ["class", "cluster", "error", "neighbours kept"]
        seen = [tab.evaluate(colours)]
        assert tab.locator("#map-legend button").count() == 3
        for name in ("cluster", "error", "neighbours kept"):
            tab.select_option("#map-colour", label=name)
            seen.append(tab.evaluate(colours))
        assert len({tuple(each) for each in seen}) == 4
        tab.select_option("#map-colour", label="class")
        tab.locator("#map-legend button").first.click()
        opacity = tab.evaluate("() => document.getElementById('map-raw').data[0].marker.opacity")
        assert sorted(set(opacity)) == [0.06, 0.95]


def test_every_button_of_the_mode_bars_works_and_offers_no_upload(opened, vector_page):
    with opened(vector_page) as tab:
        config = tab.evaluate("() => document.getElementById('map-codes')._context")
        assert config["showSendToCloud"] is False
        assert config["plotlyServerURL"] == ""
        tab.click("#map-deep-button")
        tab.wait_for_selector("#map-deep .modebar-btn", state="attached")
        for name in ("codes", "raw", "deep"):
            buttons = tab.locator(f"#map-{name} .modebar-btn")
            titles = [buttons.nth(place).get_attribute("data-title") for place in range(buttons.count())]
            assert not [title for title in titles if "cloud" in title.lower() or "chart studio" in title.lower()]
            for place, title in enumerate(titles):
                buttons.nth(place).scroll_into_view_if_needed()
                if "ownload" in title:
                    with tab.expect_download() as download:
                        buttons.nth(place).click()
                    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"
                else:
                    buttons.nth(place).click()


def test_a_table_is_sorted_by_its_headings(opened, vector_page):
    column = "() => [...document.querySelectorAll('#scores-table tbody tr')].map((row) => row.cells[{}].dataset.value)"
    with opened(vector_page) as tab:
        heads = tab.locator("#scores-table thead button")
        place = heads.all_inner_texts().index("overlap")
        heads.nth(place).click()
        values = [float(each) for each in tab.evaluate(column.format(place))]
        assert values == sorted(values, reverse=True)
        heads.nth(place).click()
        values = [float(each) for each in tab.evaluate(column.format(place))]
        assert values == sorted(values)
        head = tab.locator("#scores-table thead th").nth(place)
        assert head.get_attribute("aria-sort") == "ascending"
        heads.nth(0).click()
        assert tab.locator("#scores-table tbody th").all_inner_texts() == ["encoder", "raw", "untrained"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_follows_the_system_and_the_switch(opened, vector_page, theme):
    background = "() => getComputedStyle(document.body).backgroundColor"
    expected = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
    other = {"light": "dark", "dark": "light"}[theme]
    with opened(vector_page, color_scheme=theme) as tab:
        assert tab.evaluate(background) == expected[theme]
        tab.click("#theme")
        assert tab.evaluate(background) == expected[other]
        tab.click("#theme")
        assert tab.evaluate(background) == expected[theme]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_enough_to_be_read(opened, vector_page, theme):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    with opened(vector_page, color_scheme=theme, wait=False) as tab:
        for paper in ("--paper", "--panel"):
            for ink in ("--ink", "--muted", "--own", "--good", "--bad"):
                assert tab.evaluate(CONTRAST, [ink, paper]) >= 4.5, (ink, paper)


CONTRAST = """([ink, paper]) => {
    const light = (name) => {
        const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim().slice(1);
        const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
            .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low, high] = [light(ink), light(paper)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}"""


def test_a_phone_is_never_scrolled_sideways(opened, vector_page):
    with opened(vector_page, viewport=NARROW, has_touch=True, is_mobile=True) as tab:
        assert tab.evaluate("() => document.documentElement.scrollWidth") == NARROW["width"]


def test_it_prints_whole_without_what_is_of_no_use_on_paper(opened, vector_page):
    with opened(vector_page, color_scheme="dark") as tab:
        tab.emulate_media(media="print")
        assert tab.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        for useless in ("#theme", "nav", ".controls"):
            assert not tab.locator(useless).is_visible()
        assert tab.locator("#map-codes").is_visible()
        assert tab.pdf()[:5] == b"%PDF-"


def test_it_works_inside_a_sandboxed_frame(opened, picture_page, tmp_path):
    """As MLflow shows artifacts."""
    (tmp_path / "inside.html").write_text(picture_page, encoding="utf-8")
    frame = (
        "<!doctype html><html lang=en data-map=drawn><title>frame</title><link rel=icon href='data:,'>"
        "<iframe sandbox='allow-scripts' style='width:1100px;height:800px' src='inside.html'></iframe>"
    )
    with opened(frame) as tab:
        inside = tab.frames[1]
        inside.wait_for_selector("html[data-map=drawn]", state="attached", timeout=60_000)
        titles = inside.eval_on_selector_all("#map-codes .modebar-btn", "all => all.map((each) => each.dataset.title)")
        assert titles
        assert not [title for title in titles if "ownload" in title]  # which a sandbox forbids
        inside.click("#theme")
        inside.fill("#map-find", "row 1")
        inside.press("#map-find", "Enter")
        assert inside.inner_text("#map-card-key").startswith("row 1")


def test_hostile_keys_are_shown_and_not_run(opened, hostile):
    with opened(drawn(hostile)) as tab:
        tab.on("dialog", lambda dialog: pytest.fail("a key was run"))
        tab.fill("#map-find", "</script>")
        tab.press("#map-find", "Enter")
        assert tab.inner_text("#map-card-key").startswith("</script><img src=x onerror=alert(1)>")
        assert tab.locator("img[src=x]").count() == 0


@pytest.mark.slow
@pytest.mark.long
def test_sixty_thousand_rows_fit_into_five_megabytes(opened, vectors):
    rng = np.random.default_rng(0)
    classes = rng.integers(12, size=61_000)
    features = (rng.normal(size=(61_000, 16)) + 2 * rng.normal(size=(12, 16))[classes]).astype(np.float32)
    keys = np.asarray([f"name {row:07d}" for row in rng.permutation(61_000)], dtype=object)
    labels = np.asarray([f"class {each}" for each in classes], dtype=object)
    rows = np.arange(61_000)
    splits = Splits(features, train=rows[:500], validation=rows[500:600], test=rows[600:], keys=keys, labels=labels)
    encoder = type("Half", (), {"name": "encoder", "encode": lambda _, rows: features[rows, :8]})()
    recipe, report, verdict, _, trained = vectors
    evidence = Evidence(splits, {"encoder": encoder})
    html = drawn((recipe, report, verdict, evidence, trained), rows=60_000)
    assert len(html.encode()) < 5_000_000
    assert html.count('id="plotly-bundle"') == 1
    assert "60,000 of 60,400 test rows, too many for thumbnails" in html
    with opened(html) as tab:
        assert tab.evaluate("() => document.getElementById('map-codes').data[0].type") == "scattergl"
        assert tab.evaluate("() => document.getElementById('map-codes').data[0].x.length") == 60_000
        row = lone_row_of_many(tab)
        tab.mouse.move(*point(tab, "codes", row))
        tab.wait_for_selector("#map-raw .ring.hovered")


def lone_row_of_many(tab):
    """The row whose point lies leftmost."""
    return tab.evaluate("() => { const { x } = document.getElementById('map-codes').data[0]; return x.indexOf(0); }")
