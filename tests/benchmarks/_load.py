"""Sends one prepared request again and again over several connections, and notes when, and how long each took.

A process of its own, so that it shares no interpreter with what it measures; the request's bytes are made beforehand,
and answers are not decoded. It tells how much of a core it took: near 1 it, and not the server, is what was measured.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path

import grpc
import httptools
import numpy as np
import uvloop

PREDICT = "/tensorflow.serving.PredictionService/Predict"


class Connection(asyncio.Protocol):
    """One keep-alive connection of HTTP/1.1: a request at a time."""

    def connection_made(self, transport):
        """Keeps what it writes to."""
        self._transport, self._waiting = transport, None

    def connection_lost(self, error):
        """Fails the request under way."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError(str(error)))

    def data_received(self, data):
        """Reads on."""
        self._parser.feed_data(data)

    def on_message_complete(self):
        """Ends the request under way."""
        if not self._waiting.done():
            self._waiting.set_result(self._parser.get_status_code() == 200)

    async def ask(self, request):
        """Whether the answer was 200."""
        if self._transport.is_closing():
            raise ConnectionError("closed")
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting


async def over_rest(host, port, request):
    """What asks over a connection of its own."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
    return lambda: connection.ask(request)


async def over_grpc(host, port, request):
    """What asks over a channel of its own."""
    channel = grpc.aio.insecure_channel(f"{host}:{port}", [("grpc.use_local_subchannel_pool", 1)])
    call = channel.unary_unary(PREDICT)  # bytes go out and come back as they are
    await channel.channel_ready()

    async def ask():
        return bool(await call(request))

    return ask


async def client(ask, begin, end, notes):
    """Asks until it is time to stop; notes start, seconds and success of what starts after `begin`."""
    while (started := time.monotonic()) < end:
        try:
            fine = await ask()
        except (OSError, grpc.RpcError, httptools.HttpParserError):
            fine = False
            await asyncio.sleep(0.01)
        if started >= begin:
            notes.append((started, time.monotonic() - started, fine))


async def main(arguments):
    """Writes the notes of all clients, and prints the share of a core that it took to make them."""
    make = {"rest": over_rest, "grpc": over_grpc}[arguments.protocol]
    host, _, port = arguments.address.rpartition(":")
    request = arguments.request.read_bytes()
    asks = [await make(host, int(port), request) for _ in range(arguments.clients)]
    begin = time.monotonic() + arguments.warm
    notes, end, spent = [], begin + arguments.seconds, []
    asyncio.get_running_loop().call_later(arguments.warm, lambda: spent.append(time.process_time()))
    await asyncio.gather(*(client(ask, begin, end, notes) for ask in asks))
    np.save(arguments.notes, np.asarray(notes, dtype=np.float64).reshape(-1, 3))
    print(json.dumps({"core": (time.process_time() - spent[0]) / (time.monotonic() - begin)}))


def read_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("protocol", choices=["rest", "grpc"])
    parser.add_argument("address", help="HOST:PORT")
    parser.add_argument("request", type=Path, help="file of the request: a message, or head and body of HTTP")
    parser.add_argument("notes", type=Path, help="npy file to write: start, seconds and success of each request")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--warm", type=float, default=0.5, help="seconds before anything is noted")
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(main(read_arguments()))
