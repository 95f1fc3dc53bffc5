"""A store behind a URL, copied to a folder here: each version whole and checked before it appears."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from serving.store_cache import StoreCache
from serving.versions import MODEL_NAME, ModelConfig, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_log = logging.getLogger("serving")
_GRAPH, _SUMS, _CONFIG, _STAMP = "saved_model.pb", "SHA256SUMS", "models.config", ".stamp"
_PATIENCE = 60.0  # seconds until a version is fetched again that was not what it says it is
# what file systems call that which changes when a file does
_TAGS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")

Facts = dict[str, dict[str, Any]]  # file -> what the file system says of it


class RemoteStore:
    """Follows a store that any fsspec URL names; what a server loads are the copies.

    A version counts once its `saved_model.pb` is there, which `zoo.push` writes last. Where a `SHA256SUMS` lies beside
    it, every file in it must have arrived as it says; where there is none, in the size that was listed.

    Args:
        url: such as `s3://bucket/models`.
        folder: of the copies; empty, or used for this URL before.

    Attributes:
        url: as above.
        folder: as above.

    Raises:
        ValueError: a URL that cannot be opened, or a folder that holds something else or cannot be written to.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self._files, home = _opened(url)
        self._home = home.rstrip("/")
        self._config_stamp = ""
        self._said: dict[object, str] = {}  # what was wrong when it was last looked at
        self._refused: dict[tuple[str, int], tuple[str, float]] = {}  # the stamp, and when it is tried again
        self._cache = StoreCache(folder, url)

    def first_look(self) -> None:
        """Reads what is there, and copies the store's `models.config`.

        Raises:
            ValueError: it cannot be read, and nothing of it is here from before; or it holds one model's versions.
        """
        try:
            models = self._listed()
        except Exception as error:
            if not self._has_copies():
                raise ValueError(f"--store: {self.url} cannot be read: {_in_words(error)}") from error
            self._say(None, f"cannot be read: {_in_words(error)}; what was copied before is served")
            return
        if any(version_of(name) is not None and _GRAPH in versions.get("", {}) for name, versions in models.items()):
            raise ValueError(f"--store: {self.url} holds the versions of one model: give what is above it")

    def update(
        self,
        configured: Mapping[str, ModelConfig],
        failed: Mapping[str, set[int]],
        loaded: Mapping[str, set[int]],
    ) -> bool:
        """Copies what is to be served and is not here yet, and removes what no longer is.

        Args:
            configured: what is served of models; the newest version of others.
            failed: versions of models that could not be loaded, in whose place the next older ones are.
            loaded: versions of models that answer; they stay for as long as the store has them.

        Returns:
            Whether the store could be read, and holds anything.
        """
        try:
            models = self._listed()
        except Exception as error:
            # of whatever kind: clients of object stores raise what they like, and what is loaded must go on
            self._say(None, f"cannot be read: {_in_words(error)}; what is loaded is served on")
            return False
        if not models and self._has_copies():
            # a bucket that is gone, or a prefix that was renamed, lists like an empty folder
            self._say(None, "nothing is there any more; what is loaded is served on")
            return False
        if self._said.pop(None, ""):
            _log.warning("%s can be read again", self.url)
        for name, folders in models.items():
            present = _versions(folders)
            config = configured.get(name, ModelConfig(name, self.folder / name))
            kept = self._fetch(config, present, failed.get(name, set()))
            self._cache.keep_versions(name, kept | (loaded.get(name, set()) & set(present)))
        self._cache.keep_models(models)
        return True

    def _has_copies(self) -> bool:
        return any(self.folder.glob(f"*/*/{_GRAPH}"))

    def _listed(self) -> dict[str, dict[str, Facts]]:
        """Model -> folder in it -> files of it; the `models.config` is copied."""
        self._files.invalidate_cache()
        models: dict[str, dict[str, Facts]] = {}
        config: dict[str, Any] | None = None
        for path, facts in self._files.find(self._home, detail=True).items():
            parts = path.removeprefix(self._home).strip("/").split("/")
            if parts == [_CONFIG]:
                config = facts
            elif len(parts) > 1 and MODEL_NAME.fullmatch(parts[0]) and not {"", ".", ".."} & set(parts):
                folder = parts[1] if len(parts) > 2 else ""
                models.setdefault(parts[0], {}).setdefault(folder, {})["/".join(parts[2:]) or parts[1]] = facts
        self._copy_config(config)
        return models

    def _copy_config(self, facts: dict[str, Any] | None) -> None:
        path = self.folder / _CONFIG
        stamp = "" if facts is None else _stamp({_CONFIG: facts})
        if facts is not None and stamp != self._config_stamp:
            new = path.with_name(f".{_CONFIG}-{uuid.uuid4().hex}")
            new.write_bytes(self._files.cat_file(f"{self._home}/{_CONFIG}"))
            new.replace(path)
        elif facts is None:
            path.unlink(missing_ok=True)
        self._config_stamp = stamp

    def _fetch(self, config: ModelConfig, present: Mapping[int, Facts], failed: set[int]) -> set[int]:
        """Sees to it that what is wanted is here, and in the place of what cannot be had or loaded the next older."""
        usable, kept = set(present), set[int]()
        while True:
            wanted = config.wanted(list(usable))
            here = {version for version in wanted if self._is_here(config.name, version, present[version])}
            kept |= here
            useless = {version for version in wanted if version not in here or version in failed}
            if not useless:
                return kept
            usable -= useless

    def _is_here(self, name: str, version: int, files: Facts) -> bool:
        """Whether a version is here, which is copied if it is not, or is another."""
        target, stamp = self.folder / name / str(version), _stamp(files)
        with contextlib.suppress(OSError):
            if (target / _STAMP).read_text(encoding="utf-8") == stamp:
                return True
        refused, again = self._refused.get((name, version), ("", 0.0))
        if refused == stamp and time.monotonic() < again:
            return False
        try:
            self._copy(name, version, files)
        except Exception as error:
            if isinstance(error, ValueError):  # the files' fault: fetching all of them at every look would not help
                self._refused[name, version] = stamp, time.monotonic() + _PATIENCE
            self._say((name, version), f"{name} version {version} could not be copied: {_in_words(error)}")
            return False
        self._said.pop((name, version), None)
        _log.info("%s version %d is copied from %s", name, version, self.url)
        return True

    def _copy(self, name: str, version: int, files: Facts) -> None:
        with self._cache.staged() as staged:
            for file in files:
                path = staged / file
                path.parent.mkdir(parents=True, exist_ok=True)
                self._files.get_file(f"{self._home}/{name}/{version}/{file}", str(path))
            _require_whole(staged, files)
            (staged / _STAMP).write_text(_stamp(files), encoding="utf-8")
            for path in (each for each in staged.rglob("*") if each.is_file()):
                with path.open("rb") as copied:
                    os.fsync(copied.fileno())  # a power cut must not leave a version with empty files
            self._cache.put(staged, name, version)

    def _say(self, about: object, words: str) -> None:
        if self._said.get(about) != words:
            self._said[about] = words
            _log.warning("%s: %s", self.url, words)


