"""Several processes on the same ports."""

import os
import re
import signal
import time

import httpx
import numpy as np
import pytest
from served import WEIGHTS, WIDTH, ServerProcess, export_embed

from serving import EmbeddingClient
from serving.metrics import Metrics

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


@pytest.mark.long  # two TensorFlows; its sibling above needs none
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
