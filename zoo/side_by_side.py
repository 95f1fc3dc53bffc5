"""Trains candidates of a sweep side by side, each in a process of its own, before the sweep looks at them in turn."""

from __future__ import annotations

import os
import resource
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zoo.recipe import Recipe
    from zoo.run_state import RunState

_THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Candidate:
    """A run of a sweep.

    Attributes:
        recipe: what to train.
        name: what it differs in from the others.
        state: of its training; a finished one is taken up by the sweep and not trained again.
        parent: id of the sweep's tracked run.
    """

    recipe: Recipe
    name: str
    state: RunState
    parent: str


@dataclass(frozen=True)
class Ended:
    """How the training of a candidate went.

    Attributes:
        name: the candidate's.
        seconds: it took.
        peak: most memory that its process held, in bytes.
        failure: why it failed; "" if it did not. The sweep comes to it again, and says so then.
    """

    name: str
    seconds: float
    peak: int
    failure: str = ""


def train_side_by_side(
    candidates: Sequence[Candidate], jobs: int, max_memory: float | None, say: Callable[[str], None]
) -> None:
    """Trains candidates in several processes; what each comes to lies in its state and its tracked run.

    Args:
        candidates: at least one.
        jobs: processes at once, at most.
        max_memory: GiB that they may hold together: the first is then trained alone, and what it took says how many
            there is room for. None for no limit.
        say: takes a line for a person.
    """
    waiting, at_once = list(candidates), min(jobs, len(candidates))
    if max_memory is not None and at_once > 1:
        first = waiting.pop(0)
        (ended,) = _in_processes([first], 1)
        say(_told(ended))
        at_once = max(1, min(at_once, int(max_memory * 2**30 // max(ended.peak, 1))))
        if at_once < jobs:
            say(
                f"one training holds {ended.peak / 2**30:.1f} GiB: {at_once} at once fit in --max-memory {max_memory:g}"
            )
    try:
        for ended in _in_processes(waiting, at_once):
            say(_told(ended))
    except BrokenProcessPool:  # joblib then gives all of them up
        say("a training process was killed (for want of memory?): what is not trained yet is trained one by one")


def _in_processes(candidates: Sequence[Candidate], jobs: int) -> Iterator[Ended]:
    """Trains them, so many at once; what ends first comes first."""
    from joblib import Parallel, delayed

    threads = max(1, (os.cpu_count() or 1) // jobs)
    # joblib runs what has one worker in this process; a second one without work leaves it apart
    started = Parallel(max(jobs, 2), backend="loky", return_as="generator_unordered", batch_size=1, pre_dispatch=jobs)
    yield from started(delayed(_trained)(candidate, threads) for candidate in candidates)


def _trained(candidate: Candidate, threads: int) -> Ended:
    """Trains a candidate in this process."""
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

    pipeline = Pipeline(candidate.recipe, Console(quiet=True), candidate.parent)
    splits = pipeline.read()
    with zoo_settings(), pipeline.tracked(candidate.state) as run:
        pipeline.train(splits, candidate.state, run)


def _peak() -> int:
    """Most bytes that this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _told(ended: Ended) -> str:
    what = f"failed: {ended.failure}" if ended.failure else f"trained in {ended.seconds:.0f} s"
    return f"{ended.name or 'the recipe as it is'}: {what}"
