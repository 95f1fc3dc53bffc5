"""Builds the image of serving/Dockerfile, runs it as nobody on a root that is read-only, and asks it.

    python -m tests.hardness.image [BASE]

BASE is an image with Python 3.11 and pip that a registry has, or this machine. Without one the base is made of
Debian's packages by debootstrap, for machines that reach no registry. It takes root, Debian's packages buildah and runc
(and debootstrap), some 6 GB in the folder for temporary files, the ports 8500 and 8501, and a few minutes. No daemon is
needed: processes of the build are only chrooted, those of the run have namespaces of their own, but for the network,
which is the machine's. Where it cannot run it says why, with status 2.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
import httpx
import numpy as np
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.hardness._served import ROOT, WIDTH, export_embed

from served import WEIGHTS  # isort: skip

PACKAGES = "python3.11,python3-pip,python-is-python3,ca-certificates"
TMP = "/tmp"  # noqa: S108
NOBODY, ENDS_WITHIN, TOKEN = 65534, 12, "opensesame"  # seconds: drain_seconds and 2
NAME, MADE_BASE = "encoder-zoo-server", "localhost/python:3.11-slim"
REST, GRPC = "http://127.0.0.1:8501", "127.0.0.1:8500"


def missing(base):
    """What there is not, and how to get it; "" if all is there."""
    if os.geteuid():
        return "this takes root: it mounts, chroots and starts a container"
    tools = ["buildah", "runc", *([] if base else ["debootstrap"])]
    absent = [tool for tool in tools if shutil.which(tool) is None]
    return f"there is no {', '.join(absent)}: apt-get install {' '.join(absent)}" if absent else ""


class Images:
    """buildah, with images of its own in a folder."""

    def __init__(self, folder):
        self._command = ["buildah", "--root", folder / "images", "--runroot", folder / "running"]

    def __call__(self, *arguments):
        """Runs a command of buildah; returns what it says."""
        done = subprocess.run([*self._command, *arguments], stdout=subprocess.PIPE, check=True, text=True)
        return done.stdout.strip()

    def make_base(self, folder):
        """An image like Docker's python:3.11-slim, of Debian's packages."""
        root = folder / "base"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()  # an image of Python has no packages but pip's
        container = self("from", "scratch")
        self("add", container, root, "/")
        self("commit", container, MADE_BASE)
        self("rm", container)
        shutil.rmtree(root)
        return MADE_BASE

    def build(self, base):
        """Builds the image; the machine's certificates count, for machines behind a proxy that reads along."""
        self(
            "build", "--isolation", "chroot", "--network", "host", "--volume", "/etc/ssl/certs:/etc/ssl/certs:ro",
            "--build-arg", f"BASE={base}", "--file", ROOT / "serving" / "Dockerfile", "--tag", NAME, ROOT,
        )  # fmt: skip
        return json.loads(self("inspect", "--type", "image", NAME))["OCIv1"]["config"]


class Runtime:
    """runc, with a container whose bundle and state are in a folder."""

    def __init__(self, folder):
        self._folder, self._command = folder, [str(shutil.which("runc")), "--root", folder / "state"]

    def __call__(self, *arguments):
        """Runs a command of runc; returns what it says."""
        command = [*self._command, *arguments]
        return subprocess.run(command, cwd=self._folder, stdout=subprocess.PIPE, check=True, text=True).stdout

    @contextlib.contextmanager
    def run(self):
        """Runs the bundle; gives the process of runc, which ends with the container's status."""
        command = [*self._command, "run", "--bundle", self._folder, NAME]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    self("kill", NAME, "KILL")

    def processes(self):
        """Program -> user, of what runs in the container."""
        found = {}
        for number in json.loads(self("ps", "--format", "json", NAME)):
            status = Path(f"/proc/{number}/status").read_text()
            command = Path(f"/proc/{number}/cmdline").read_text().split("\0")
            found[" ".join(command[:3])] = int(status.split("Uid:")[1].split()[0])
        return found


