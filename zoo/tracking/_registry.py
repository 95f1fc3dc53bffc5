"""What the registry knows of an encoder: its champion, those before it, and what exists."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from zoo.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAMPION, LATEST = "champion", "latest"  # the newest run, blessed or not, is found and not an alias
_FORMER = (
    "zoo.former_champions"  # tag of a registered model: versions, oldest first; MLflow keeps no history of aliases
)
TEST_SET, ENCODERS = "zoo.test_set", "zoo.encoders"  # tags of a run: which rows have judged how many encoders
KEPT, LATENT_DIM = "zoo.kept", "zoo.latent_dim"  # tags of a run: id of the model it has kept, and its code's width
RECIPE = "zoo.recipe"  # tag of a run: the recipe's name
_AGAIN = "1"  # value of the tag TEST_SET.DIGEST: rows that judged the run's encoder later
_global_uri_lock = threading.Lock()


@contextlib.contextmanager
def global_uri(uri: str) -> Iterator[None]:
    """Sets MLflow's global URI, for one thread at a time, and puts back what was there.

    Whatever resolves a `models:/` URI looks there, even in a client that was given another.
    """
    import mlflow

    with _global_uri_lock:
        before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before)


def set_champion(client: Any, name: str, version: int) -> None:
    """Moves the alias `champion` to a version; see `Tracker.set_champion` for what is remembered."""
    from mlflow.exceptions import MlflowException

    former = former_champions(client, name)
    try:
        present = [int(client.get_model_version_by_alias(name, CHAMPION).version)]
    except MlflowException as error:
        if not is_absent(error):
            raise
        present = []
    everyone = [each for each in former if each not in present] + present
    kept = everyone[: everyone.index(version)] if version in everyone else everyone
    # the history first, since the alias is what counts: it has not moved unless everything else has
    client.set_registered_model_tag(name, _FORMER, ",".join(map(str, kept)))
    try:
        client.set_registered_model_alias(name, CHAMPION, str(version))
    except BaseException:
        client.set_registered_model_tag(name, _FORMER, ",".join(map(str, former)))
        raise


def former_champions(client: Any, name: str) -> list[int]:
    """The versions that were champion before the present one, oldest first."""
    text = client.get_registered_model(name).tags.get(_FORMER, "")
    return [int(each) for each in text.split(",") if each.isdigit()]


def is_absent(error: Any) -> bool:
    """Whether an MlflowException says that there is no such thing, and not that the store could not be asked."""
    return error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"}


def existing_run(client: Any, run_id: str | None) -> Any:
    """A run; None for no id, or one that the store does not know."""
    from mlflow.exceptions import MlflowException

    if run_id is None:
        return None
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if not is_absent(error):
            raise
        return None


def what_exists(client: Any, uri: str) -> str:
    """What there is instead of the model, version or alias of a `models:/` URI that there is not."""
    name = uri.removeprefix("models:/").partition("@")[0].partition("/")[0]
    models = {model.name: model for model in client.search_registered_models()}
    if name not in models:
        return f"no registered encoder {name!r}; {suggestion(name, models, what='registered')}"
    versions = sorted(int(each.version) for each in client.search_model_versions(f"name='{name}'"))
    aliases = sorted(models[name].aliases)
    return f"no such version or alias of {name!r}; versions: {versions}, aliases: {aliases}"


def latest_run(client: Any, name: str) -> str | None:
    """The id of the newest run of a recipe's name that has kept an encoder; None if there is none."""
    quoted = name.replace("'", "\\'")
    experiments = [each.experiment_id for each in pages(client.search_experiments)]
    found = client.search_runs(
        experiments,
        f"tags.`{RECIPE}` = '{quoted}' AND tags.`{KEPT}` LIKE '%'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return found[0].info.run_id if found else None


def why_none(run: Any) -> str:
    """Why a run has kept no encoder."""
    if "zoo.sweep" in run.data.tags:
        return "it is a sweep, whose chosen run has one; zoo.compare and MLflow list its runs"
    if "mlflow.parentRunId" in run.data.tags:
        return "it is one of several (of a sweep, of seeds or of folds) of which another was kept; name the parent run"
    if run.info.status != "FINISHED":
        return f"it was not judged ({run.info.status.lower()}); the command that began it takes it up again"
    return "it was made with export.keep=false, or by an earlier version"


def count_again(client: Any, run_id: str, test_set: str) -> None:
    """Notes that test rows judge the encoder of a finished run; those that its run was judged on have counted it."""
    if client.get_run(run_id).data.tags.get(TEST_SET) != test_set:
        client.set_tag(run_id, f"{TEST_SET}.{test_set}", _AGAIN)


def encoders_judged(client: Any, test_set: str) -> int:
    """How many encoders some test rows have judged, in runs and later, over all experiments, deleted runs included."""
    from mlflow.entities import ViewType

    experiments = [each.experiment_id for each in pages(client.search_experiments, view_type=ViewType.ALL)]

    def runs(tag: str, value: str) -> Iterator[Any]:
        asked = f"tags.`{tag}` = '{value}'"
        yield from pages(
            client.search_runs, experiment_ids=experiments, filter_string=asked, run_view_type=ViewType.ALL
        )

    in_runs = sum(int(run.data.tags.get(ENCODERS, 1)) for run in runs(TEST_SET, test_set))
    return in_runs + sum(1 for _ in runs(f"{TEST_SET}.{test_set}", _AGAIN))


def pages(search: Any, **what: Any) -> Iterator[Any]:
    """All that a search finds, page by page."""
    token = None
    while True:
        page = search(**what, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
