"""Recipes: found in folders, composed and overridden with Hydra, checked whole before anything heavy happens."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from zoo.errors import RecipeError, suggestion
from zoo.former_names import in_file, in_overrides
from zoo.tables.words import without_password

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zoo.evaluate.judge import Judge
    from zoo.export.exporter import Exporter
    from zoo.models.autoencoder import Autoencoder
    from zoo.page.page import Page
    from zoo.tracking.tracker import Tracker
    from zoo.train.trainer import Trainer
    from zoo.types import Baseline, Gate, Metric, Seed, Source

RESERVED = ("encoder", "champion")
_HOME = Path(__file__).parent


@dataclass(frozen=True)
class Schema:
    """The keys of a recipe, in the order of the pipeline.

    Attributes:
        name: name of the registered model and of the exported folder.
        purpose: one line for the list of recipes.
        data: where rows come from.
        model: what is trained.
        train: how.
        baselines: what the encoder is compared with, by name.
        metrics: by name.
        judge: how sure the comparison is.
        page: how the report page is drawn; null for none.
        export: where blessed encoders go.
        tracking: where runs are logged.
        gates: conditions for blessing, by name; without any, nothing is blessed.
        choose_by: the metric by which a sweep chooses, on validation rows, or `loss`; null takes that of the first gate
            which those rows give a value of.
        publish: whether a blessed encoder is registered, exported and made champion; otherwise it is kept with its
            run, and `python -m zoo.publish` does it later.
        seed: of weights, noise and order.
    """

    name: str
    purpose: str
    data: Source
    model: Autoencoder
    train: Trainer
    baselines: Mapping[str, Baseline]
    metrics: Mapping[str, Metric]
    judge: Judge
    page: Page | None
    export: Exporter
    tracking: Tracker
    gates: Mapping[str, Gate] | None = None
    choose_by: str | None = None
    publish: bool = True
    seed: Seed = 0


@dataclass(frozen=True)
class Recipe:
    """A composed and checked recipe.

    Attributes:
        config: the whole of it, plain dictionaries, defaults filled in.
        overrides: what was changed on the command line.
        notes: what its owner would want to know, such as keys that are called something else now.
        rows: a table in memory that the source reads in place of a file, and where in `data` that source is: () for the
            section itself, ("data",) for one that it wraps.
        written: the file that it was composed from, where the zoo wrote one for the data; "" where a user names it.
    """

    config: Mapping[str, Any]
    overrides: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[Any, tuple[str, ...]] | None = None
    written: str = ""

    @property
    def name(self) -> str:
        """Name of the registered model and of the exported folder."""
        return str(self.config["name"])

    @property
    def purpose(self) -> str:
        """What it is for, in one line."""
        return str(self.config["purpose"])

    @property
    def seed(self) -> int:
        """Seed of weights, noise and order."""
        return int(self.config["seed"])

    def build(self, section: str) -> Any:
        """Makes the objects of a section: a part, or a dictionary of parts.

        Raises:
            RecipeError: a part refuses its arguments.
        """
        from hydra.errors import InstantiationException
        from hydra.utils import instantiate

        try:
            if section == "data" and self.rows is not None:
                return _with_table(self.config[section], *self.rows)
            return instantiate(self.config[section], _convert_="all")
        except InstantiationException as error:
            if isinstance(error.__cause__, ValueError | TypeError):
                raise RecipeError(f"{section}: {error.__cause__}") from error
            raise (error.__cause__ or error) from None

    def with_rows(self, table: Any, place: tuple[str, ...] = ()) -> Recipe:
        """The recipe with a table in memory as its rows, see `rows`."""
        return replace(self, rows=(table, place))

    def public(self) -> Recipe:
        """The recipe as it may be kept and shown: passwords in URLs are asterisks."""
        overrides = tuple(map(without_password, self.overrides))
        return Recipe(
            _without_passwords(dict(self.config)), overrides, self.notes, written=without_password(self.written)
        )

    def yaml(self) -> str:
        """The composed recipe as YAML."""
        return yaml.safe_dump(dict(self.config), sort_keys=False, allow_unicode=True, width=120)


def _with_table(config: Mapping[str, Any], table: Any, place: tuple[str, ...]) -> Any:
    """A source that reads a table in memory, or wraps one that does; Hydra would copy what it is given."""
    from hydra.utils import instantiate

    if not place:
        return instantiate(config, _partial_=True, _convert_="all")(table=table)
    inner = _with_table(config[place[0]], table, place[1:])
    others = {name: value for name, value in config.items() if name != place[0]}
    return instantiate(others, _partial_=True, _convert_="all")(**{place[0]: inner})


def _without_passwords(value: Any) -> Any:
    """The same plain value, every text in it without the passwords of URLs."""
    if isinstance(value, str):
        return without_password(value)
    if isinstance(value, dict):
        return {key: _without_passwords(each) for key, each in value.items()}
    return [_without_passwords(each) for each in value] if isinstance(value, list | tuple) else value


def list_recipes() -> dict[str, str]:
    """Names and one-line purposes of the recipes in the shipped folder and in those of ZOO_RECIPES."""
    return {name: _purpose(path) for name, path in sorted(_found().items())}


def compose(recipe: str, overrides: Sequence[str] = ()) -> Recipe:
    """Composes a recipe with its overrides and checks all of it.

    Args:
        recipe: a recipe's name, or the path of a YAML file.
        overrides: such as `train.epochs=5`, in Hydra's grammar.

    Raises:
        RecipeError: no such recipe, unreadable YAML, or any wrong key or value; all faults are listed.
    """
    from zoo.checking import Checker
    from zoo.signature import read_signature

    schema, renamed = read_signature("zoo.recipe.Schema"), {}
    checker = Checker()
    filled = checker.arguments("", _composed(recipe, overrides), schema)
    if checker.renamed:
        # with the names of today in every file and override, the later one wins whatever it was called there
        renamed = checker.renamed
        checker = Checker()
        filled = checker.arguments("", _composed(recipe, overrides, renamed), schema)
    checker.faults += _gate_faults(filled)
    if checker.faults:
        raise RecipeError("\n  ".join([f"recipe {recipe}:", *checker.faults]))
    notes = [f"{old} is now called {new}; the old name works in this release only" for old, new in renamed.items()]
    return Recipe(filled, tuple(overrides), tuple(notes))


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """Every combination of overrides that sweep over values (`model.latent_dim=16,25`, `range(1,4)`, ...).

    Raises:
        RecipeError: an override that is not in Hydra's grammar.
    """
    choices = []
    for override in _parse(overrides):
        if override.is_sweep_override():
            key = override.get_key_element()
            choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([override.input_line])
    return [list(combination) for combination in product(*choices)]


def _parse(overrides: Sequence[str]) -> list[Any]:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parsed = []
    for override in overrides:
        try:
            parsed += OverridesParser.create().parse_overrides([override])
        except HydraException:
            raise RecipeError(
                f"{override!r} is not an override: write key=value; a value with spaces, commas or brackets in it "
                f"needs quotes of its own, such as 'data.path=\"my file.txt\"'"
            ) from None
    return parsed


def _composed(recipe: str, overrides: Sequence[str], renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a recipe's files and the overrides hold together, dotted keys of `renamed` under their present names."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.config_store import ConfigStore
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    path = recipe_file(recipe)
    name = path.stem
    nodes = _with_defaults(name, _found() | {name: path})
    for node in nodes.values():
        for old, new in (renamed or {}).items():
            in_file(node, old, new)
    given = [each for override in _parse(in_overrides(overrides, renamed or {})) for each in _forced(override)]
    # the recipe's own file is merged over those that it starts from, in which an empty mapping would change nothing
    forced = [*(each for key in _emptied(_read(path)) for each in _replaced(key)), *given]
    store = ConfigStore.instance()
    held = dict(store.repo)
    try:
        for each, node in nodes.items():
            store.store(group="recipe", name=each, package="_global_", node=OmegaConf.create(node))
        store.store(name="zoo", node={"defaults": ["_self_", {"recipe": name}]})
        # not `initialize`, which reads the source of all that has called it; its folder holds nothing of Hydra's
        with initialize_config_dir(str(Path(__file__).parent / "cli"), version_base="1.3"):
            config = hydra_compose("zoo", overrides=forced)
        plain = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise RecipeError(f"recipe {recipe}: {str(error).splitlines()[0]}") from None
    finally:
        store.repo.clear()  # Hydra copies all that it holds each time, and that grew by every recipe
        store.repo.update(held)
    assert isinstance(plain, dict)  # noqa: S101  a mapping went in
    return {"name": name, **{str(key): value for key, value in plain.items()}}


def _with_defaults(name: str, found: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """What a recipe's file holds, and the files that it starts from; no other file need be readable."""
    read: dict[str, dict[str, Any]] = {}
    wanted = [name]
    while wanted:
        each = wanted.pop()
        if each not in read and each in found:
            read[each] = _read(found[each])
            defaults = read[each].get("defaults")
            wanted += [start for start in defaults if isinstance(start, str)] if isinstance(defaults, list) else []
    return read