def bundle(folder, root, config, arguments, mounts):
    """What runc starts: the image's program and user, no capability, nothing to write to but /tmp."""
    Runtime(folder)("spec")
    spec = json.loads((folder / "config.json").read_text())
    user, group = map(int, config["User"].split(":"))
    spec["root"] = {"path": root, "readonly": True}
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": user, "gid": group},
        "cwd": config["WorkingDir"],
        "args": [*config["Entrypoint"], *arguments],
        "env": config["Env"],
        "noNewPrivileges": True,
        "capabilities": {kind: [] for kind in spec["process"]["capabilities"]},
    }
    spec["linux"]["namespaces"] = [each for each in spec["linux"]["namespaces"] if each["type"] != "network"]
    spec["mounts"] += [
        {"destination": place, "type": "bind", "source": str(source), "options": ["bind", "ro"]}
        for place, source in mounts.items()
    ]
    options = ["nosuid", "nodev", "noexec", "mode=1777"]
    spec["mounts"].append({"destination": TMP, "type": "tmpfs", "source": "tmpfs", "options": options})
    (folder / "config.json").write_text(json.dumps(spec))


def ask(headers):
    """Asks in every way; raises AssertionError where an answer is not as it should be."""
    for path, status in (("healthz", 200), ("readyz", 200), ("v1/models/embed", 401)):
        assert httpx.get(f"{REST}/{path}").status_code == status, path
    rng = np.random.default_rng(0)
    for rows in (1, 64, 100_000):  # the last one goes through the process for large bodies
        x = rng.normal(size=(rows, WIDTH)).astype(np.float32)
        url, body = f"{REST}/v1/models/embed:predict", {"instances": x.tolist()}
        answer = httpx.post(url, json=body, headers=headers, timeout=60)
        np.testing.assert_allclose(answer.json()["predictions"], x @ WEIGHTS, rtol=1e-4, atol=1e-5)
    request = predict_pb2.PredictRequest(model_spec={"name": "embed"})
    request.inputs["x"].dtype = 1
    for size in (1, WIDTH):
        request.inputs["x"].tensor_shape.dim.add().size = size
    request.inputs["x"].float_val.extend(x[0].tolist())
    with grpc.insecure_channel(GRPC) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        metadata = [("authorization", headers["Authorization"])]
        values = stub.Predict(request, metadata=metadata, timeout=60).outputs["embedding"].float_val
    np.testing.assert_allclose(values, x[0] @ WEIGHTS, rtol=1e-4, atol=1e-5)


def tried(folder, images, config):
    """Runs the image as serving/kubernetes-embedded.yaml does, asks, and stops it; returns whether all is well."""
    (folder / "models" / "embed").mkdir(parents=True)
    export_embed(folder / "models" / "embed" / "1")
    (folder / "secret").mkdir()
    (folder / "secret" / "token").write_text(TOKEN)
    for each in (folder, *folder.joinpath("models").rglob("*"), folder / "models", folder / "secret"):
        each.chmod(0o755 if each.is_dir() else 0o644)
    root = images("mount", images("from", NAME))
    arguments = ["--bearer_token_file", "/secret/token", "--access_log", "json"]
    bundle(folder, root, config, arguments, {"/models": folder / "models", "/secret": folder / "secret"})
    started = time.monotonic()
    runtime = Runtime(folder)
    with runtime.run() as process:
        print(f"  {process.stdout.readline().strip()}; after {time.monotonic() - started:.1f} s", flush=True)
        ask({"Authorization": f"Bearer {TOKEN}"})
        found = runtime.processes()
        told = time.monotonic()
        runtime("kill", NAME, config["StopSignal"])
        status = process.wait(60)
        took = time.monotonic() - told
    print(f"  all answered; ran {found}; ended with {status} {took:.1f} s after {config['StopSignal']}")
    return len(found) == 2 and set(found.values()) == {NOBODY} and status == 0 and took < ENDS_WITHIN


def main(base=""):
    """Returns 0 if all is well, 1 if not, 2 if it cannot run here."""
    if words := missing(base):
        print(f"error: {words}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="image-") as place:
        folder = Path(place)
        images = Images(folder)
        try:
            started = time.monotonic()
            base = base or images.make_base(folder)
            print(f"  base {base}: {time.monotonic() - started:.0f} s", flush=True)
            config = images.build(base)
            print(f"  built from it, {time.monotonic() - started:.0f} s in all: {images('images', NAME)}", flush=True)
            return 0 if tried(folder, images, config) else 1
        finally:
            images("umount", "--all")
            images("rm", "--all")
            images("rmi", "--all")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
