"""Small requests that are large, deep or slow once they are read, beside honest ones.

Wanted: honest p99 below 100 ms throughout, the peak of memory below 1.2 GB, and what was taken given back.
"""

import gzip
import subprocess
import sys
import time

import grpc
import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.hardness._served import ROOT, Honest, megabytes, server

MEGABYTE, SECONDS = 10**6, 5
WANTED_P99, WANTED_PEAK, WANTED_KEPT = 0.1, 1200, 300  # seconds, megabytes, megabytes
NUMBERS = b",".join(b"0.%d" % (number % 9973) for number in range(100_000))


def rows(size):
    """A body of about so many bytes, of rows that the model takes."""
    row = b"[0.123456,-1.25,3,0.000125,-17.75],"
    return b'{"instances": [' + row * (size // len(row)) + row[:-1] + b"]}"


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
        "15 MB of plain rows, 8 at once": (8, rows(15 * MEGABYTE), False),
        "15 MB of plain rows, gzip, 8 at once": (8, rows(15 * MEGABYTE), True),
        "1 MB of plain rows, 8 at once": (8, rows(MEGABYTE), False),
        "300 kB of plain rows, 8 at once": (8, rows(300_000), False),
        "15 MB of numbers in one row, 8 at once": (8, b'{"instances": [[' + (NUMBERS + b",") * 21 + b"1]]}", False),
        "15 MB of short texts, 8 at once": (8, b'{"instances": [' + b'"abc",' * 2_500_000 + b'""]}', False),
        "one text of 15 MB, 8 at once": (8, b'{"instances": ["' + b"a" * 15 * MEGABYTE + b'"]}', False),
        "a signature's name of 15 MB, 8 at once": (8, b'{"signature_name": "' + b"a" * 15 * MEGABYTE + b'"}', False),
        "15 MB of names, 8 at once": (
            8,
            b'{"instances": [{' + b",".join(b'"x%d": 1' % number for number in range(1_200_000)) + b"}]}",
            False,
        ),
        "examples of 1,000,000 numbers, 8 at once": (
            8,
            b'{"examples": [{"x": [' + b"1.5," * MEGABYTE + b"1.5]}]}",
            True,
        ),
    }


def messages():
    """Name -> a PredictRequest of about 15 MB."""
    rows = 700_000
    kinds = {
        "numbers in a block": (1, "tensor_content", bytes(20 * rows)),
        "numbers": (1, "float_val", [1.5] * 5 * rows),
    }
    kinds |= {"whole numbers": (3, "int_val", [300] * 10 * rows), "texts": (7, "string_val", [b"abc"] * (4 * rows))}
    found = {}
    for name, (dtype, field, values) in kinds.items():
        request = predict_pb2.PredictRequest(model_spec={"name": "embed"})
        tensor = request.inputs["x"]
        tensor.dtype = dtype
        for size in (rows, 5):
            tensor.tensor_shape.dim.add().size = size
        if field == "tensor_content":
            tensor.tensor_content = values
        else:
            getattr(tensor, field).extend(values)
        found[f"gRPC, {name}, 15 MB, 8 at once"] = request.SerializeToString()
    return found


def attack(process, name, count, body, is_compressed):
    """Sends it by REST for five seconds, and says how the honest fared; returns whether all is well."""
    content = gzip.compress(body) if is_compressed else body
    headers = ["Content-Encoding: gzip"] if is_compressed else []
    url = f"{process.rest}/v1/models/embed:{'classify' if b'examples' in body[:20] else 'predict'}"
    return sent(process, name, count, content, url, headers)


def sent(process, name, count, content, url, headers=()):
    """The same, of what is ready to be sent to a URL."""
    command = [sys.executable, "-m", "tests.hardness._attacker", url, str(count), str(SECONDS), *headers]
    with Honest(process.rest) as honest:
        started = time.monotonic()
        told = subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout.decode()
        took = time.monotonic() - started
    held = f"peak {megabytes(process):.0f} MB"
    print(f"  {name}: answers {told.strip()} in {took:.1f} s; {honest.said()}; {held}", flush=True)
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
        for name, content in messages().items():
            if not sys.argv[1:] or sys.argv[1] in name:
                fine.append(sent(process, name, 8, content, f"grpc:{process.grpc}"))
        fine.append(over_grpc(process))
        time.sleep(3)
        kept = megabytes(process, "VmRSS") - before
        print(f"  peak {megabytes(process):.0f} MB; kept {kept:.0f} MB; went wrong: {fine.count(False)} of {len(fine)}")
        fine += [megabytes(process) < WANTED_PEAK, kept < WANTED_KEPT]
        assert np.isfinite(kept)
    return int(not all(fine))


if __name__ == "__main__":
    sys.exit(main())
