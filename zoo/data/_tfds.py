"""Finding, and if told to downloading, a set that TensorFlow Datasets knows."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt


@dataclass(frozen=True)
class Part:
    """Consecutive images of one of the set's own splits."""

    split: str
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """Number of images."""
        return self.stop - self.start

    def __str__(self) -> str:
        """As TensorFlow Datasets writes it."""
        return f"{self.split}[{self.start}:{self.stop}]"


def tensorflow_datasets() -> Any:
    """The `tensorflow_datasets` module."""
    try:
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise InputError(
            "TfdsImages reads sets with the package tensorflow-datasets, which cannot be imported "
            f"({error}): pip install tensorflow-datasets"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back the warnings that TensorFlow Datasets logs about folders that are not there yet."""
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def data_folder(folder: str | None) -> str:
    """Where prepared sets are: the given folder, or TFDS_DATA_DIR, or TensorFlow Datasets' own default."""
    given = str(folder or os.environ.get("TFDS_DATA_DIR") or tensorflow_datasets().core.constants.DATA_DIR)
    return given if "://" in given else str(Path(given).expanduser())


def prepared_builder(name: str, folder: str, *, download: bool) -> tuple[Any, list[str]]:
    """A set's builder, and what was done to have the set in the folder.

    Raises:
        InputError: the set is unknown, or neither there nor to be downloaded.
    """
    builder = _find_builder(name, folder)
    if builder.is_prepared():
        return builder, []
    full_name = builder.info.full_name
    if not download:
        raise InputError(
            f"data.name={name}: {full_name} is not prepared in {folder} (prepared there: {_prepared(folder)}); name "
            "the folder that has it with TFDS_DATA_DIR=... or data.folder=..., or download it with data.download=true"
        )
    import_tensorflow()
    try:
        with redirect_stdout(sys.stderr):  # TensorFlow Datasets prints what it downloads
            builder.download_and_prepare()
    except ImportError as error:  # sets differ in what their downloading needs
        raise InputError(
            f"data.name={name}: downloading {full_name} needs the package {error.name}, which cannot be imported: "
            f"pip install {error.name}"
        ) from error
    except Exception as error:
        raise InputError(
            f"data.name={name}: {full_name} could not be downloaded into {folder} ({first_line(error)}); check the "
            "network and the folder, or name a folder that has it with data.folder=..."
        ) from error
    return builder, [f"Downloaded {full_name} into {folder}, from {_origin(builder)}."]


def _find_builder(name: str, folder: str) -> Any:
    tfds = tensorflow_datasets()
    try:
        return tfds.builder(name, data_dir=folder)
    except tfds.core.DatasetNotFoundError as error:
        base = name.partition("/")[0].partition(":")[0]
        known = {*tfds.list_builders(with_community_datasets=False), *_prepared_names(folder)}
        near = difflib.get_close_matches(base, sorted(known), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(repr(other) for other in near)}? " if near else ""
        raise InputError(
            f"data.name={name}: TensorFlow Datasets knows no such set; {hint}prepared in {folder}: "
            f"{_prepared(folder)}; all sets: https://www.tensorflow.org/datasets/catalog/overview"
        ) from error
    except Exception as error:
        # What a builder dislikes about its name, configuration or version comes in many types.
        raise InputError(
            f"data.name={name}: TensorFlow Datasets cannot use this name ({first_line(error)}); write it as name, "
            "name/config or name/config:version"
        ) from error


def _prepared(folder: str) -> str:
    return ", ".join(_prepared_names(folder)) or "none"


def _prepared_names(folder: str) -> list[str]:
    """Sets with at least one prepared version in the folder."""
    if not Path(folder).is_dir():
        return []
    return sorted({path.relative_to(folder).parts[0] for path in Path(folder).glob("**/dataset_info.json")})


def _origin(builder: Any) -> str:
    """Hosts that the set's files are on."""
    hosts = sorted({urlsplit(url).netloc for url in builder.url_infos or ()} - {""})
    return ", ".join(hosts) or builder.info.homepage or "its builder"


def first_line(error: Exception) -> str:
    """The first line of what an error says, which may go on for a screen."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:300]


def as_labels(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Classes as the splits hold them: int64, or str where the set stores bytes."""
    if labels.dtype.kind in "iub":
        return labels.astype(np.int64)
    return np.array([label.decode("utf-8", "replace") for label in labels.tolist()], dtype=np.str_)