def _opened(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        files, home = url_to_fs(url)
    except ImportError as error:
        scheme = url.partition("://")[0]
        hint = "; pip install 'encoder-zoo[s3]'" if scheme in {"s3", "s3a"} else ""
        raise ValueError(f"--store: {url}: {_in_words(error)}{hint}") from None
    except Exception as error:
        raise ValueError(f"--store: {url}: {_in_words(error)}") from None
    return files, str(home)


def _versions(folders: Mapping[str, Facts]) -> dict[int, Facts]:
    """The versions whose graph, which comes last, is there."""
    found = {version_of(folder): files for folder, files in folders.items() if _GRAPH in files}
    return {version: files for version, files in found.items() if version is not None}


def _stamp(files: Facts) -> str:
    """What changes when any of the files does."""
    told = [
        (file, facts.get("size"), *(str(facts[tag]) for tag in _TAGS if tag in facts))
        for file, facts in sorted(files.items())
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _require_whole(folder: Path, files: Facts) -> None:
    """Raises ValueError if what was copied is not what was written."""
    for file, facts in files.items():
        if facts.get("size") not in {None, (folder / file).stat().st_size}:
            raise ValueError(f"{file} changed while it was copied")
    if not (folder / _SUMS).is_file():
        return
    for line in (folder / _SUMS).read_text(encoding="utf-8").splitlines():
        wanted, _, file = line.partition("  ")
        if file not in files:
            raise ValueError(f"{file} is missing, which {_SUMS} lists")
        with (folder / file).open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != wanted:
                raise ValueError(f"{file} is not what {_SUMS} says")


def _in_words(error: BaseException) -> str:
    words: Sequence[str] = str(error).split()
    return " ".join(words)[:300] or type(error).__name__
