"""Counters and latencies in Prometheus' text format, under TensorFlow Serving's names.

prometheus_client would call a counter `..._total`, which dashboards made for TensorFlow Serving do not look for.
"""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATH = "/monitoring/prometheus/metrics"
_PREFIX = ":tensorflow:serving:"
# TensorFlow Serving's: microseconds, from 10 on, each bound 1.8 times the one before
_BOUNDS = [10 * 1.8**power for power in range(33)]


class Metrics:
    """Counts requests and their latencies; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, tuple[tuple[str, str], ...]], int] = defaultdict(int)
        self._histograms: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
        self._gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Adds to a counter."""
        with self._lock:
            self._counters[name, tuple(labels.items())] += by

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge."""
        with self._lock:
            self._gauges[name, tuple(labels.items())] = value

    def observe(self, name: str, microseconds: float, **labels: str) -> None:
        """Adds a duration to a histogram."""
        with self._lock:
            self._add((name, tuple(labels.items())), microseconds)

    def _add(self, key: tuple[str, tuple[tuple[str, str], ...]], microseconds: float) -> None:
        counts = self._histograms.get(key)
        if counts is None:
            counts = self._histograms[key] = [0.0] * (len(_BOUNDS) + 2)
        counts[bisect.bisect_left(_BOUNDS, microseconds)] += 1
        counts[-1] += microseconds

    def answered(self, model: str, method: str, entrypoint: str, microseconds: float) -> None:
        """Counts a request that went well, and how long it took."""
        count = "request_count", (("model_name", model), ("status", "OK"))
        latency = "request_latency", (("model_name", model), ("API", method), ("entrypoint", entrypoint))
        with self._lock:
            self._counters[count] += 1
            self._add(latency, microseconds)

    def value(self, name: str, **labels: str) -> int:
        """What a counter stands at."""
        with self._lock:
            return self._counters.get((name, tuple(labels.items())), 0)

    def figures(self) -> dict[str, Any]:
        """All that there is, as lists."""
        with self._lock:
            return {
                "counters": [[*key, value] for key, value in self._counters.items()],
                "gauges": [[*key, value] for key, value in self._gauges.items()],
                "histograms": [[*key, counts] for key, counts in self._histograms.items()],
            }

    def summed(self, others: Iterable[Mapping[str, Any]]) -> Metrics:
        """New ones: these and the figures of others together."""
        together = Metrics()
        for each in (self.figures(), *others):
            for name, labels, value in each["counters"]:
                together._counters[name, _hashable(labels)] += value
            for name, labels, value in each["gauges"]:
                key = name, _hashable(labels)
                together._gauges[key] = together._gauges.get(key, 0.0) + value
            for name, labels, counts in each["histograms"]:
                key = name, _hashable(labels)
                before = together._histograms.get(key, [0.0] * len(counts))
                together._histograms[key] = [one + other for one, other in zip(before, counts, strict=True)]
        return together

    def text(self) -> str:
        """The page that Prometheus reads."""
        lines: list[str] = []
        typed: set[str] = set()

        def head(name: str, kind: str) -> None:
            if name not in typed:
                typed.add(name)
                lines.append(f"# TYPE {_PREFIX}{name} {kind}")

        with self._lock:
            for (name, labels), count in sorted(self._counters.items()):
                head(name, "counter")
                lines.append(f"{_PREFIX}{name}{{{_labels(labels)}}} {count}")
            for (name, labels), value in sorted(self._gauges.items()):
                head(name, "gauge")
                lines.append(f"{_PREFIX}{name}{{{_labels(labels)}}} {value:g}")
            for (name, labels), counts in sorted(self._histograms.items()):
                head(name, "histogram")
                total = 0
                for bound, number in zip([*_BOUNDS, float("inf")], counts, strict=False):
                    total += int(number)
                    edge = "+Inf" if bound == float("inf") else f"{bound:g}"
                    lines.append(f'{_PREFIX}{name}_bucket{{{_labels(labels)},le="{edge}"}} {total}')
                lines.append(f"{_PREFIX}{name}_sum{{{_labels(labels)}}} {counts[-1]:g}")
                lines.append(f"{_PREFIX}{name}_count{{{_labels(labels)}}} {total}")
        return "\n".join(lines) + "\n"


def _hashable(labels: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in labels)


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
