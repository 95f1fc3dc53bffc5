"""README.md and docs/ say what is so: Python runs, commands and keys are there, links lead somewhere."""

import contextlib
import importlib
import importlib.util
import io
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from documents import LINKED, PAGES, ROOT, anchors, blocks, commands, links, shell_lines

import zoo.__main__
from zoo.recipe import compose

# what stands for something of the reader's own
PLACEHOLDER = re.compile(r"[A-Z]+")
OTHER_TOOLS = {"pip", "make", "curl", "docker", "kubectl", "mlflow", "export", "embedding-atlas", "jupyter", "git"}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target, anchor in links(page):
        to = (page.parent / target).resolve() if target else page
        assert to.exists(), f"{page.name}: there is no {target}"
        if anchor and to.suffix == ".md":
            assert anchor in set(anchors(to)), f"{page.name}: {target} has no heading #{anchor}"


def test_every_page_and_notebook_is_in_the_site():
    def named(entries):
        for entry in entries:
            for value in entry.values() if isinstance(entry, dict) else [entry]:
                yield from [value] if isinstance(value, str) else named(value)

    lines = (ROOT / "mkdocs.yml").read_text()
    shown = set(named(yaml.safe_load(lines)["nav"]))
    there = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    there |= {f"notebooks/{path.stem}.md" for path in (ROOT / "docs/notebooks").glob("*.ipynb")}
    assert there <= shown, f"add to nav of mkdocs.yml: {sorted(there - shown)}"


def test_every_block_says_what_it_is():
    for page in PAGES:
        for block in blocks(page):
            assert block.language in {"sh", "console", "python", "yaml", "text", "json", "sql"}, block.place
            if block.language == "sh":
                for words in shell_lines(block.text):
                    known = words[0] in {"zoo", *OTHER_TOOLS} or words[:2] == ["python", "-m"]
                    assert known, f"{block.place}: {words}"


def test_the_front_page_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_targets_of_make_and_extras_are_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    for page in PAGES:
        text = page.read_text()
        assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets, page.name
        assert set(re.findall(r"encoder-zoo\[(\w+)\]", text)) <= extras, page.name


def test_keys_of_commands_are_those_of_their_help():
    known: dict[str, set[str]] = {}
    for page in PAGES:
        for place, name, arguments in commands(page):
            if name == "run":
                continue
            assert name in zoo.__main__._COMMANDS, f"{place}: no command {name}"
            if name not in known:
                known[name] = options_of(name)
            for each in arguments:
                key = each.partition("=")[0] if "=" in each or each.startswith("--") else None
                if key and "." not in key:  # a recipe's key is looked at below
                    assert PLACEHOLDER.fullmatch(key) or key in known[name], f"{place}: {name} {each}"


def options_of(command):
    """Keys and flags that the help of a command tells."""
    said = io.StringIO()
    module = importlib.import_module(zoo.__main__._COMMANDS[command][0])
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        module.main(["--help"])
    return set(re.findall(r"^ +(\w+) ", said.getvalue(), re.MULTILINE)) | set(re.findall(r"--\w+", said.getvalue()))


def test_recipes_and_their_keys_are_there(tmp_path, monkeypatch):
    """What a recipe is run with is composed and checked; overrides of several commands together, where they can be."""
    monkeypatch.chdir(tmp_path)
    for page in PAGES:
        for block in blocks(page):
            if block.language == "yaml" and "defaults:" in block.text:
                written = yaml.safe_load(block.text)
                (tmp_path / f"{written['name']}.yaml").write_text(block.text)
                assert compose(f"./{written['name']}.yaml", []).config["name"] == written["name"]
    together: dict[str, list[dict[str, str]]] = {}
    for page in PAGES:
        for place, recipe, overrides in runs(page):
            keyed = {each.lstrip("+~").partition("=")[0]: each for each in overrides}
            groups = together.setdefault(recipe, [{}])
            if any(key in groups[-1] for key in keyed):
                groups.append({})
            groups[-1].update({key: f"{each}|{place}" for key, each in keyed.items()})
    assert len(together) > 5
    for recipe, groups in together.items():
        for group in groups:
            try:
                compose(recipe, [each.rpartition("|")[0] for each in group.values()])
            except Exception as error:
                raise AssertionError(f"recipe={recipe} with {list(group.values())}") from error


