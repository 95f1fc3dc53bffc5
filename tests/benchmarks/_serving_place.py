"""Where the serving benchmark happens: a small encoder, trained, registered and exported, and servers of it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import orjson

ROOT = Path(__file__).parent.parent.parent
NAME = "vae_word2vec"
# the network of vae_word2vec on few rows: it answers as fast as the real one, if not as well
RECIPE = (
    f"recipe={ROOT / 'tests' / 'recipes' / 'tiny.yaml'}",
    f"name={NAME}",
    "model.latent_dim=25",
    "model.hidden=[128,64]",
    "train.epochs=1",
)
PAIR = ", 2 workers"  # behind a server's name
START_UP = 120  # seconds


class Running:
    """A server in a process group of its own.

    Args:
        command: what starts it.
        folder: where it runs, and keeps its log.
        ready: URL that answers with 200 once it serves.
    """

    def __init__(self, command, folder, ready):
        self._log = folder / f"{command[2]}.log"
        tracking = f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow looks for uvicorn there
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": tracking, "PATH": path}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        deadline = time.monotonic() + START_UP
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(ready).is_success:
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{' '.join(command)}: {self._log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self, number=signal.SIGTERM):
        """Ends it and what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(30)


class Place:
    """A folder with an encoder in an MLflow store and in a store folder.

    Args:
        folder: an empty one.

    Attributes:
        folder: as above.
        store: folder of the exported encoders.
        ports: of gRPC, REST and MLflow, and of gRPC and REST with two workers.
    """

    def __init__(self, folder):
        command = [sys.executable, "-m", "zoo.run", *RECIPE]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        self.folder, self.store = folder, folder / "serving" / "store"
        self.ports = _free_ports(5)
        # without labels a server keeps one version: a swap then unloads the old one as well
        (self.store / "models.config").unlink()

    @property
    def model(self):
        """The exported encoder's first version."""
        return self.store / NAME / "1"

    def serve(self, workers=1):
        """Starts `python -m serving` on the store."""
        grpc_port, rest_port = self.ports[:2] if workers == 1 else self.ports[3:]
        where = ["--port", str(grpc_port), "--rest_api_port", str(rest_port), "--workers", str(workers)]
        command = [sys.executable, "-m", "serving", "--store", str(self.store), *where]
        return Running(command, self.folder, f"http://127.0.0.1:{rest_port}/v1/models/{NAME}")

    def serve_with_mlflow(self):
        """Starts `mlflow models serve` on the registered encoder."""
        where = ["-h", "127.0.0.1", "-p", str(self.ports[2]), "--env-manager", "local"]
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{NAME}@champion", *where]
        return Running(command, self.folder, f"http://127.0.0.1:{self.ports[2]}/ping")

    def publish(self, version):
        """Puts a new version into the store, whole."""
        staged = self.store / NAME / f".candidate-{version}"
        shutil.copytree(self.model, staged)
        staged.rename(self.store / NAME / str(version))

    def states(self):
        """Version -> state."""
        answer = httpx.get(f"http://127.0.0.1:{self.ports[1]}/v1/models/{NAME}").json()
        return {int(each["version"]): each["state"] for each in answer["model_version_status"]}

    def request(self, server, rows):
        """Protocol, address and bytes of a request: "gRPC", "REST" (or either with two workers) or "MLflow"."""
        grpc_port, rest_port = self.ports[3:] if server.endswith(PAIR) else self.ports[:2]
        if server.startswith("gRPC"):
            return "grpc", f"127.0.0.1:{grpc_port}", message(rows).SerializeToString()
        path, key = ("/invocations", "inputs") if server == "MLflow" else (f"/v1/models/{NAME}:predict", "instances")
        body = orjson.dumps({key: rows}, option=orjson.OPT_SERIALIZE_NUMPY)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        address = f"127.0.0.1:{self.ports[2] if server == 'MLflow' else rest_port}"
        return "rest", address, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def answer(self, server, rows):
        """What a server makes of rows [n, 50]: codes [n, 25]."""
        if server.startswith("gRPC"):
            import grpc
            import tensorflow as tf
            from tensorflow_serving.apis import prediction_service_pb2_grpc

            with grpc.insecure_channel(self.request(server, rows)[1]) as channel:
                stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
                return tf.make_ndarray(stub.Predict(message(rows), timeout=30).outputs["embedding"])
        _, address, request = self.request(server, rows)
        head, _, body = request.partition(b"\r\n\r\n")
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(f"http://{address}{head.split()[1].decode()}", content=body, headers=headers, timeout=30)
        return np.asarray(answer.raise_for_status().json()["predictions"], dtype=np.float32)


def message(rows):
    """A PredictRequest."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest(model_spec={"name": NAME})
    request.inputs["vector"].CopyFrom(tf.make_tensor_proto(rows))
    return request


def _free_ports(count):
    with contextlib.ExitStack() as sockets:
        bound = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in bound]
