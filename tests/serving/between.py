"""What may stand between a client and a server: slow, overloaded, restarting and misled ones.

Each passes requests on to a real server, except for what a test's `behave` does with them.
"""

import socket
import threading
import time
from concurrent import futures
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import grpc


class Between:
    """Counts requests, and asks `behave` about each.

    Args:
        behave: called with the number of a predict request, from 0 on; may wait, and returns what is answered in place
            of the server, or None.
    """

    def __init__(self, behave):
        self._behave, self._lock = behave, threading.Lock()
        self.count, self.at_once, self._under_way = 0, 0, 0
        self.paths = []

    def answered(self, path, forward):
        """What `behave` says, or the server."""
        with self._lock:
            number, self.count = self.count, self.count + 1
            self.paths.append(path)
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        try:
            answer = self._behave(number)
            return forward() if answer is None else answer
        finally:
            with self._lock:
                self._under_way -= 1


class Drips(bytes):
    """A body that comes byte by byte."""


class RestBetween(Between):
    """Over HTTP; `behave` returns (status, headers, body), or "close" to break the connection."""

    def __init__(self, rest, behave):
        super().__init__(behave)
        target = urlsplit(rest).netloc
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))

                def forward():
                    connection = HTTPConnection(target, timeout=60)
                    connection.request(self.command, self.path, body)
                    answer = connection.getresponse()
                    read = answer.status, dict(answer.getheaders()), answer.read()
                    connection.close()
                    return read

                got = between.answered(self.path, forward) if self.command == "POST" else forward()
                if got == "close":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, body = got
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    if name.lower() not in {"date", "connection"}:
                        self.send_header(name, value)
                self.end_headers()
                for part in [bytes([byte]) for byte in body] if isinstance(body, Drips) else [body]:
                    time.sleep(0.05 if isinstance(body, Drips) else 0)
                    self.wfile.write(part)

            do_GET = do_POST = _pass_on  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class GrpcBetween(Between):
    """Over gRPC; `behave` returns (code, details, trailing metadata)."""

    def __init__(self, address, behave):
        super().__init__(behave)
        self._channel = grpc.insecure_channel(address)
        self._server = grpc.server(futures.ThreadPoolExecutor(32))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, details):
        """See grpc.GenericRpcHandler."""

        def handle(request, context):
            def forward():
                try:
                    return self._channel.unary_unary(details.method)(request, timeout=60)
                except grpc.RpcError as error:
                    return error.code().name, error.details(), ()

            answer = self.answered(details.method, forward) if details.method.endswith("Predict") else forward()
            if isinstance(answer, bytes):
                return answer
            code, words, trailing = answer
            context.set_trailing_metadata(trailing)
            return context.abort(grpc.StatusCode[code], words)

        return grpc.unary_unary_rpc_method_handler(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.stop(None)
        self._channel.close()


class Deaf:
    """A port where connections are never made: its queue is full."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listener.getsockname()[1]
        self._queued = [socket.socket() for _ in range(4)]
        for each in self._queued:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", self.port))
        time.sleep(0.1)
        return self

    def __exit__(self, *_):
        for each in (*self._queued, self._listener):
            each.close()
