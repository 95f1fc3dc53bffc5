"""The files for TensorFlow Serving: what it reads is read here, and what it is asked is asked of a server."""

import json
import re
import shlex
import subprocess
import time
from pathlib import PurePosixPath

import httpx
import pytest
import yaml
from google.protobuf import text_format
from served import ROOT, ServerProcess, export_embed
from tensorflow_serving.config import model_server_config_pb2

from serving.flags import parser
from serving.protos import message

SERVING = ROOT / "serving"
NAME = "vae_word2vec"  # the encoder that health checks and probes ask for
SERVICES = ("cpu", "gpu")
# of those in model_servers/main.cc; the embedded server has more
FLAGS = {
    "port",
    "rest_api_port",
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "file_system_poll_wait_seconds",
    "allow_version_labels_for_unavailable_models",
    "monitoring_config_file",
    "enable_batching",
    "batching_parameters_file",
}


def compose():
    return yaml.safe_load((SERVING / "docker-compose.yml").read_text())


def kubernetes():
    documents = yaml.safe_load_all((SERVING / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


def container():
    (found,) = kubernetes()["Deployment"]["spec"]["template"]["spec"]["containers"]
    return found


def gpu_container():
    (found,) = yaml.safe_load((SERVING / "kubernetes-gpu.yaml").read_text())["spec"]["template"]["spec"]["containers"]
    return found


def probe_paths():
    return {kind: container()[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}


def commands():
    """Every command line that is written down for TensorFlow Serving."""
    found = {service: compose()["services"][service]["command"] for service in SERVICES}
    return found | {"kubernetes": container()["args"], "kubernetes-gpu": gpu_container()["args"]}


def mounts(where):
    """Mounted path -> what lies there, as the files under serving/ know it."""
    if where in SERVICES:
        return {each["target"]: each["source"] for each in compose()["services"][where]["volumes"]}
    config = kubernetes()["ConfigMap"]["data"]
    paths = {each["name"]: each["mountPath"] for each in container()["volumeMounts"]}
    return {paths["store"]: "./store"} | {f"{paths['config']}/{name}": f"./{name}" for name in config}


def read(name):
    return (SERVING / name).read_text()


@pytest.mark.parametrize(("file", "kind"), [("batching", "BatchingParameters"), ("monitoring", "MonitoringConfig")])
def test_the_text_protos_parse_and_kubernetes_has_the_same(file, kind):
    expected = text_format.Parse(read(f"{file}.config"), message(kind))
    assert expected.ByteSize()
    assert text_format.Parse(kubernetes()["ConfigMap"]["data"][f"{file}.config"], message(kind)) == expected


def test_batches_are_as_large_as_what_the_client_sends():
    from serving import EmbeddingClient

    batching = text_format.Parse(read("batching.config"), message("BatchingParameters"))
    with EmbeddingClient("localhost:1", NAME) as client:
        assert batching.max_batch_size.value >= client.chunk


def test_models_config_in_the_readme_parses():
    (text,) = re.findall(r"```text\n(model_config_list.*?)```", read("README.md"), re.DOTALL)
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (NAME, f"/models/{NAME}", "tensorflow")
    assert dict(model.version_labels).keys() == {"stable", "canary"}


def test_a_pushed_store_parses():
    files = sorted(SERVING.glob("store/models.config"))
    for file in files:
        config = text_format.Parse(file.read_text(), model_server_config_pb2.ModelServerConfig())
        for model in config.model_config_list.config:
            assert (SERVING / "store" / model.name).is_dir()
    if not files:
        pytest.skip("nothing has been pushed to serving/store")


@pytest.mark.parametrize("where", [*SERVICES, "kubernetes", "kubernetes-gpu"])
def test_every_flag_is_known_to_both_servers_and_every_path_is_mounted(where):
    given = commands()[where]
    assert all(re.fullmatch(r"--[a-z_]+=\S+", flag) for flag in given)
    names = [flag[2:].partition("=")[0] for flag in given]
    assert len(set(names)) == len(names)
    assert set(names) <= FLAGS
    flags = parser().parse_args(given)
    assert (flags.port, flags.rest_api_port) == (8500, 8501)
    assert flags.model_config_file_poll_wait_seconds > 0
    assert flags.allow_version_labels_for_unavailable_models
    assert flags.enable_batching == bool(flags.batching_parameters_file) == ("gpu" in where)
    mounted = mounts(where.removesuffix("-gpu") if where.startswith("kubernetes") else where)
    assert mounted["/models"] == "./store"
    assert PurePosixPath(flags.model_config_file).parent == PurePosixPath("/models")
    for path in filter(None, (flags.monitoring_config_file, flags.batching_parameters_file)):
        assert (SERVING / mounted[path]).is_file()


def test_images_are_pinned_and_the_same_everywhere():
    services = compose()["services"]
    for image, others in (
        (services["cpu"]["image"], container()["image"]),
        (services["gpu"]["image"], gpu_container()["image"]),
    ):
        assert image == others
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", services["cpu"]["image"])
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+-gpu", services["gpu"]["image"])


@pytest.mark.parametrize("service", SERVICES)
def test_compose_keeps_to_this_machine_and_changes_nothing(service):
    found = compose()["services"][service]
    assert found["profiles"] == [service]
    flags = parser().parse_args(found["command"])
    assert found["ports"] == [f"127.0.0.1:{port}:{port}" for port in (flags.port, flags.rest_api_port)]
    assert all(volume["read_only"] for volume in found["volumes"])
    assert all((SERVING / volume["source"]).exists() for volume in found["volumes"])
    assert found["entrypoint"] == ["tensorflow_model_server"]
    assert found["environment"]["ENCODER"] == f"${{ENCODER:-{NAME}}}"
    assert (found["restart"], found["init"], found["read_only"]) == ("unless-stopped", True, True)
    assert found["stop_grace_period"]
    devices = found.get("deploy", {"resources": {"reservations": {"devices": []}}})["resources"]["reservations"][
        "devices"
    ]
    assert [device["capabilities"] for device in devices] == ([["gpu"]] if service == "gpu" else [])


def test_kubernetes_hangs_together():
    found = kubernetes()
    pod = found["Deployment"]["spec"]["template"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert found["Service"]["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in container()["volumeMounts"]} == volumes.keys()
    assert volumes["store"]["persistentVolumeClaim"]["claimName"] == found["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["config"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    flags = parser().parse_args(container()["args"])
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert ports == {"grpc": flags.port, "rest": flags.rest_api_port}
    assert {port["targetPort"]: port["port"] for port in found["Service"]["spec"]["ports"]} == ports
    assert all(container()[f"{kind}Probe"]["httpGet"]["port"] == "rest" for kind in probe_paths())
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert container()["securityContext"]["readOnlyRootFilesystem"]
    assert gpu_container()["name"] == container()["name"]
    assert gpu_container()["args"][: len(container()["args"])] == container()["args"]
    assert gpu_container()["resources"]["limits"]["nvidia.com/gpu"] == 1
    grace = pod["spec"]["terminationGracePeriodSeconds"]
    assert int(container()["lifecycle"]["preStop"]["exec"]["command"][-1]) < grace


def embedded():
    documents = yaml.safe_load_all((SERVING / "kubernetes-embedded.yaml").read_text())
    return {document["kind"]: document for document in documents}


def instructions():
    """Instruction -> its last argument, in serving/Dockerfile."""
    return dict(re.findall(r"^([A-Z]+) (.+)$", read("Dockerfile"), re.MULTILINE))


def test_the_embedded_server_in_kubernetes_hangs_together():
    found, image = embedded(), instructions()
    pod = found["Deployment"]["spec"]["template"]
    (server,) = pod["spec"]["containers"]
    assert found["Service"]["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert found["Deployment"]["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    entry = json.loads(image["ENTRYPOINT"])
    assert entry[:3] == ["python", "-m", "serving"]
    flags = parser().parse_args(entry[3:] + server["args"])
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    assert ports == {"grpc": flags.port, "rest": flags.rest_api_port}
    assert set(map(int, image["EXPOSE"].split())) == set(ports.values())
    assert {port["targetPort"]: port["port"] for port in found["Service"]["spec"]["ports"]} == ports
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert (
        volumes["store"]["persistentVolumeClaim"]["claimName"]
        == kubernetes()["PersistentVolumeClaim"]["metadata"]["name"]
    )
    mounted = {mount["mountPath"]: mount["name"] for mount in server["volumeMounts"]}
    assert set(mounted.values()) == volumes.keys()
    assert mounted[str(flags.store)] == "store"
    assert mounted[str(PurePosixPath(flags.bearer_token_file).parent)] == "token"
    assert (mounted["/tmp"], volumes["tmp"]["emptyDir"]) == ("tmp", {})  # noqa: S108
    may = pod["spec"]["securityContext"]
    assert f"{may['runAsUser']}:{may['runAsGroup']}" == image["USER"]
    assert may["runAsNonRoot"]
    assert server["securityContext"] == container()["securityContext"]
    paths = {kind: server[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    leaves = int(server["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert leaves + flags.drain_seconds + 2 < pod["spec"]["terminationGracePeriodSeconds"]
    assert image["STOPSIGNAL"] == "SIGTERM"


@pytest.mark.parametrize("name", ["kubernetes", "kubernetes-embedded", "kubernetes-gpu"])
def test_kubernetes_knows_every_key(name):
    validation = pytest.importorskip(
        "kubernetes_validate",
        reason="kubernetes-validate (22 MB, PyPI) holds the manifests against Kubernetes' schemas",
    )
    documents = list(yaml.safe_load_all((SERVING / f"{name}.yaml").read_text()))
    if name == "kubernetes-gpu":  # what the patch makes of the Deployment
        documents = [kubernetes()["Deployment"]]
        spec, patch = documents[0]["spec"], yaml.safe_load((SERVING / f"{name}.yaml").read_text())["spec"]
        (server,) = spec["template"]["spec"]["containers"]
        (change,) = patch.pop("template")["spec"]["containers"]
        server |= change
        spec |= patch
    for document in documents:
        validation.validate(document, "1.32", strict=True)
        validation.validate(document, validation.latest_version(), strict=True)


def test_compose_knows_every_key():
    reason = "check-jsonschema (PyPI) has the Compose Specification's schema"
    schemas = pytest.importorskip("check_jsonschema.builtin_schemas", reason=reason)
    jsonschema = pytest.importorskip("jsonschema", reason=reason)
    jsonschema.validate(compose(), schemas.get_builtin_schema("vendor.compose-spec"))


def healthy(server):
    """What compose's own health check says, run by a real bash against another port."""
    _, *command = compose()["services"]["cpu"]["healthcheck"]["test"]
    port = server.rest.rpartition(":")[2]
    command = [word.replace("$$", "$").replace("/8501", f"/{port}") for word in command]
    done = subprocess.run(command, env={"ENCODER": NAME, "PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
    return done.returncode == 0


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_probes_and_the_health_check_tell_whether_the_stable_version_serves(tmp_path):
    flags = ["--monitoring_config_file", SERVING / "monitoring.config", "--file_system_poll_wait_seconds", "0.1"]
    batching = ["--enable_batching", "--batching_parameters_file", SERVING / "batching.config"]
    server = ServerProcess("--store", tmp_path, *flags, *batching)
    paths = probe_paths()

    def statuses():
        return {kind: httpx.get(f"{server.rest}{path}").status_code for kind, path in paths.items()}

    try:
        nothing = {"startup": 404, "readiness": 404, "liveness": 200}
        assert statuses() == nothing
        assert not healthy(server)
        (tmp_path / NAME).mkdir()
        export_embed(tmp_path / NAME / "1")
        until(lambda: statuses() != nothing)
        # loaded, and GET /v1/models/NAME says so; but nothing is stable
        assert httpx.get(f"{server.rest}/v1/models/{NAME}").status_code == 200
        assert statuses() == {"startup": 400, "readiness": 400, "liveness": 200}
        assert not healthy(server)
        config = f'config {{ name: "{NAME}" base_path: "/models/{NAME}" model_platform: "tensorflow" '
        (tmp_path / "new").write_text(
            f'model_config_list {{ {config} version_labels {{ key: "stable" value: 1 }} }} }}'
        )
        (tmp_path / "new").rename(tmp_path / "models.config")
        until(lambda: statuses()["readiness"] != 400)
        assert set(statuses().values()) == {200}
        assert healthy(server)
    finally:
        assert server.stop() == 0
    assert not healthy(server)


def test_commands_in_the_readme_name_what_there_is():
    text = read("README.md")
    known = set(re.findall(r"--([a-z][a-z_]+)", parser().format_help())) | {"file", "filename"}
    for line in re.findall(r"^ *(?:\$ )?(python -m serving .*)$", text, re.MULTILINE):
        words = shlex.split(line.partition(" #")[0].rstrip("\\ "))
        assert {word[2:].partition("=")[0] for word in words if word.startswith("--")} <= known, line
    for file in re.findall(r"serving/([a-z-]+\.(?:ya?ml|config))", text):
        assert (SERVING / file).is_file(), file
    services = compose()["services"]
    for profile in re.findall(r"--profile (\S+)", text):
        assert profile in services
    for version in re.findall(r"tensorflow/serving:([\w.-]*\w)", text):
        assert version in {service["image"].partition(":")[2] for service in services.values()}
