"""The training of a candidate, in the process that was started for it."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from typing import TYPE_CHECKING

from zoo.errors import InputError, one_line
from zoo.launchers.candidate import Ended
from zoo.run_state import digest

if TYPE_CHECKING:
    from zoo.launchers.candidate import Candidate

_THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def trained(candidate: Candidate, threads: int) -> Ended:
    """Trains a candidate in this process.

    Args:
        candidate: what to train.
        threads: of TensorFlow, unless it was started before.
    """
    for each in _THREADS:  # read when TensorFlow starts
        os.environ[each] = str(threads)
    started = time.perf_counter()
    try:
        _train(candidate)
    except Exception as error:
        return Ended(candidate.name, time.perf_counter() - started, _peak(), one_line(error))
    return Ended(candidate.name, time.perf_counter() - started, _peak())


def _train(candidate: Candidate) -> None:
    from rich.console import Console

    from zoo.keras_settings import zoo_settings
    from zoo.pipeline import Pipeline

    if not candidate.state.directory.is_dir():  # what is trained would lie where the sweep never looks
        raise InputError(
            f"{platform.node()} does not see {candidate.state.directory.absolute()}, where the sweep looks for what "
            f"was trained: start the sweep in a folder that all machines share, under one path"
        )
    pipeline = Pipeline(candidate.recipe, Console(quiet=True), candidate.parent)
    splits = pipeline.read()
    if digest(*pipeline.identity(splits)) != candidate.identity:
        raise InputError(
            f"on {platform.node()} the data or the code are not the sweep's: give each machine the same files and the "
            f"same version of the zoo"
        )
    with zoo_settings(), pipeline.tracked(candidate.state) as run:
        pipeline.train(splits, candidate.state, run)


def _peak() -> int:
    """Most bytes that this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
