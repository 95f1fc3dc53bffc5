"""Trainings as tasks of a Ray cluster, on one machine or on many."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, ZooError, one_line
from zoo.launchers.candidate import Ended
from zoo.launchers.training import trained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from zoo.launchers.candidate import Candidate

# of this environment, what a training reads that finds its data, its recipe and its tracking server by it
_TAKEN_ALONG = ("AWS_", "FSSPEC_", "KERAS_", "MLFLOW_", "TFDS_", "ZOO_")
_TRIES, _PATIENCE = 8, 1.5  # how often a task is asked to end by itself, and seconds that it is given for it each time
_REACHABLE = 5  # seconds; Ray itself tries for 200, and then ends the process
_ROOM = "fewer at once (--jobs), or --max-memory, leave each more room"


class RayTasks:
    """A `Launcher` on Ray: each candidate is a task, of as many processors as there are for it.

    A cluster that is there is joined, and left as it was but for the tasks; without one, Ray is started on this
    machine for as long as the trainings take.

    Args:
        address: of the cluster, `HOST:PORT`; None for that of RAY_ADDRESS, if there is one; `auto` for that one, or
            the one that this machine is part of.

    Raises:
        InputError: Ray is not installed, or nobody answers there.
        ZooError: Ray cannot be started here; when the trainings begin.
    """

    def __init__(self, address: str | None = None) -> None:
        try:
            import ray  # noqa: F401
        except ImportError:
            raise InputError("--launcher ray needs Ray: pip install 'encoder-zoo[ray]'") from None
        known = os.environ.get("RAY_ADDRESS") or None
        self._address = known or address if address == "auto" else address or known
        self._running: dict[Any, Candidate] = {}
        self._ours = False
        if self._address is not None:
            _require_reachable(self._address)

    @property
    def where(self) -> str:
        """See `Launcher`."""
        return "on Ray" if self._address is None else f"on Ray at {self._address}"

    def __enter__(self) -> Self:
        import ray

        self._ours = not ray.is_initialized()
        if self._ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray tells its makers otherwise
            where = _own_cluster() if self._address is None else {"address": self._address}
            try:
                ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, RuntimeError, ValueError, SystemExit) as error:
                why = one_line(error)
                if self._address is None:
                    raise ZooError(f"Ray cannot be started here ({why}); --launcher joblib does without") from error
                raise InputError(_unanswered(self._address, why)) from error
        return self

    def __exit__(self, *raised: Any) -> None:
        """Ends the tasks that still run, and the cluster if it is ours."""
        import ray

        try:
            left = list(self._running)
            for _ in range(_TRIES if left else 0):  # Python drops an interrupt that meets a callback of TensorFlow's
                self._cancel(left, force=False)
                _, left = ray.wait(left, num_returns=len(left), timeout=_PATIENCE)
                if not left:
                    break
            self._cancel(left, force=True)
        finally:
            self._running.clear()
            if self._ours:
                ray.shutdown()

    def train(self, candidates: Sequence[Candidate], at_once: int, memory: int | None) -> Iterator[Ended]:
        """See `Launcher`. A task that dies takes no other along."""
        import ray

        options = _options(ray.nodes(), at_once, memory)
        task = ray.remote(_on_worker).options(max_retries=0, **options)
        environment = {name: value for name, value in os.environ.items() if name.startswith(_TAKEN_ALONG)}
        waiting = list(candidates)
        while waiting or self._running:
            while waiting and len(self._running) < at_once:
                candidate = waiting.pop(0)
                self._running[task.remote(candidate, options["num_cpus"], Path.cwd(), environment)] = candidate
            (done,), _ = ray.wait(list(self._running), num_returns=1)
            yield _ended(done, self._running.pop(done))

    def _cancel(self, tasks: Sequence[Any], *, force: bool) -> None:
        import ray

        for task in tasks:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.cancel(task, force=force)


def _own_cluster() -> dict[str, Any]:
    """Ray on this machine, whose workers import what this process imports."""
    places = os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)])
    return {"address": "local", "include_dashboard": False, "runtime_env": {"env_vars": {"PYTHONPATH": places}}}


def _on_worker(candidate: Candidate, threads: int, folder: Path, environment: Mapping[str, str]) -> Ended:
    """Trains a candidate on a worker, as the process that started the sweep would."""
    os.environ.update(environment)
    try:
        os.chdir(folder)
    except OSError as error:
        why = f"{platform.node()}: {one_line(error)}; start the sweep in a folder that all machines share"
        return Ended(candidate.name, 0, 0, why)
    return trained(candidate, threads)


def _options(nodes: Sequence[Mapping[str, Any]], at_once: int, memory: int | None) -> dict[str, Any]:
    """What a task asks a cluster for; never more than one of its machines has, which would wait for ever.

    Args:
        nodes: as `ray.nodes` gives them.
        at_once: tasks that are wanted at once.
        memory: bytes that each holds, if that is known.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    options: dict[str, Any] = {"num_cpus": _cpus([int(each.get("CPU", 0)) for each in alive], at_once)}
    if any(each.get("GPU") for each in alive):
        options["num_gpus"] = 1  # Ray hides them from a task that asks for none
    if memory is not None:
        options["memory"] = min(memory, max((int(each.get("memory", memory)) for each in alive), default=memory))
    return options


def _cpus(machines: Sequence[int], at_once: int) -> int:
    """The most processors a task [machines have so many] of which so many tasks run at once; 1 if that is too many."""
    for share in range(max(machines, default=1), 1, -1):
        if sum(each // share for each in machines) >= at_once:
            return share
    return 1


def _ended(done: Any, candidate: Candidate) -> Ended:
    """How a task went that is over."""
    import ray
    from ray.exceptions import OutOfMemoryError, RayError, WorkerCrashedError

    try:
        ended: Ended = ray.get(done)
    except OutOfMemoryError:
        why = f"Ray ended it when its machine ran out of memory; {_ROOM}"
    except WorkerCrashedError:
        why = f"its process was killed (for want of memory?); {_ROOM}"
    except RayError as error:
        why = str(error).strip().splitlines()[-1]  # after a traceback
        if "ModuleNotFoundError" in why:
            why += "; every machine of a cluster needs the zoo, in the same version"
    else:
        return ended
    return Ended(candidate.name, 0, 0, why)


def _require_reachable(address: str) -> None:
    """Raises InputError where nothing listens at `HOST:PORT`."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():  # `auto`, which Ray looks up
        return
    try:
        socket.create_connection((host, int(port)), timeout=_REACHABLE).close()
    except OSError as error:
        raise InputError(_unanswered(address, one_line(error))) from None


def _unanswered(address: str, why: str) -> str:
    return (
        f"no Ray cluster answers at {address} ({why}); `ray start --head` starts one and says its address. One that "
        f"asks for a token is told it by RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH. Without "
        f"--address and RAY_ADDRESS the sweep starts its own"
    )
