"""The embedded server under load, beside `mlflow models serve` and the bare call: one encoder, one machine, one run.

The encoder has the network of `vae_word2vec` (50-d -> 25-d). Requests of 1 and of 64 rows come from 1 and from 32
clients that each wait for an answer before they ask again; the load is a process of its own (see `_load`), which shares
the machine's cores with the servers. The servers take turns, since the machine may be busy, and the best round of each
counts. Then a version is swapped under load, and the server is killed and started again under a client. Latencies are
medians, 95th and 99th percentiles.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from serving import EmbeddingClient
from tests.benchmarks._serving_place import NAME, PAIR, Place

SIZES, CLIENTS = (1, 64), (1, 32)
SERVERS = ("gRPC", "REST", f"gRPC{PAIR}", f"REST{PAIR}", "MLflow")
ROUNDS, SECONDS = 2, 3.0
SWAP_SECONDS, SWAP_AT = 10.0, 3.0
TO_KILL, KILL_AFTER = 100_000, 1.0  # rows; seconds


def in_process(model, rows, seconds):
    """Prints the codes and the seconds of each call of the encoder's signature; to be run in a process of its own."""
    from zoo.quiet import import_tensorflow

    tf = import_tensorflow()
    loaded = tf.saved_model.load(str(model))
    encode, table, calls = loaded.signatures["serving_default"], np.load(rows), []
    codes = encode(vector=tf.constant(table))["embedding"].numpy()
    for warm in (True, False):
        until = time.perf_counter() + (0.5 if warm else seconds)
        calls.clear()
        while (started := time.perf_counter()) < until:
            encode(vector=tf.constant(table))["embedding"].numpy()
            calls.append(time.perf_counter() - started)
    print(json.dumps({"codes": codes.tolist(), "seconds": calls}))


def called(place, rows):
    """Codes, and what a load would have noted: start, seconds and success of each call."""
    np.save(place.folder / "rows.npy", rows)
    arguments = f"{str(place.model)!r}, {str(place.folder / 'rows.npy')!r}, {SECONDS}"
    script = f"from tests.benchmarks.serving import in_process; in_process({arguments})"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    spent = np.asarray(answer["seconds"])
    notes = np.stack([np.cumsum(spent) - spent, spent, np.ones_like(spent)], axis=1)
    return np.asarray(answer["codes"], dtype=np.float32), notes


class Load(threading.Thread):
    """Clients that ask a server for some seconds.

    Attributes:
        notes: start, seconds and success of each request [n, 3], once joined.
        core: share of a core that the clients took.
    """

    def __init__(self, place, server, rows, clients, seconds=SECONDS):
        super().__init__()
        protocol, address, request = place.request(server, rows)
        files = [place.folder / f"{server}.{kind}" for kind in ("request", "npy")]
        files[0].write_bytes(request)
        options = ["--clients", str(clients), "--seconds", str(seconds)]
        self._command = [sys.executable, "-m", "tests.benchmarks._load", protocol, address, *map(str, files), *options]
        self._file, self.notes, self.core = files[1], None, 0.0

    def run(self):
        """Waits for them."""
        done = subprocess.run(self._command, check=True, capture_output=True, text=True)
        self.notes, self.core = np.load(self._file), json.loads(done.stdout)["core"]


