"""SIGTERM while threads are busy, requests wait, and clients hold half a request: how long the process takes to end.

Wanted: `drain_seconds` + 2 s at most, whatever it was doing.
"""

import signal
import socket
import sys
import threading
import time

import httpx

from tests.hardness._served import server

DRAIN, GRACE = 2.0, 2.0  # seconds


def busy(process):
    """Eight runs of a minute, on every thread there is, and as many that wait."""
    url = f"{process.rest}/v1/models/slow:predict"
    for _ in range(16):
        threading.Thread(target=lambda: _ask(url), daemon=True).start()


def half(process):
    """A request whose body never ends."""
    host, _, port = process.rest.removeprefix("http://").rpartition(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(b"POST /v1/models/embed:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
    _OPEN.append(connection)


def nothing(_):
    """The server only waits."""


_OPEN: list[socket.socket] = []


def _ask(url):
    try:
        httpx.post(url, json={"inputs": {"rounds": 60.0}}, timeout=120)
    except httpx.HTTPError:
        return


def main():
    """Returns 1 if a process went on for too long."""
    late = 0
    for work in (nothing, half, busy):
        for number in (signal.SIGTERM, signal.SIGINT):
            with server("--drain_seconds", DRAIN, "--rest_api_timeout_in_ms", 5000) as process:
                work(process)
                time.sleep(1)
                started = time.monotonic()
                process.process.send_signal(number)
                status = process.process.wait(200)
                took = time.monotonic() - started
                late += took > DRAIN + GRACE or status != 0
                print(f"  {work.__name__}, {number.name}: ended with {status} after {took:.2f} s", flush=True)
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