def _forced(override: Any) -> list[str]:
    """Lets Hydra set keys that it does not know: the check that follows names them all, with the nearest match."""
    if override.is_sweep_override():
        raise RecipeError(f"{override.input_line!r} names several values: add --multirun, or quote the value")
    if override.is_delete():
        return [str(override.input_line)]
    if override.value() == {}:
        return _replaced(override.key_or_group)
    return [f"++{str(override.input_line).lstrip('+')}"]


def _replaced(key: str) -> list[str]:
    """Puts an empty mapping in place of one with entries; Hydra would merge the two."""
    return [f"++{key}=null", f"++{key}={{}}"]


def _emptied(node: Mapping[str, Any], above: str = "") -> list[str]:
    """Dotted keys of the empty mappings in a recipe's file."""
    found = []
    for name, value in node.items():
        if isinstance(value, dict):
            found += _emptied(value, f"{above}{name}.") if value else [f"{above}{name}"]
    return found


def _gate_faults(config: Mapping[str, Any]) -> list[str]:
    sections = {name: config.get(name) or {} for name in ("metrics", "baselines", "gates")}
    if not all(isinstance(section, dict) for section in sections.values()):
        return []  # said already
    faults = [
        f"{section}.{name}: this name is reserved for the {name} itself"
        for section in ("baselines",)
        for name in sections[section]
        if name in RESERVED
    ]
    for name, gate in sections["gates"].items():
        if not isinstance(gate, dict):
            continue
        if isinstance(gate.get("metric"), str) and gate["metric"] not in sections["metrics"]:
            faults.append(
                f"gates.{name}.metric: no metric {gate['metric']!r}; {suggestion(gate['metric'], sections['metrics'])}"
            )
        beats = gate["beats"] if isinstance(gate.get("beats"), list) else []
        faults += [
            f"gates.{name}.beats: no baseline {each!r}; {suggestion(str(each), sections['baselines'])}"
            for each in beats
            if each not in sections["baselines"]
        ]
        if not beats and gate.get("at_least") is None:
            faults.append(f"gates.{name}: says nothing; give beats (a list of baselines), at_least (a number), or both")
    choose_by = config.get("choose_by")
    if isinstance(choose_by, str) and choose_by not in {"loss", *sections["metrics"]}:
        nearest = suggestion(choose_by, ["loss", *sections["metrics"]])
        faults.append(f"choose_by: no metric {choose_by!r}, nor loss; {nearest}")
    return faults


