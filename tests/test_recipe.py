"""Finding, composing and checking recipes: nothing here may need TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from zoo.errors import InputError, RecipeError
from zoo.recipe import compose, expand, list_recipes

ROOT = Path(__file__).parent.parent
NAME = "vae_word2vec"


def faults(*overrides, recipe=NAME):
    with pytest.raises(RecipeError) as caught:
        compose(recipe, overrides)
    return str(caught.value)


def test_every_recipe_composes_and_says_what_it_is_for():
    recipes = list_recipes()
    assert len(recipes) >= 18
    for name, purpose in recipes.items():
        assert 20 < len(purpose) < 120, name
        config = compose(name).config
        assert config["name"] == name
        assert config["gates"], f"{name} has no gate"


def test_every_recipe_header_carries_its_measured_result():
    for path in (ROOT / "recipes").glob("*.yaml"):
        header = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
        assert "Measured" in header, path.name
        assert f"recipe={path.stem}" in header, path.name


def test_overrides_reach_the_configuration_and_defaults_are_filled_in():
    config = compose(NAME, ["train.epochs=5", "model.latent_dim=16", "seed=3"]).config
    assert config["train"]["epochs"] == 5
    assert config["model"]["latent_dim"] == 16
    assert config["seed"] == 3
    assert config["train"]["jit_compile"] is False  # not in the file: the default of the part
    assert config["train"]["_target_"] == "zoo.train.trainer.Trainer"


def test_composed_recipe_written_as_yaml_composes_to_itself(tmp_path):
    first = compose(NAME, ["train.epochs=7"])
    path = tmp_path / "again.yaml"
    path.write_text(first.yaml())
    assert compose(str(path)).config == first.config


def test_an_unreadable_recipe_is_in_the_way_of_no_other_one(tmp_path, monkeypatch):
    (tmp_path / "broken.yaml").write_text("name: [unfinished")
    (tmp_path / "mine.yaml").write_text("defaults: [dense_word2vec, _self_]\nname: mine\n")
    (tmp_path / "on_broken.yaml").write_text("defaults: [broken, _self_]\nname: on_broken\n")
    monkeypatch.setenv("ZOO_RECIPES", str(tmp_path))
    assert compose("mine").name == "mine"
    for name in ("broken", "on_broken"):
        assert "broken.yaml is not readable as YAML" in faults(recipe=name)


def test_unknown_recipe_lists_recipes_and_the_nearest():
    message = faults(recipe="vae_word2vecc")
    assert "did you mean 'vae_word2vec'?" in message
    assert "dense_word2vec" in message


def test_all_faults_are_reported_together():
    message = faults("train.epoch=5", "model.latent_dim=zero", "gates.similarity.metric=wordsim")
    assert "train.epoch: unknown key; did you mean 'epochs'?" in message
    assert "model.latent_dim: 'zero' is not a whole number, at least 1" in message
    assert "gates.similarity.metric: no metric 'wordsim'; did you mean 'wordsim353'?" in message


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model.latent_dim=0", "model.latent_dim: 0 is not a whole number, at least 1"),
        ("model.latent_dim=-3", "at least 1"),
        ("model.latent_dim=2.5", "2.5 is not a whole number"),
        ("model.latent_dim=true", "True is not a whole number"),
        ("train.learning_rate=0", "train.learning_rate: 0 is not a number, above 0"),
        ("train.learning_rate=inf", "is not a number, above 0"),
        ("train.learning_rate=nan", "is not a number, above 0"),
        ("train.schedule=plateu", "'plateu' is not one of plateau, cosine; did you mean 'plateau'?"),
        ("model.hidden=64", "model.hidden: 64 is not a list, each a whole number, at least 1"),
        ("model.hidden=[64,0]", "[64, 0] is not a list"),
        ("data.test=1.5", "data.test: 1.5 is not a number, at least 0, below 1"),
        ("data.invalid=ignore", "'ignore' is not one of error, drop"),
        ("nonsense=1", "nonsense: unknown key"),
        ("model._target_=zoo.models.VEA", "did you mean 'VAE'?"),
        ("model._target_=zoo.modles.VAE", "did you mean 'models'?"),
        ("model._target_=VAE", "is not an import path"),
        ("model._target_=zoo.metrics.ActiveUnits", "zoo.metrics.ActiveUnits is not of kind Autoencoder"),
        ("metrics.extra={_target_: zoo.representations.Raw}", "is not of kind Metric"),
        ("metrics.extra={}", "metrics.extra: needs _target_"),
        ("metrics=3", "metrics: 3 does not hold parts by name"),
        ("model.terms.cosines.weight=-1", "model.terms.cosines.weight: -1 is not a number, at least 0"),
        ("model.preprocess.shrink._target_=zoo.likelihoods.Normal", "is not of kind Preprocessing"),
        ("gates.similarity.beats=[rawest]", "no baseline 'rawest'; did you mean 'raw'?"),
        ("gates.similarity.beats=raw", "gates.similarity.beats: 'raw' is not a list, each text"),
        ("gates.empty={metric: wordsim353}", "gates.empty: says nothing"),
        ("baselines.encoder={_target_: zoo.representations.Raw}", "reserved"),
        ("~model.latent_dim", "model.latent_dim: missing; it must be a whole number, at least 1"),
        ("~model.latent_dims", "Could not delete"),
        ("train.epochs", "is not an override"),
        ("train.epochs=1,2", "add --multirun"),
        ("data.path=${nowhere}", "nowhere"),
        ("seed=-1", "seed: -1"),
    ],
)
def test_a_wrong_override_says_what_and_what_is_allowed(override, expected):
    assert expected in faults(override)


def test_recipe_files_that_cannot_be_read(tmp_path):
    for text, expected in [
        ("a: [1", "not readable as YAML"),
        ("- 1", "holds no keys"),
        ("a: 1\na: 2", "duplicate key"),
    ]:
        path = tmp_path / "broken.yaml"
        path.write_text(text)
        assert expected in faults(recipe=str(path))
    assert "did you mean 'broken.yaml'?" in faults(recipe=str(tmp_path / "brokn.yaml"))


def test_folders_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text(
        "defaults: [vae_word2vec, _self_]\nname: mine\npurpose: extends a shipped recipe\nmodel: {latent_dim: 8}\n"
    )
    monkeypatch.setenv("ZOO_RECIPES", str(tmp_path))
    assert list_recipes()["mine"] == "extends a shipped recipe"
    config = compose("mine", ["train.epochs=2"]).config
    assert (config["model"]["latent_dim"], config["train"]["epochs"]) == (8, 2)
    assert config["model"]["_target_"] == "zoo.models.VAE"
    monkeypatch.setenv("ZOO_RECIPES", str(tmp_path / "missing"))
    assert "no such folder" in faults(recipe="mine")


def test_null_takes_out_an_inherited_part(tmp_path):
    path = tmp_path / "less.yaml"
    path.write_text("defaults: [vae_word2vec, _self_]\nmodel: {terms: {cosines: null}}\ngates: {similarity: null}\n")
    config = compose(str(path)).config
    assert config["model"]["terms"] == {}
    assert "similarity" not in config["gates"]
    assert "nuance" in config["gates"]
    path.write_text("defaults: [vae_word2vec, _self_]\nmetrics: {wordsim353: null}\n")
    assert "gates.similarity.metric: no metric 'wordsim353'" in faults(recipe=str(path))


@pytest.mark.parametrize("key", ["model.preprocess", "model.terms", "gates"])
def test_an_empty_mapping_takes_out_all_of_it(key, tmp_path):
    section, _, name = key.partition(".")

    def of(recipe):
        return recipe.config[section][name] if name else recipe.config[section]

    assert of(compose("dense_word2vec"))
    assert of(compose("dense_word2vec", [f"{key}={{}}"])) == {}
    own = tmp_path / "own.yaml"
    inner = f"{{{name}: {{}}}}" if name else "{}"
    own.write_text(f"defaults: [dense_word2vec]\npurpose: none\n{section}: {inner}\n")
    assert of(compose(str(own))) == {}


def test_parts_of_ones_own_plug_in_and_are_checked(tmp_path, monkeypatch):
    (tmp_path / "my_parts.py").write_text(
        "import nothing_of_this_name\n"  # reading the signature must not import the module
        "class Mine:\n"
        "    unit, higher_is_better = 'share', True\n"
        "    def __init__(self, k: int = 3) -> None: ...\n"
        "    def values(self, representation, splits): ...\n"
        "    def statistic(self, values, weights): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = compose(NAME, ["metrics.mine={_target_: my_parts.Mine}"]).config
    assert config["metrics"]["mine"] == {"_target_": "my_parts.Mine", "k": 3}
    assert "metrics.mine.k: 'x' is not a whole number" in faults("metrics.mine={_target_: my_parts.Mine, k: x}")


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A metric whose keys were called something else once, one of them in its base class."""
    (tmp_path / "moved.py").write_text(
        "from typing import ClassVar\n"
        "class Base:\n"
        "    renamed: ClassVar[dict[str, str]] = {'rare': 'min_frequency'}\n"
        "    def values(self, representation, splits): ...\n"
        "    def statistic(self, values, weights): ...\n"
        "class Moved(Base):\n"
        "    renamed = {'near': 'neighbours'}\n"
        "    unit, higher_is_better = 'share', True\n"
        "    def __init__(self, min_frequency: int = 1, neighbours: int = 5) -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name, key in (("with_new", "min_frequency"), ("with_old", "rare")):
        (tmp_path / f"{name}.yaml").write_text(
            f"defaults: [{NAME}, _self_]\nmetrics: {{moved: {{_target_: moved.Moved, {key}: 2}}}}\n"
        )
    (tmp_path / "old_on_new.yaml").write_text("defaults: [with_new, _self_]\nmetrics: {moved: {rare: 3}}\n")
    (tmp_path / "new_on_old.yaml").write_text("defaults: [with_old, _self_]\nmetrics: {moved: {min_frequency: 3}}\n")
    monkeypatch.setenv("ZOO_RECIPES", str(tmp_path))


@pytest.mark.parametrize(
    ("recipe", "overrides", "expected"),
    [
        ("with_new", [], 2),
        ("with_old", [], 2),
        ("old_on_new", [], 3),  # the later file wins, whatever it calls the key
        ("new_on_old", [], 3),
        ("with_new", ["metrics.moved.rare=4"], 4),
        ("with_old", ["metrics.moved.min_frequency=4"], 4),
        ("old_on_new", ["metrics.moved.min_frequency=4"], 4),
        ("with_old", ["~metrics.moved.rare"], 1),
    ],
)
def test_a_key_goes_by_its_former_name_for_a_release(moved, recipe, overrides, expected):
    composed = compose(recipe, overrides)
    assert composed.config["metrics"]["moved"] == {
        "_target_": "moved.Moved",
        "min_frequency": expected,
        "neighbours": 5,
    }
    told = "metrics.moved.rare is now called metrics.moved.min_frequency; the old name works in this release only"
    used = recipe != "with_new" or any("rare" in each for each in overrides)
    assert composed.notes == ((told,) if used and "~metrics.moved.rare" not in overrides else ())


def test_former_names_of_several_keys_and_of_inherited_ones(moved):
    composed = compose("with_old", ["metrics.moved.near=9"])
    assert composed.config["metrics"]["moved"] == {"_target_": "moved.Moved", "min_frequency": 2, "neighbours": 9}
    assert [note.split()[0] for note in composed.notes] == ["metrics.moved.rare", "metrics.moved.near"]
    assert "metrics.moved.neighbours: 'x' is not a whole number" in faults("metrics.moved.near=x", recipe="with_old")


def test_a_key_under_both_of_its_names_is_a_fault(moved):
    both = ("metrics.moved.rare=4", "metrics.moved.min_frequency=4")
    for overrides in (both, both[::-1]):
        message = faults(*overrides, recipe="with_new")
        assert "metrics.moved.rare: is now called min_frequency, and both are given; keep min_frequency" in message


def test_a_former_name_is_told_on_the_command_line(moved, capsys):
    from zoo.run import main

    assert main(["recipe=with_old", "--cfg", "job"]) == 0
    printed = capsys.readouterr()
    assert "note: metrics.moved.rare is now called metrics.moved.min_frequency" in printed.err
    assert yaml.safe_load(printed.out)["metrics"]["moved"]["min_frequency"] == 2


def test_sweeps_are_expanded_as_hydra_does():
    assert expand(["a=1,2", "b=x", "c=range(0,2)"]) == [[f"a={a}", "b=x", f"c={c}"] for a in (1, 2) for c in (0, 1)]


def test_building_says_which_section_a_part_refused(tmp_path, monkeypatch):
    (tmp_path / "picky.py").write_text(
        "class Picky:\n"
        "    def __init__(self, k: int = 3):\n        raise ValueError('k must be odd')\n"
        "    def values(self, representation, splits): ...\n"
        "    def statistic(self, values, weights): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RecipeError, match=r"^metrics: k must be odd"):
        compose(NAME, ["metrics.picky={_target_: picky.Picky}"]).build("metrics")
    with pytest.raises(InputError, match="leave nothing to train on"):
        compose(NAME, ["data.test=0.6", "data.validation=0.5"]).build("data")


def test_help_and_faults_do_not_wait_for_tensorflow():
    script = (
        "import sys, zoo, zoo.run\n"
        "assert zoo.run.main(['recipe=vae_word2vec', 'train.epoch=1']) == 2\n"
        "assert zoo.run.main(['recipe=vae_word2vec', '--cfg', 'job']) == 0\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'gensim', 'pandas', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "zoo.run.main(['--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "train.epoch: unknown key" in done.stderr
    printed, _, shown_help = done.stdout.partition("usage:")
    assert yaml.safe_load(printed)["name"] == NAME
    for name, purpose in list_recipes().items():
        assert name in shown_help
        assert purpose in shown_help


def test_what_is_kept_of_a_recipe_has_no_password_in_it(monkeypatch):
    monkeypatch.setenv("SECRET_OF_TEST", "s3cret")
    url = "postgresql://bob:${oc.env:SECRET_OF_TEST}@host/db"
    table = f"+data.table={{_target_: zoo.tables.Query, url: '{url}', sql: 'SELECT 1'}}"
    recipe = compose("dense_vectors", ["data.path=null", table])
    assert recipe.config["data"]["table"]["url"] == "postgresql://bob:s3cret@host/db"
    public = recipe.public()
    assert "s3cret" not in public.yaml()
    assert public.config["data"]["table"]["url"] == "postgresql://bob:***@host/db"
    assert public.config["model"] == recipe.config["model"]


@pytest.mark.parametrize("recipe", [NAME, "dense_vectors"])
def test_a_recipe_may_do_without_its_page(recipe):
    assert compose(recipe, ["page=null"]).config["page"] is None
    assert compose(recipe, ["page=null"]).build("page") is None
    assert compose(recipe, ["page.rows=5"]).config["page"]["rows"] == 5
    assert "3 is not a part" in faults("page=3", recipe=recipe)
