"""A registry in a file: where it is, how MLflow is told so, and where its artifacts are after the folder has moved."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from zoo.errors import InputError, ZooError, one_line
from zoo.locks import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

SQLITE = "sqlite:///"
OWN_ARTIFACTS = "zoo.artifacts"  # tag of an experiment whose artifacts lie beside the registry, wherever that is
_BESIDE = "beside the registry"
# what MLflow records as absolute places
_LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


class RegistryFile:
    """A SQLite registry, with the artifacts of its runs in a folder beside it.

    MLflow records where artifacts are as absolute places. A project that is moved or copied takes registry and
    artifacts along, so what was recorded below the former folder is looked for below the present one.

    Args:
        uri: such as `sqlite:///mlruns/mlflow.db`; in a URI, a `?` or `%` of a folder's name is written %3F or %25.

    Attributes:
        path: of the file, as it was written.

    Raises:
        InputError: a URI with an unescaped `?`.
    """

    def __init__(self, uri: str) -> None:
        name, _, self._query = uri.removeprefix(SQLITE).partition("?")
        if not all("=" in each for each in filter(None, self._query.split("&"))):
            raise InputError(f"{uri}: write %3F for a question mark in a folder's name")
        self.path = Path(unquote(name)).expanduser()

    @property
    def folder(self) -> Path:
        """The file's folder."""
        return self.path.parent

    @property
    def uri(self) -> str:
        """For MLflow, which keeps one store open for each URI: a relative one would stay that of an earlier folder."""
        from sqlalchemy import make_url

        path, query = str(self.path.absolute()), f"?{self._query}" if self._query else ""
        # an escaped name comes with the driver's: MLflow then does not make a folder of the name with its escapes
        for uri in (f"{SQLITE}{path}", f"sqlite+pysqlite:///{quote(path)}"):
            if make_url(uri).database == path:
                return f"{uri}{query}"
        raise InputError(f"{self.path}: this version of SQLAlchemy cannot open a file of this name; rename its folder")

    @property
    def artifacts(self) -> str:
        """Where the artifacts of new experiments go, a URI."""
        return (self.folder / "artifacts").absolute().as_uri()

    def registered(self) -> dict[str, list[int]] | None:
        """Names of registered models -> their versions, without importing MLflow; None where only that can tell."""
        query = """SELECT model.name, version.version FROM registered_models AS model
            LEFT JOIN model_versions AS version
            ON version.name = model.name AND COALESCE(version.current_stage, '') != 'Deleted_Internal'"""
        found: dict[str, list[int]] = {}
        try:
            with self._opened("ro") as database:
                for name, version in database.execute(query).fetchall():
                    found.setdefault(name, []).extend([] if version is None else [int(version)])
        except ZooError:  # no tables yet, or those of another MLflow
            return None
        return found

    def model(self, name: str, *, version: int | None = None, alias: str | None = None) -> Path | None:
        """The folder of a registered model, without importing MLflow; None where only that can tell."""
        query = """SELECT COALESCE(storage_location, source) FROM model_versions AS made
            WHERE name = ?1 AND COALESCE(current_stage, '') != 'Deleted_Internal' AND version = COALESCE(?2,
            (SELECT version FROM registered_model_aliases AS said WHERE said.name = ?1 AND said.alias = ?3))"""
        return self._folder(query, name, version, alias)

    def logged_model(self, run_id: str, tag: str) -> Path | None:
        """The folder of the model that a tag of a run names, found as `model` is."""
        query = """SELECT artifact_location FROM logged_models AS made JOIN tags ON tags.value = made.model_id
            JOIN runs ON runs.run_uuid = tags.run_uuid AND runs.lifecycle_stage = 'active'
            WHERE tags.run_uuid = ? AND tags.key = ?"""
        return self._folder(query, run_id, tag)

    def newest_run(self, name: str, tag: str, has: str) -> str | None:
        """The id of the newest run whose tag has a value, and that has another tag; found as `model` is."""
        query = """SELECT runs.run_uuid FROM runs
            JOIN experiments ON experiments.experiment_id = runs.experiment_id
            JOIN tags AS said ON said.run_uuid = runs.run_uuid AND said.key = ? AND said.value = ?
            JOIN tags AS had ON had.run_uuid = runs.run_uuid AND had.key = ?
            WHERE runs.lifecycle_stage = 'active' AND experiments.lifecycle_stage = 'active'
            ORDER BY runs.start_time DESC LIMIT 1"""
        found = self._found(query, tag, name, has)
        return str(found[0]) if found else None

    def _folder(self, query: str, *values: str | int | None) -> Path | None:
        """The one folder that a query gives, if it is there."""
        found = self._found(query, *values)
        if len(found) != 1 or not found[0].startswith(("file:", "/")):
            return None
        folder = self.present(found[0])
        return folder if folder.is_dir() else None

    def _found(self, query: str, *values: str | int | None) -> list[Any]:
        """The first column of a query's rows; none of tables that are not there, or another MLflow's."""
        try:
            with self._opened("ro") as database:
                return [value for (value,) in database.execute(query, values).fetchall()]
        except ZooError:
            return []

    def make_tables(self) -> None:
        """Lets MLflow make its tables, one process at a time: two that do so at once break each other's."""
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        with locked(self.folder / ".making-tables"):
            # MLflow writes the place of its first experiment into SQL as it is; this one is escaped
            SqlAlchemyStore(self.uri, self.artifacts)

    def follow(self) -> None:
        """Rewrites what was recorded below a former folder, if the registry has moved.

        Raises:
            ZooError: it has moved, and cannot be written.
        """
        if not self._former_roots():
            return
        with locked(self.folder / ".making-tables"), self._opened("rw") as database:
            for root in self._former_roots():
                for table, column in _LOCATIONS:
                    below = f"{column} = ? OR substr({column}, 1, ?) = ?"
                    database.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {below}",  # noqa: S608
                        (self.artifacts, len(root) + 1, root, len(root) + 1, f"{root}/"),
                    )
            database.commit()

    def present(self, location: str) -> Path:
        """The folder of a recorded location, below the present folder if it was recorded below a former one."""
        for root in self._former_roots():
            if location == root or location.startswith(f"{root}/"):
                location = self.artifacts + location.removeprefix(root)
        return Path(unquote(urlsplit(location).path)) if location.startswith("file:") else Path(location)

    def _former_roots(self) -> list[str]:
        """Recorded places of artifacts that lay beside the registry and are not where it is now."""
        query = """SELECT DISTINCT artifact_location,
            EXISTS (SELECT 1 FROM experiment_tags AS tag WHERE tag.key = ? AND tag.experiment_id = made.experiment_id)
            FROM experiments AS made WHERE artifact_location LIKE 'file:%'"""
        with self._opened("ro") as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiment_tags'").fetchall():
                return []  # MLflow has not made its tables yet
            recorded = database.execute(query, (OWN_ARTIFACTS,)).fetchall()
        own = {location for location, is_own in recorded if is_own or self._was_own(location)}
        return sorted(own - {self.artifacts}, key=len, reverse=True)

    def _was_own(self, location: str) -> bool:
        """Whether an experiment without the tag had its artifacts beside the registry, and they are gone from there."""
        path = Path(unquote(urlsplit(location).path))
        return path.parts[-2:] == (self.folder.absolute().name, "artifacts") and not path.exists()

    @contextlib.contextmanager
    def _opened(self, mode: str) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=60)
            ) as database:
                yield database
        except sqlite3.Error as error:
            raise ZooError(f"the registry {self.path} cannot be used: {one_line(error)}") from error


def own_artifacts_tag() -> dict[str, str]:
    """Marks a new experiment whose artifacts lie beside the registry."""
    return {OWN_ARTIFACTS: _BESIDE}
