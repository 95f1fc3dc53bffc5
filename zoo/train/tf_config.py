"""Which of several workers this process is, as the environment says it: TensorFlow's TF_CONFIG."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from zoo.errors import InputError, one_line

_KINDS = ("chief", "worker")  # in the order that TensorFlow counts them in
_EXAMPLE = (
    'TF_CONFIG=\'{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}\', '
    "the same on each worker but for its own index"
)


@dataclass(frozen=True)
class Task:
    """A worker's place among all.

    Attributes:
        index: its number, from 0; worker 0 judges, writes and publishes.
        addresses: host:port of each worker.
    """

    index: int
    addresses: tuple[str, ...]


def task() -> Task:
    """This process' place among the workers of `train.strategy=multi_worker`.

    Raises:
        InputError: TF_CONFIG is missing, or not what TensorFlow would take; the message says what to write.
    """
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise _refused("is not set")
    try:
        told = json.loads(text)
    except ValueError as error:
        raise _refused(f"is no JSON ({one_line(error)})") from error
    cluster = _mapping(_mapping(told, "it").get("cluster"), "cluster")
    own = _mapping(told.get("task"), "task")
    if strange := sorted(set(cluster) - set(_KINDS)):
        raise _refused(f"has {', '.join(strange)} in its cluster, and the zoo knows workers only")
    for kind, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(_is_address(each) for each in addresses):
            raise _refused(f"has in cluster.{kind} no list of host:port, but {addresses!r}")
    places = [(kind, number) for kind in _KINDS for number in range(len(cluster.get(kind, ())))]
    place = (own.get("type"), own.get("index"))
    if place not in places or isinstance(place[1], bool):
        there = ", ".join(f"{kind} {number}" for kind, number in places) or "nobody"
        raise _refused(f"says that this is {place[0]} {place[1]!r}, and the cluster has {there}")
    addresses = tuple(str(each) for kind in _KINDS for each in cluster.get(kind, ()))
    if len(set(addresses)) < len(addresses):
        raise _refused(f"gives two workers one address: {', '.join(addresses)}")
    return Task(places.index(place), addresses)


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refused(f"has no mapping for {what}")
    return value


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.rpartition(":")[0] != "" and value.rpartition(":")[2].isdecimal()


def _refused(problem: str) -> InputError:
    return InputError(f"train.strategy=multi_worker: TF_CONFIG {problem}. Set {_EXAMPLE}")