def runs(page):
    """(place, recipe, overrides) of every run that a page names, in commands and in tables (`NAME key=value`)."""
    for place, name, arguments in commands(page):
        recipe = next((each.removeprefix("recipe=") for each in arguments if each.startswith("recipe=")), None)
        if name == "judge" and any("." in each.partition("=")[0] for each in arguments):
            recipe = arguments[0].partition("/")[0]  # its encoder has its name
        if recipe == "auto" or (recipe and f"zoo new {Path(recipe).stem}" in page.read_text()):
            continue  # which recipe it is, a file of the reader's says
        if name in {"run", "judge"} and recipe and not PLACEHOLDER.fullmatch(recipe):
            several = "--multirun" in arguments
            given = [each for each in arguments if "=" in each.lstrip("~") and not each.startswith("recipe=")]
            given += [each for each in arguments if each.startswith("~")]
            yield place, recipe, [each.partition(",")[0] if several else each for each in given]
    recipes = "|".join(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
    for code in re.findall(rf"`((?:{recipes}) [^`\n]*=[^`\n]*)`", page.read_text()):
        ((recipe, *overrides),) = shell_lines(code)
        yield page.name, recipe, overrides


def test_the_table_of_recipes_has_all_of_them():
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / ".ci/docs_site.py")
    site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(site)
    table = site.recipes_table()
    for path in (ROOT / "recipes").glob("*.yaml"):
        assert f"{{#{path.stem}}}" in table
        assert yaml.safe_load(path.read_text())["purpose"] in table
    assert site.TABLE_GOES_HERE in (ROOT / "docs/recipes.md").read_text()
    assert site.turn_links("[a](docs/use.md#b) [c](https://d.e)", "README.md", "index.md") == (
        "[a](use.md#b) [c](https://d.e)"
    )
    assert site.turn_links("[a](../recipes/x.yaml)", "docs/use.md", "use.md") == "[a](recipes.md#x)"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what the documents' Python takes for granted: an encoder of 300 words, with its vocabulary."""
    from zoo.encoder.vocabulary import EMBEDDINGS_FILE
    from zoo.export._signatures import write_saved_model
    from zoo.rows.dense_rows import DenseRows

    folder = tmp_path_factory.mktemp("place")
    model = compose("vae_word2vec", []).build("model")
    model.build((None, 50))
    write_saved_model(folder / "vae_word2vec", model, DenseRows("vector", (50,)))
    words = ["king", "queen", "woman", "man", *(f"word{number}" for number in range(296))]
    codes = list(np.random.default_rng(0).normal(size=(300, 25)).astype(np.float32))
    (folder / "vae_word2vec" / EMBEDDINGS_FILE).parent.mkdir(exist_ok=True)
    pd.DataFrame({"key": words, "embedding": codes}).to_parquet(folder / "vae_word2vec" / EMBEDDINGS_FILE)
    return folder


def given_names():
    """What the documents' Python takes from the reader."""
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(200, 50)).astype(np.float32)
    frame = pd.DataFrame(vectors[:, :25], columns=[f"e_{number}" for number in range(25)])
    frame.index = [f"k{number}" for number in range(200)]
    return {
        "vectors": vectors,
        "rows": vectors[:7],
        "keys": list("abcdefg"),
        "codes": vectors[:, :25],
        "embeddings": frame,
        "categories": np.arange(200) % 3,
        "pairs": pd.DataFrame({"a": frame.index[:50], "b": frame.index[50:100], "similar": draw.random(50)}),
    }


def run_quickly(recipe, *overrides, **settings):
    """The same run with less training and judging."""
    from zoo.cli.run import run

    less = ["train.epochs=1", "train.steps_per_epoch=2", "judge.resamples=20", "page=null", "publish=false", "~metrics"]
    less += ["+metrics.overlap={_target_: zoo.metrics.NeighbourOverlap}", "~gates"]
    less += ["export.keep=false"]
    return run(recipe, *overrides, *less, quiet=True, **settings)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_runs(page, request, monkeypatch):
    """The blocks of a page in the order of the page, as one program; what is not run is compiled."""
    programs = [block for block in blocks(page) if block.language == "python"]
    for block in programs:
        compile(block.text, block.place, "exec")
    run = [block for block in programs if not block.reason]
    if not run:
        return
    monkeypatch.chdir(request.getfixturevalue("place"))
    monkeypatch.setattr("zoo.run", run_quickly)
    names = given_names()
    for block in run:
        exec("\n" * block.line + block.text, names)  # noqa: S102  our own pages
