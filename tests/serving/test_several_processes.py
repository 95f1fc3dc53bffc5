"""Several processes on the same ports."""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time

import httpx
import numpy as np
import orjson
import pytest
from served import WEIGHTS, WIDTH, ServerProcess, export_embed

from serving import EmbeddingClient
from serving.metrics import Metrics
from serving.shared_metrics import SharedMetrics
from serving.workers import Workers

ROWS = np.random.default_rng(0).normal(size=(4, WIDTH)).astype(np.float32)


def test_metrics_of_several_are_summed():
    one, other = Metrics(), Metrics()
    for each, times in ((one, 2), (other, 3)):
        for _ in range(times):
            each.answered("a", "predict", "REST", 100.0)
        each.gauge("requests_running", times)
    one.count("request_count", model_name="a", status="NOT_FOUND")
    page = one.summed([other.figures()]).text()
    assert 'request_count{model_name="a",status="OK"} 5' in page
    assert 'request_count{model_name="a",status="NOT_FOUND"} 1' in page
    assert 'request_latency_count{model_name="a",API="predict",entrypoint="REST"} 5' in page
    assert 'request_latency_sum{model_name="a",API="predict",entrypoint="REST"} 500' in page
    assert "requests_running{} 5" in page
    assert "request_count" not in Metrics().summed([]).text()


def test_what_is_under_way_is_each_workers_own_and_goes_with_it(tmp_path):
    metrics = Metrics()
    metrics.answered("a", "predict", "REST", 100.0)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for number, process, running in ((1, os.getppid(), 5.0), (2, ended.pid, 7.0)):
        other = Metrics()
        other.answered("a", "predict", "REST", 100.0)
        other.gauge("requests_running", running, worker=str(number))
        (tmp_path / f"{number}-{process}.json").write_bytes(orjson.dumps(other.figures()))
    shared = SharedMetrics(metrics, tmp_path, "0", lambda: metrics.gauge("requests_running", 3.0))
    page = shared.together().text()
    assert 'request_count{model_name="a",status="OK"} 3' in page  # the dead one's were answered
    assert re.findall(r'requests_running\{worker="(\d)"\} (\d)', page) == [("0", "3"), ("1", "5")]


STUB = """
import sys, time
number = sys.argv[-1].rpartition(":")[2]
if number == {fails}:
    sys.exit(4)
print("serving", flush=True)
time.sleep(60)
"""


def looked_after(fails, meanwhile=lambda workers: None):
    """The exit status of two workers that run a stub of a server, and what they were then."""
    flags = argparse.Namespace(host="127.0.0.1", rest_api_port=0, port=0, workers=2)
    workers = Workers([], flags, [sys.executable, "-c", STUB.format(fails=repr(fails))])
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    other = threading.Thread(target=meanwhile, args=[workers])
    other.start()
    try:
        return workers.run(), workers
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        other.join()


def test_a_worker_that_cannot_start_ends_the_others_and_gives_its_status():
    for fails in ("0", "1"):
        status, workers = looked_after(fails)
        assert status == 4
        assert all(each.poll() is not None for each in workers._processes.values())


def test_a_worker_that_ends_is_started_again_and_the_end_is_good(capsys):
    seen = []

    def meanwhile(workers):
        while len(workers._processes) < 2:
            time.sleep(0.01)
        first = workers._processes[0]
        while "serving" not in capsys.readouterr().out:
            time.sleep(0.01)
        workers._begun[0] -= 60  # it has lived long
        first.kill()
        while workers._processes[0] is first:
            time.sleep(0.01)
        seen.append(workers._processes[0].poll())
        workers._stop()

    status, workers = looked_after("none", meanwhile)
    assert status == 0
    assert seen == [None]
    assert all(each.poll() is not None for each in workers._processes.values())


@pytest.fixture
def pair(tmp_path):
    (tmp_path / "store" / "embed").mkdir(parents=True)
    export_embed(tmp_path / "store" / "embed" / "1")
    (tmp_path / "monitoring").write_text("prometheus_config { enable: true }")
    monitoring = ("--monitoring_config_file", tmp_path / "monitoring")
    process = ServerProcess("--workers", 2, "--store", tmp_path / "store", *monitoring)
    yield process
    process.process.kill()


def page(server):
    return httpx.get(f"{server.rest}/monitoring/prometheus/metrics").text  # a connection of its own


def children(process):
    """Process numbers of its children."""
    tasks = f"/proc/{process.pid}/task/{process.pid}/children"
    with open(tasks) as file:  # noqa: PTH123
        return [int(number) for number in file.read().split()]


@pytest.mark.long  # two TensorFlows; its siblings above need none
def test_two_workers_share_the_ports_and_are_looked_after(pair):
    pages = [page(pair) for _ in range(40)]
    assert {re.search(r'process_threads\{worker="(\d)"\}', each)[1] for each in pages} == {"0", "1"}
    for address in [pair.rest, pair.grpc] * 8:  # a connection each
        with EmbeddingClient(address, "embed") as client:
            np.testing.assert_allclose(client.encode(ROWS), ROWS @ WEIGHTS, rtol=1e-5, atol=1e-6)
    counted = 0
    for _ in range(200):
        found = re.findall(r'request_count\{model_name="embed",status="OK"\} (\d+)', page(pair))
        if (counted := int(found[0])) == 16:
            break
    assert counted == 16
    first, second = children(pair.process)
    os.kill(first, signal.SIGKILL)
    with EmbeddingClient(pair.grpc, "embed") as client:
        for _ in range(50):
            client.encode(ROWS)
    while len(now := children(pair.process)) < 2 or first in now:
        time.sleep(0.05)
    assert second in now
    assert pair.stop() == 0
    assert not os.path.exists(f"/proc/{second}")  # noqa: PTH110