def figure(notes, rows, seconds=SECONDS, core=None):
    """An entry of the table."""
    fine = notes[:, 2] == 1
    rate = fine.sum() / seconds
    p50, p95, p99 = 1e3 * np.percentile(notes[fine, 1], [50, 95, 99])
    text = f"{rate:,.0f} requests/s, {rows * rate:,.0f} rows/s, {p50:.1f} / {p95:.1f} / {p99:.1f} ms"
    text += f", {(~fine).sum()} errors" if core is not None else ""
    numbers = {"requests_per_s": rate, "rows_per_s": rows * rate, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
    return {"measured": text, "errors": int((~fine).sum()), **numbers, **({} if core is None else {"load_core": core})}


def compared(place, table):
    """The figures of every server, number of rows and number of clients."""
    found = {}
    for size in SIZES:
        codes, notes = called(place, table[:size])
        found[f"in process, {size} rows"] = figure(notes, size, notes[-1, 0] + notes[-1, 1])
        for server in SERVERS:
            np.testing.assert_allclose(place.answer(server, table[:size]), codes, rtol=1e-4, atol=1e-5)
    for _ in range(ROUNDS):
        for server in SERVERS:
            for size in SIZES:
                for clients in CLIENTS:
                    load = Load(place, server, table[:size], clients)
                    load.run()
                    entry = figure(load.notes, size, core=load.core)
                    name = f"{server}, {size} rows, {clients} clients"
                    errors = entry["errors"] + found.get(name, entry | {"errors": 0})["errors"]
                    found[name] = max(found.get(name, entry), entry, key=lambda each: each["rows_per_s"])
                    found[name] |= {"errors": errors}
    return found


def swapped(place, table, server, version):
    """A version put in place while 32 clients send: what they notice."""
    load = Load(place, server, table[:1], 32, SWAP_SECONDS)
    load.start()
    time.sleep(SWAP_AT)
    started = time.monotonic()
    place.publish(version)
    while place.states().get(version) != "AVAILABLE" or place.states()[version - 1] != "END":
        time.sleep(0.05)
        if time.monotonic() - started > SWAP_SECONDS:
            raise RuntimeError(f"version {version} did not take over: {place.states()}")
    ended = time.monotonic()
    load.join()
    begun, spent, fine = load.notes.T
    during = (begun + spent >= started) & (begun <= ended)
    milliseconds = 1e3 * np.percentile(spent[during], [50, 99, 100])
    text = f"{ended - started:.1f} s, {during.sum():,} requests: p50 {milliseconds[0]:.1f}, p99 {milliseconds[1]:.1f}, "
    text += f"longest {milliseconds[2]:.0f} ms; otherwise p99 {1e3 * np.percentile(spent[~during], 99):.1f} ms"
    return {
        f"{server}, swap under 32 clients": {"measured": text, "p99_ms": milliseconds[1]},
        f"{server}, requests failed in the swap": {"measured": int((fine == 0).sum()), "wanted": "0"},
    }


def killed(place, running, table, address):
    """kill -9 under a client, and a new server; also returns that."""
    rows, codes = np.resize(table, (TO_KILL, table.shape[1])), []
    with EmbeddingClient(address, NAME, chunk=64, timeout=120) as client:
        expected = client.encode(table)
        thread = threading.Thread(target=lambda: codes.append(client.encode(rows)))
        started = time.monotonic()
        thread.start()
        time.sleep(KILL_AFTER)
        running.stop(9)
        if not thread.is_alive():
            raise RuntimeError("the client had its rows before the server was killed")
        revived = place.serve()
        thread.join()
    seconds = time.monotonic() - started
    wanted = np.resize(expected, (TO_KILL, expected.shape[1]))
    wrong = int((~np.isclose(codes[0], wanted, rtol=1e-4, atol=1e-5).all(axis=1)).sum()) if codes else TO_KILL
    protocol = "REST" if address.startswith("http") else "gRPC"
    words = f"{wrong} of {TO_KILL:,} ({seconds:.1f} s with the server's start)"
    return revived, {f"{protocol}, rows wrong or lost by kill -9": {"measured": words, "wanted": "0"}}


def main() -> dict:
    """The figures."""
    table = np.random.default_rng(0).normal(size=(64, 50)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        running, others = place.serve(), []
        try:
            others += [place.serve(workers=2), place.serve_with_mlflow()]
            figures = compared(place, table)
            while others:
                others.pop().stop()
            for version, server in ((2, "REST"), (3, "gRPC")):
                figures |= swapped(place, table, server, version)
            for address in (f"127.0.0.1:{place.ports[0]}", f"http://127.0.0.1:{place.ports[1]}"):
                running, found = killed(place, running, table, address)
                figures |= found
        finally:
            for each in (running, *others):
                each.stop(9)
    return figures | targets(figures)


def targets(figures):
    """What is asked of the server."""
    found = {}
    for server in ("gRPC", "REST"):
        for clients in CLIENTS:
            sides = [figures[f"{each}, 64 rows, {clients} clients"]["rows_per_s"] for each in (server, "MLflow")]
            wanted = {"wanted": ">= 10"} if clients == max(CLIENTS) else {}
            found[f"{server} / MLflow, rows/s, 64 rows, {clients} clients"] = {
                "measured": round(sides[0] / sides[1], 1),
                **wanted,
            }
    above = figures["gRPC, 1 rows, 1 clients"]["p50_ms"] - figures["in process, 1 rows"]["p50_ms"]
    found["gRPC above the bare call, p50 of 1 row, ms"] = {"measured": round(above, 2), "wanted": "<= 3"}
    errors = sum(entry.get("errors", 0) for name, entry in figures.items() if not name.startswith("MLflow"))
    found["errors"] = {"measured": errors, "wanted": "0"}
    busiest = max(entry.get("load_core", 0) for entry in figures.values())
    found["share of a core that the load took at most"] = {"measured": round(busiest, 2)}
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(), indent=2))