def _folders() -> Iterable[Path]:
    """Folders with recipes; where a name occurs twice the later folder's recipe counts."""
    shipped = _HOME / "recipes_shipped"  # in a wheel
    yield shipped if shipped.is_dir() else _HOME.parent / "recipes"
    yield from (Path(folder).expanduser() for folder in os.environ.get("ZOO_RECIPES", "").split(os.pathsep) if folder)


def _found() -> dict[str, Path]:
    missing = [str(folder) for folder in _folders() if not folder.is_dir()]
    if missing:
        raise RecipeError(f"no such folder of recipes: {', '.join(missing)} (see the variable ZOO_RECIPES)")
    return {path.stem: path for folder in _folders() for path in sorted(folder.glob("*.yaml"))}


def recipe_file(recipe: str) -> Path:
    """The file of a recipe, by its name or as a path; raises RecipeError where there is none."""
    if recipe.endswith((".yaml", ".yml")) or os.sep in recipe:
        path = Path(recipe).expanduser()
        if path.is_file():
            return path
        beside = [each.name for each in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise RecipeError(f"no recipe file {recipe}; {suggestion(path.name, beside, what=f'in {path.parent}')}")
    found = _found()
    if recipe not in found:
        raise RecipeError(f"no recipe {recipe!r}; {suggestion(recipe, found, what='recipes')}")
    return found[recipe]


def _read(path: Path) -> dict[str, Any]:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        config = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
        raise RecipeError(f"{path} is not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(config, dict):
        raise RecipeError(f"{path} holds no keys")
    return {str(key): value for key, value in config.items()}


def _purpose(path: Path) -> str:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        return str(config["purpose"])
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError):
        return "(no purpose given, or not readable)"
