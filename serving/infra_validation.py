"""Does a SavedModel give the expected values when it is served? Run in a process of its own, which cannot import zoo.

    python -m serving.infra_validation SAVED_MODEL_DIRECTORY EXPECTED.npz
    python -m serving.infra_validation --standby

On standby it imports what serving needs, which takes seconds, and waits: each line `["DIRECTORY", "EXPECTED"]` of
standard input is answered with a line `{"status": .., "said": ..}` of standard output, by a fresh process, forked for
it. It ends with its input, or when nothing was asked for a minute.

Starts the server on the model, plays the requests of its warm-up file through gRPC and through REST, and compares every
output with the file's array `SIGNATURE/OUTPUT`, of which a request for fewer rows gets the first. Prints one line of
JSON: the largest difference, absolute for values of up to 1 and relative to an output's largest value beyond (pixels of
0 to 255 cannot agree to 1e-5). An output of integers is compared with numbers that were not rounded yet: it may be
half a step away, and only what goes beyond that counts. Truth values are what numbers beside them say, and are not
compared: a number next to its limit may fall on either side.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import orjson

from serving.quiet import importing_quietly

with importing_quietly(keras=__name__ != "__main__"):  # who imports this module may want it
    import grpc
    from tensorflow_serving.apis import prediction_log_pb2, prediction_service_pb2_grpc

    from serving.flags import read_flags
    from serving.json_parser import parse
    from serving.settings import read_settings
    from serving.tensors import from_proto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = "candidate"
_TIMEOUT = 120.0  # seconds a request may take: a large one on a busy machine
_LARGEST = 2**30  # bytes of an answer
_MAY_BE_INFINITE = {"threshold"}  # a score that no row exceeds
_CELLS = "reconstruct_table"  # the signature that gives cells of columns
_MAY_DIFFER = 0.05  # of a column's cells, see `_cells_alike`
_PATIENCE = 60.0  # seconds on standby: it holds half a gigabyte


def main(directory: str, expected: str) -> int:
    """Prints the largest difference; returns the exit status."""
    sys.modules["zoo"] = None  # type: ignore[assignment]  # from here on `import zoo` fails, as on a server
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import uvloop

    from serving.server import Server

    with tempfile.TemporaryDirectory() as scratch, np.load(expected, allow_pickle=False) as values:
        (Path(scratch) / "1").symlink_to(Path(directory).absolute())
        wanted = {name: values[name] for name in values.files}
        flags = [
            f"--model_name={_NAME}",
            f"--model_base_path={scratch}",
            "--port=0",
            "--rest_api_port=0",
            "--file_system_poll_wait_seconds=0",
            "--max_num_load_retries=0",
            f"--rest_api_timeout_in_ms={int(_TIMEOUT * 1000)}",
        ]
        server = Server(read_settings(read_flags(flags)))
        player = _Player(Path(directory), wanted)
        uvloop.run(server.run(player.start))
    return player.report()


def standby() -> int:
    """Validates what standard input names, each in a process of its own; returns the exit status."""
    sys.modules["zoo"] = None  # type: ignore[assignment]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import uvloop  # noqa: F401

    import serving.server  # noqa: F401  all that can be imported before the fork; nothing of it starts a thread

    while select.select([sys.stdin], [], [], _PATIENCE)[0]:
        line = sys.stdin.readline()
        if not line:
            break
        print(json.dumps(_forked(*json.loads(line))), flush=True)  # noqa: T201
    return 0


def _forked(directory: str, expected: str) -> dict[str, Any]:
    with tempfile.TemporaryFile() as output:
        process = os.fork()
        if process == 0:
            status = 1
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                status = main(directory, expected)
            except BaseException:  # whatever it is, this process must not go back into its parent's loop
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        output.seek(0)
        return {"status": status, "said": output.read().decode(errors="replace")}


class _Player:
    """Plays the requests in a thread, and stops the server when it is done.

    Args:
        directory: the SavedModel's.
        wanted: `SIGNATURE/OUTPUT` -> array.
    """

    def __init__(self, directory: Path, wanted: Mapping[str, Any]) -> None:
        self._directory, self._wanted = directory, wanted
        self._largest = 0.0
        self._failure = "the server stopped before every request was played"

    def start(self, rest_port: int, grpc_port: int) -> None:
        """Called by the server when both ports are open."""
        threading.Thread(target=self._play, args=(rest_port, grpc_port), daemon=True).start()

    def report(self) -> int:
        """Prints what came of it; returns the exit status."""
        if self._failure:
            print(self._failure, file=sys.stderr)  # noqa: T201
            return 1
        print(json.dumps({"largest_difference": self._largest}))  # noqa: T201
        return 0

    def _play(self, rest_port: int, grpc_port: int) -> None:
        try:
            options = [("grpc.max_receive_message_length", _LARGEST)]
            with (
                httpx.Client(base_url=f"http://127.0.0.1:{rest_port}", timeout=_TIMEOUT) as http,
                grpc.insecure_channel(f"127.0.0.1:{grpc_port}", options) as channel,
            ):
                stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
                played = {self._play_one(request, http, stub) for request in _requests(self._directory)}
            missing = {name.partition("/")[0] for name in self._wanted} - played
            self._failure = f"the warm-up file has no request for {', '.join(sorted(missing))}" if missing else ""
        except Exception as error:
            detail = error.details() if isinstance(error, grpc.RpcError) else str(error)
            self._failure = " ".join(f"{type(error).__name__}: {detail or traceback.format_exc()}".split())
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def _play_one(self, request: Any, http: httpx.Client, stub: Any) -> str:
        name = str(request.model_spec.signature_name)
        request.model_spec.name = _NAME
        rows = len(from_proto(next(iter(request.inputs.values()))))
        response = stub.Predict(request, timeout=_TIMEOUT)
        served = {output: from_proto(tensor) for output, tensor in response.outputs.items()}
        self._compare(name, served, rows, "gRPC")
        answer = http.post(f"/v1/models/{_NAME}:predict", content=_json_of(request))
        if not answer.is_success:
            raise ValueError(f"signature {name}: REST answers {answer.status_code}: {answer.text[:300]}")
        outputs = parse(answer.content)["outputs"]  # which knows NaN and Infinity
        if len(served) == 1:
            outputs = {next(iter(served)): outputs}
        # whole numbers stay what JSON says: 3.7 must not become 3
        arrays = {
            output: np.asarray(values, dtype=None if served[output].dtype.kind == "i" else served[output].dtype)
            for output, values in outputs.items()
        }
        self._compare(name, arrays, rows, "REST")
        return name

    def _compare(self, signature: str, got: Mapping[str, Any], rows: int, front: str) -> None:
        wanted = {
            output: values
            for name, _, output in (key.partition("/") for key in self._wanted)
            if name == signature
            for values in [self._wanted[f"{name}/{output}"][:rows]]
        }
        numbers = {output for output, values in got.items() if np.asarray(values).dtype.kind != "b"}
        if numbers != set(wanted):
            raise ValueError(f"signature {signature} gives {sorted(numbers)} over {front}, not {sorted(wanted)}")
        for output, values_expected in wanted.items():
            values, expected = np.asarray(got[output]), values_expected
            if signature == _CELLS:
                values, expected = _cells_alike(values, expected)
            if not np.isfinite(expected).all() and output not in _MAY_BE_INFINITE:
                raise ValueError(f"signature {signature}: the expected values are not finite")
            if values.shape != expected.shape or not len(values):
                raise ValueError(f"signature {signature}: {output} has the shape {values.shape}, not {expected.shape}")
            self._largest = max(self._largest, _difference(values, expected))


def _cells_alike(values: Any, expected: Any) -> tuple[Any, Any]:
    """Cells served and expected, gaps and words as numbers; where too many differ, those served are NaN.

    A word is the likeliest of several, a day is rounded, and a gap is what is more likely one than not: the last bit of
    a number may decide, so that a few may differ.
    """
    if values.shape != expected.shape:
        return values, np.zeros(expected.shape)
    if expected.dtype.kind == "U":
        texts = [each.decode() if isinstance(each, bytes) else str(each) for each in values.tolist()]
        differ = np.asarray(texts) != expected
        values, expected = np.ones(len(texts)), np.ones(len(texts))
    else:
        differ = np.isnan(values) != np.isnan(expected)
        values, expected = np.where(differ, 0.0, np.nan_to_num(values)), np.where(differ, 0.0, np.nan_to_num(expected))
    return (values if differ.mean() <= _MAY_DIFFER else np.full(values.shape, np.nan)), expected


def _difference(values: Any, expected: Any) -> float:
    with np.errstate(invalid="ignore"):
        apart = np.where(values == expected, 0.0, np.abs(values.astype(np.float64) - expected))  # of infinities, too
    if not np.isfinite(apart).all():
        return float("inf")
    if values.dtype.kind == "i" and expected.dtype.kind == "f":
        apart = np.maximum(apart - 0.5, 0.0)
    largest = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    return float(np.max(apart, initial=0.0)) / max(1.0, float(largest))


def _requests(directory: Path) -> Iterator[Any]:
    """The PredictRequests of the warm-up file."""
    from serving.servable import WARMUP_FILE, import_tensorflow

    path = directory / WARMUP_FILE
    for record in import_tensorflow().data.TFRecordDataset(str(path)):
        yield prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request


def _json_of(request: Any) -> bytes:
    inputs = {}
    for name, tensor in request.inputs.items():
        array = from_proto(tensor)
        inputs[name] = _strings(array.tolist()) if array.dtype.kind in "OS" else array.tolist()
    return orjson.dumps({"signature_name": request.model_spec.signature_name, "inputs": inputs})


def _strings(cells: Any) -> Any:
    """Bytes as REST takes them, whatever is in them."""
    if isinstance(cells, list):
        return [_strings(cell) for cell in cells]
    return {"b64": base64.b64encode(cells).decode()}


if __name__ == "__main__":
    sys.exit(standby() if sys.argv[1:] == ["--standby"] else main(*sys.argv[1:]))
