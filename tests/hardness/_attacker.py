"""Sends one body again and again over many connections, in a process of its own: what it costs to send is not timed.

To be run as `python -m tests.hardness._attacker URL CONNECTIONS SECONDS [Header: value ...] < body`; prints how often
each status came, as JSON. 0 is a broken connection. `grpc:HOST:PORT` as the URL sends the body as a PredictRequest.
"""

import collections
import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import grpc


def attack(url, connections, seconds, body, headers):
    """Status -> how often it came."""
    told = collections.Counter()
    parts = urlsplit(url)
    until = time.monotonic() + seconds

    def call(_):
        options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(parts.path, options) as channel:
            ask, asked = channel.unary_unary("/tensorflow.serving.PredictionService/Predict"), 0
            while time.monotonic() < until or not asked:
                asked += 1
                try:
                    ask(body, timeout=600)
                    told["OK"] += 1
                except grpc.RpcError as error:
                    told[error.code().name] += 1

    def send(_):
        connection, asked = http.client.HTTPConnection(parts.netloc, timeout=600), 0
        while time.monotonic() < until or not asked:
            asked += 1
            try:
                connection.request("POST", parts.path, body, headers)
                answer = connection.getresponse()
                answer.read()
                told[answer.status] += 1
            except (OSError, http.client.HTTPException):
                told[0] += 1
                connection.close()

    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(call if parts.scheme == "grpc" else send, range(connections)))
    return told


if __name__ == "__main__":
    address, count, duration, *lines = sys.argv[1:]
    given = dict(line.split(": ", 1) for line in lines)
    print(json.dumps(attack(address, int(count), float(duration), sys.stdin.buffer.read(), given)))
