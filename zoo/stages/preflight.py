"""What is refused, or said, before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.report.messages import missing_labels
from zoo.stages.fields import require_fields
from zoo.stages.opponents import opponents
from zoo.train.folds import require_in_memory
from zoo.train.threshold import require_validation_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.tracking.tracker import Tracker
    from zoo.types import Splits


_SEEDS = 2**32
_NOT_IN_NAMES = "/\\:@"  # they part a name from a folder, a version or an alias


def require_name(name: str) -> None:
    """Raises InputError for a name that the registry, the store or a server could not take."""
    wrong = sorted({each for each in name if each in _NOT_IN_NAMES or not each.isprintable()})
    if wrong or not name.strip() or name.startswith("."):
        problem = f"it has {', '.join(map(repr, wrong))} in it" if wrong else "it is empty or begins with a dot"
        raise InputError(
            f"name={name!r}: {problem}; a name is that of a folder, of a registered model and of an address at once, "
            f"so take letters, digits, - and _"
        )


def require_gates(recipe: Recipe) -> None:
    """Raises InputError for gates that no encoder could pass, and for a choice that nothing could make."""
    metrics = recipe.build("metrics")
    choose_by = metrics.get(recipe.config["choose_by"])
    if choose_by is not None and choose_by.higher_is_better is None:
        raise InputError(
            f"choose_by={recipe.config['choose_by']}: it describes an encoder and ranks none, so none can be chosen by "
            f"it: name another metric, or loss"
        )
    if getattr(choose_by, "ignores_splits", False):
        raise InputError(
            f"choose_by={recipe.config['choose_by']}: it asks the same rows, pairs or queries whichever rows are held "
            f"out, so what chooses would be what judges: name another metric, or loss"
        )
    for name, gate in (recipe.build("gates") or {}).items():
        if gate.beats and metrics[gate.metric].higher_is_better is None:
            raise InputError(
                f"gates.{name}: {gate.metric} describes an encoder and ranks none, so none can be beaten by it: "
                f"name another metric, or give at_least instead of beats"
            )


def require_seeds(recipe: Recipe) -> None:
    """Raises InputError for a last seed beyond what NumPy, Keras and TensorFlow take."""
    seeds = recipe.build("train").seeds
    if recipe.seed + seeds > _SEEDS:
        raise InputError(f"seed={recipe.seed} with train.seeds={seeds}: the last seed must be below {_SEEDS}")


def require_places(name: str, tracker: Tracker, exporter: Exporter) -> None:
    """Raises InputError if the registry or the store cannot be written to, or do not belong together."""
    tracker.require_writable()
    exporter.require_writable(name)
    stored, registered = exporter.newest_version(name), tracker.newest_version(name)
    if stored > registered:
        raise InputError(
            f"the store {exporter.store} has version {stored} of {name}, the registry "
            f"{tracker.resolved_uri} only {registered}: they do not belong together, and the next version "
            f"would clash. Set export.store=FOLDER or MLFLOW_TRACKING_URI, or move the store's versions away"
        )


def require_rows(recipe: Recipe, splits: Splits) -> None:
    """Raises InputError if the rows are not what the recipe's threshold, its judge or its baselines need."""
    require_validation_rows(recipe.config["model"].get("false_alarm_rate"), splits)
    if recipe.build("train").folds:
        require_in_memory(splits)
    judge = recipe.build("judge")
    judge.scaled(splits)
    require_fields(judge.fields, splits)
    for name, baseline in opponents(recipe).items():
        if hasattr(baseline, "require"):
            baseline.require(name, splits)


def other_width(recipe: Recipe, tracker: Tracker) -> str:
    """That the champion has codes of another width, so that it will not be replaced; "" if it has not."""
    champion, width = tracker.champion_width(recipe.name), recipe.config["model"].get("latent_dim")
    if champion is None or width is None or champion == width or not recipe.config["publish"]:
        return ""
    return (
        f"the champion of {recipe.name} has codes of {champion} numbers and stays, since others may use it; "
        f"name={recipe.name}_{width} publishes codes of {width} under a name of their own"
    )


def shortages(recipe: Recipe, splits: Splits) -> Iterator[str]:
    """What the table lacks for metrics of the recipe, each with the metrics that lack it."""
    lacking: dict[str, list[str]] = {}
    for name, metric in recipe.build("metrics").items():
        if hasattr(metric, "shortage") and (lack := metric.shortage(splits)):
            lacking.setdefault(lack, []).append(name)
    for lack, names in lacking.items():
        yield f"{', '.join(names)}: {lack}"


def hopeless_gates(recipe: Recipe, splits: Splits) -> str:
    """Which gates nothing can pass for want of labels; "" if there are none."""
    return missing_labels(recipe.build("metrics"), recipe.build("gates") or {}, splits)
