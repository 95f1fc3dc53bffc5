"""What the process takes, under the names that Prometheus' clients give it."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_STARTED = time.time()


def process_lines(worker: str = "") -> list[str]:
    """Lines of the page: memory, processor time, threads, open files, and collections of garbage.

    Args:
        worker: the number of this process among several that serve together, which becomes a label; "" for none.
    """
    values: list[tuple[str, str, str, float]] = [
        ("process_start_time_seconds", "gauge", "", _STARTED),
        ("process_cpu_seconds_total", "counter", "", time.process_time()),
        ("process_threads", "gauge", "", threading.active_count()),
    ]
    try:
        size, resident = Path("/proc/self/statm").read_text(encoding="ascii").split()[:2]
        values.append(("process_virtual_memory_bytes", "gauge", "", int(size) * _PAGE))
        values.append(("process_resident_memory_bytes", "gauge", "", int(resident) * _PAGE))
        values.append(("process_open_fds", "gauge", "", len(os.listdir("/proc/self/fd"))))  # noqa: PTH208
    except OSError:
        pass  # not Linux: these are left out, as prometheus_client does
    for generation, each in enumerate(gc.get_stats()):
        label = f'generation="{generation}"'
        values.append(("python_gc_collections_total", "counter", label, each["collections"]))
    lines, typed = [], set()
    for name, kind, label, value in values:
        if name not in typed:
            typed.add(name)
            lines.append(f"# TYPE {name} {kind}")
        labels = ",".join(filter(None, (label, f'worker="{worker}"' if worker else "")))
        lines.append(f"{name}{{{labels}}} {value:.10g}" if labels else f"{name} {value:.10g}")
    return lines
