"""Small requests that are large, deep or slow once they are read, beside honest ones.

Wanted: honest p99 below 100 ms throughout, the peak of memory below 1.2 GB, and what was taken given back.
"""

import contextlib
import gzip
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.hardness._served import Honest, megabytes, server

MEGABYTE = 10**6
WANTED_P99, WANTED_PEAK, WANTED_KEPT = 0.1, 1200, 300  # seconds, megabytes, megabytes
NUMBERS = b",".join(b"0.%d" % (number % 9973) for number in range(100_000))


def bodies():
    """Name -> (how many at once, body, whether it is compressed)."""
    ragged = b'{"instances": [[' + b"1.5," * 100_000 + b"1.5], [2.5]]}"
    return {
        "10 MB of [, gzip (9.7 kB), 8 at once": (8, b"[" * 10 * MEGABYTE, True),
        "90 MB of [, gzip (87 kB), 4 at once": (4, b"[" * 90 * MEGABYTE, True),
        "90 MB of empty objects, gzip, 4 at once": (4, b'{"instances": [' + b"{}," * 30 * MEGABYTE + b"1]}", True),
        "15 MB of empty objects, gzip, 8 at once": (8, b'{"instances": [' + b"{}," * 5 * MEGABYTE + b"1]}", True),
        "3 MB of [, 8 at once": (8, b"[" * 3 * MEGABYTE, False),
        "15 MB of numbers with a NaN, gzip, 8 at once": (
            8,
            b'{"instances": [[' + (NUMBERS + b",") * 25 + b"NaN]]}",
            True,
        ),
        "400 kB of ragged rows, 8 at once": (8, ragged, False),
        "1,000,000 rows of one number and a text of 1 MB, 8 at once": (
            8,
            b'{"instances": ["' + b"a" * MEGABYTE + b'"' + b",1" * MEGABYTE + b"]}",
            True,
        ),
        "a long list where a name is wanted, 8 at once": (
            8,
            b'{"signature_name": [' + b"1.5," * MEGABYTE + b"1]}",
            True,
        ),
        "examples of 1,000,000 numbers, 8 at once": (
            8,
            b'{"examples": [{"x": [' + b"1.5," * MEGABYTE + b"1.5]}]}",
            True,
        ),
    }


def attack(process, name, count, body, is_compressed):
    """Sends it for five seconds, and says how the honest fared; returns whether all is well."""
    content = gzip.compress(body) if is_compressed else body
    headers = {"Content-Encoding": "gzip"} if is_compressed else {}
    url = f"{process.rest}/v1/models/embed:{'classify' if b'examples' in body[:20] else 'predict'}"
    until = time.monotonic() + 5

    def send(_):
        statuses = []
        with httpx.Client(timeout=600) as client:
            while time.monotonic() < until or not statuses:
                with contextlib.suppress(httpx.HTTPError):
                    statuses.append(client.post(url, content=content, headers=headers).status_code)
        return statuses

    with Honest(process.rest) as honest, ThreadPoolExecutor(count) as threads:
        started = time.monotonic()
        answered = [status for statuses in threads.map(send, range(count)) for status in statuses]
        took = time.monotonic() - started
    told = {status: answered.count(status) for status in sorted(set(answered))}
    print(f"  {name}: answers {told} in {took:.1f} s; {honest.said()}; peak {megabytes(process):.0f} MB", flush=True)
    return honest.p99() < WANTED_P99 and all(status == 200 for status in honest.statuses)


def over_grpc(process, size=200 * MEGABYTE):
    """200 MB of zeros as a compressed message; returns whether it is refused."""
    request = predict_pb2.PredictRequest(model_spec={"name": "embed"})
    request.inputs["x"].dtype = 1
    request.inputs["x"].tensor_shape.dim.add().size = size // 20
    request.inputs["x"].tensor_shape.dim.add().size = 5
    request.inputs["x"].tensor_content = bytes(size)
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(process.grpc, options, compression=grpc.Compression.Gzip) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            stub.Predict(request, timeout=60)
            said = "OK"
        except grpc.RpcError as error:
            said = f"{error.code().name}: {error.details()}"
    print(f"  gRPC, {size // MEGABYTE} MB of zeros, gzip: {said}; peak {megabytes(process):.0f} MB", flush=True)
    return said.startswith("RESOURCE_EXHAUSTED")


def main():
    """Returns 1 if something is not as wanted."""
    fine = []
    with server() as process:
        with Honest(process.rest) as honest:
            time.sleep(3)
        before = megabytes(process, "VmRSS")
        print(f"  nothing beside them: {honest.said()}; {before:.0f} MB")
        for name, (count, body, is_compressed) in bodies().items():
            if not sys.argv[1:] or sys.argv[1] in name:
                fine.append(attack(process, name, count, body, is_compressed))
        fine.append(over_grpc(process))
        time.sleep(3)
        kept = megabytes(process, "VmRSS") - before
        print(f"  peak {megabytes(process):.0f} MB; kept {kept:.0f} MB; went wrong: {fine.count(False)} of {len(fine)}")
        fine += [megabytes(process) < WANTED_PEAK, kept < WANTED_KEPT]
        assert np.isfinite(kept)
    return int(not all(fine))


if __name__ == "__main__":
    sys.exit(main())
