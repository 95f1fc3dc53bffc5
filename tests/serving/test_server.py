"""The server as its callers see it: a process, asked over REST and gRPC."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from served import LATENT, ROOT, WEIGHTS, WIDTH, ServerProcess, export_embed
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

pytestmark = pytest.mark.slow
ROWS = np.random.default_rng(0).normal(size=(4, WIDTH)).astype(np.float32)


@pytest.fixture(scope="module")
def stubs(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield (
            prediction_service_pb2_grpc.PredictionServiceStub(channel),
            model_service_pb2_grpc.ModelServiceStub(channel),
            health_pb2_grpc.HealthStub(channel),
        )


def predict_request(rows=ROWS, **spec):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("name", "embed")
    version = spec.pop("version", None)
    if version is not None:
        request.model_spec.version.value = version
    for field, value in spec.items():
        setattr(request.model_spec, field, value)
    if rows is not None:
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(rows))
    return request


def test_grpc_predict_gives_the_values_the_version_and_fields_of_their_type(stubs):
    response = stubs[0].Predict(predict_request(), timeout=10)
    proto = response.outputs["embedding"]
    assert len(proto.float_val) == 4 * LATENT
    np.testing.assert_allclose(tf.make_ndarray(proto), ROWS @ WEIGHTS, rtol=1e-5, atol=1e-6)
    assert (response.model_spec.name, response.model_spec.version.value) == ("embed", 1)
    assert response.model_spec.signature_name == "serving_default"


def with_filter(*names):
    request = predict_request()
    request.output_filter.extend(names)
    return request


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (predict_request(version=0), "NOT_FOUND", r"^Servable not found for request: Specific\(embed, 0\)$"),
        (predict_request(np.ones((2, WIDTH + 1), np.float32)), "INVALID_ARGUMENT", r"\[2,6\], In\[1\]: \[5,3\]"),
        (with_filter("embedding", "embedding"), "INVALID_ARGUMENT", "^duplicate output tensor alias: embedding$"),
    ],
)  # fmt: skip
def test_grpc_errors_have_tensorflow_servings_codes_and_words(stubs, request_, code, message):
    with pytest.raises(grpc.RpcError) as caught:
        stubs[0].Predict(request_, timeout=10)
    assert caught.value.code().name == code
    assert re.search(message, caught.value.details())


def test_grpc_filters_describes_and_tells_states(stubs):
    predict, models, health = stubs
    assert list(predict.Predict(with_filter("embedding"), timeout=10).outputs) == ["embedding"]
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "embed"
    described = get_model_metadata_pb2.SignatureDefMap()
    assert predict.GetModelMetadata(request, timeout=10).metadata["signature_def"].Unpack(described)
    assert described.signature_def["serving_default"].inputs["x"].dtype == tf.float32.as_datatype_enum
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "embed"
    status.model_spec.version_label = "nope"  # not looked at
    (version,) = models.GetModelStatus(status, timeout=10).model_version_status
    assert (version.version, version.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=10).status == health_pb2.HealthCheckResponse.SERVING


def test_a_server_that_follows_a_store_is_not_reloaded(stubs, store):
    with pytest.raises(grpc.RpcError) as caught:
        stubs[1].HandleReloadConfigRequest(reload_of(("embed", store / "half_plus_two")), timeout=10)
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert caught.value.details() == f"This server follows --store {store}; change what that says instead"
    assert stubs[0].Predict(predict_request(), timeout=10).model_spec.version.value == 1


@pytest.mark.parametrize("method", ["Predict", "Classify", "Regress", "GetModelMetadata"])
def test_a_model_must_have_a_name(stubs, method):
    kind = {"Predict": predict_pb2.PredictRequest, "GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest}
    kind |= {"Classify": classification_pb2.ClassificationRequest, "Regress": regression_pb2.RegressionRequest}
    request = kind[method]()
    request.model_spec.SetInParent()
    if method == "GetModelMetadata":
        request.metadata_field.append("signature_def")
    with pytest.raises(grpc.RpcError) as caught:
        getattr(stubs[0], method)(request, timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "ModelSpec has no name specified."


EXAMPLE = {"examples": [{"x": 80.0}]}


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("half_plus_two:predict", b"", "JSON Parse error: The document is empty"),
        ("half_plus_two:regress", {}, "When method is classify, key 'examples' is expected and was not found"),
        ("half_plus_two:classify", {"examples": 1}, "Expecting 'examples' value to be an list/array"),
        ("half_plus_two:classify", {"examples": []}, "'examples' value is an empty array"),
        ("half_plus_two:regress", {"examples": [3]}, "Example must be JSON object but got JSON Number"),
        ("half_plus_two:regress", {"context": [], **EXAMPLE}, "Example must be JSON object but got JSON Array"),
        (
            "half_plus_two:regress",
            {"examples": [{"x": 2**63}]},
            "Feature: x has uint64 element. Only int64 is supported.",
        ),
        (
            "half_plus_two:regress",
            {"examples": [{"x": [True, 2.5]}]},
            "Unexpected element type in feature: x expecting type: int64",
        ),
        ("half_plus_two:classify", {"signature_name": "add", **EXAMPLE}, "Expected one input Tensor."),
        ("half_plus_two:regress", {"signature_name": "two_outputs", **EXAMPLE}, "Expected one output Tensor."),
        ("half_plus_two/versions/" + "9" * 5000 + ":predict", {}, None),
        ("half_plus_two/versions/" + "0" * 5000 + "123:regress", {}, "When method is classify, key 'examples' is"),
    ],
)
def test_rest_errors_have_tensorflow_servings_words(server, path, body, error):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    before = len(server.errors)
    answer = httpx.post(f"{server.rest}/v1/models/{path}", content=content)
    assert answer.status_code == 400
    assert (answer.content == b"") if error is None else answer.json()["error"].startswith(error)
    assert server.errors[before:] == []


@pytest.mark.parametrize("method", ["PredictionService/Predict", "ModelService/GetModelStatus"])
def test_grpc_bytes_that_are_no_message_are_the_callers_fault(server, method):
    before = len(server.errors)
    with grpc.insecure_channel(server.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/tensorflow.serving.{method}")(b"\x00", timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "The request is not a message of the type that its method takes"
    assert server.errors[before:] == []


def test_bytes_that_tensorflow_quotes_need_not_be_text(server, stubs):
    words = "^Could not parse example input, value: '\ufffd\ufffd\n'"
    body = {"signature_name": "regress_x_to_y", "instances": [{"b64": "iv8K"}]}
    answer = httpx.post(f"{server.rest}/v1/models/half_plus_two:predict", json=body)
    assert answer.status_code == 400
    assert re.search(words, answer.json()["error"])
    request = predict_request(None, name="half_plus_two", signature_name="regress_x_to_y")
    request.inputs["inputs"].CopyFrom(tf.make_tensor_proto([b"\x8a\xff\n"]))
    with pytest.raises(grpc.RpcError) as caught:
        stubs[0].Predict(request, timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert re.search(words, caught.value.details())


def reload_of(*models):
    request = model_management_pb2.ReloadConfigRequest()
    for each in models:
        name, path, *labels = each
        entry = request.config.model_config_list.config.add(name=name, base_path=str(path), model_platform="tensorflow")
        for label, version in labels:
            entry.version_labels[label] = version
    return request


def warmup_record(rows):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request(rows))
    return log.SerializeToString()


def test_reload_warm_up_and_a_version_that_cannot_warm_up(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export_embed(tmp_path / name / "1", warmup=[warmup_record(ROWS)] * 3)
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    server = ServerProcess(
        "--model_name", "a", "--model_base_path", tmp_path / "a", "--monitoring_config_file", monitoring,
        "--file_system_poll_wait_seconds", "0.1",
    )  # fmt: skip
    try:
        with grpc.insecure_channel(server.grpc) as channel:
            models = model_service_pb2_grpc.ModelServiceStub(channel)
            assert '{model_name="a"} 3' in httpx.get(f"{server.rest}/metrics").text
            models.HandleReloadConfigRequest(reload_of(("b", tmp_path / "b")), timeout=30)
            assert httpx.get(f"{server.rest}/v1/models/b").json()["model_version_status"][0]["state"] == "AVAILABLE"
            body = {"instances": ROWS.tolist()}
            assert httpx.post(f"{server.rest}/v1/models/a:predict", json=body).status_code == 404
            for path in ("/" + 300 * "n", "/\0"):
                with pytest.raises(grpc.RpcError, match="base path of model a, is not a folder"):
                    models.HandleReloadConfigRequest(reload_of(("a", path)), timeout=30)
            bare = reload_of(("b", tmp_path / "b"))
            bare.config.model_config_list.config[0].model_platform = ""
            with pytest.raises(grpc.RpcError, match="Illegal setting neither ModelServerConfig::model_type"):
                models.HandleReloadConfigRequest(bare, timeout=30)
            with pytest.raises(grpc.RpcError, match="assign label to version 99 of model b"):
                models.HandleReloadConfigRequest(reload_of(("b", tmp_path / "b", ("stable", 99))), timeout=30)
        export_embed(tmp_path / "b" / "2", warmup=[warmup_record(np.ones((1, 9), np.float32))])
        deadline = time.monotonic() + 20
        while len(statuses := httpx.get(f"{server.rest}/v1/models/b").json()["model_version_status"]) < 2:
            assert time.monotonic() < deadline
        while statuses[0]["state"] == "LOADING":
            statuses = httpx.get(f"{server.rest}/v1/models/b").json()["model_version_status"]
        assert [each["state"] for each in statuses] == ["END", "AVAILABLE"]
        assert statuses[0]["status"]["error_code"] == "INVALID_ARGUMENT"
        assert httpx.post(f"{server.rest}/v1/models/b:predict", json=body).status_code == 200
    finally:
        assert server.stop() == 0


def test_limits_and_broken_bodies_get_an_answer(server):
    url = f"{server.rest}/v1/models/embed:predict"
    large = httpx.post(url, content=b" " * (20 * 2**20 + 1))
    assert large.status_code == 413
    assert "rest_api_max_body_bytes" in large.json()["error"]
    truncated = gzip.compress(json.dumps({"instances": ROWS.tolist()}).encode())[:-9]
    broken = httpx.post(url, content=truncated, headers={"Content-Encoding": "gzip"})
    assert broken.status_code == 400
    assert broken.json()["error"] == "JSON Parse error: The document is empty"
    bomb = gzip.compress(b" " * (101 * 2**20))
    assert httpx.post(url, content=bomb, headers={"Content-Encoding": "gzip"}, timeout=30).status_code == 413
    for path in (
        "/v1/models/..%2F..%2Fetc:predict",
        "/v1/models/%2e%2e:predict",
        "/etc/passwd",
        "/v1/models/embed/../x",
    ):
        assert httpx.post(f"{server.rest}{path}", content=b"{}").status_code in {400, 404}
    assert httpx.post(url, json={"instances": ROWS.tolist()}).status_code == 200


def certified(folder):
    """A new certificate, and the SSLConfig of it and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl to make a certificate")
    quoted = {name: json.dumps(path.read_text()) for name, path in (("server_key", key), ("server_cert", certificate))}
    return certificate, "\n".join(f"{name}: {text}" for name, text in quoted.items())


def rotated(server, ssl, token, old):
    """Certificate and token are changed under a server that runs."""
    from serving import EmbeddingClient
    from serving.errors import ServingError

    new, config = certified(ssl.parent)
    right = {"token": "open sesame"}
    with EmbeddingClient(server.grpc, "embed", certificate=old, **right) as open_already:
        open_already.encode(ROWS)
        token.write_text("open sesame\nopen barley\n")
        ssl.write_text(config[:-40])  # half written
        while not any("certificates and tokens stay as they are" in line for line in server.errors):
            time.sleep(0.02)
        reread = sum("have been read again" in line for line in server.errors)  # once for the tokens
        ssl.write_text(config)
        while sum("have been read again" in line for line in server.errors) == reread:
            time.sleep(0.02)
        for address in (server.grpc, server.rest):
            for word in ("open sesame", "open barley"):
                with EmbeddingClient(address, "embed", certificate=new, token=word, timeout=5) as client:
                    client.encode(ROWS)
            with (
                EmbeddingClient(address, "embed", certificate=old, timeout=5, **right) as client,
                pytest.raises(ServingError, match="CERTIFICATE_VERIFY_FAILED"),
            ):
                client.encode(ROWS)
        open_already.encode(ROWS)


def test_a_token_and_tls_guard_both_fronts(store, monitoring, tmp_path):
    certificate, config = certified(tmp_path)
    ssl, token = tmp_path / "ssl.config", tmp_path / "token"
    ssl.write_text(config)
    token.write_text("open sesame\n")
    server = ServerProcess(
        *("--store", store, "--ssl_config_file", ssl, "--bearer_token_file", token),
        *("--monitoring_config_file", monitoring, "--secrets_poll_wait_seconds", 0.05, "--enable_grpc_reflection"),
    )
    try:
        from serving import EmbeddingClient
        from serving.errors import ServingError

        assert server.rest.startswith("https://")
        context = httpx.create_ssl_context(str(certificate))
        right, wrong = {"token": "open sesame"}, {"token": "wrong"}
        for address, options in (
            (server.grpc, {"certificate": certificate.read_bytes()}),
            (server.grpc, {"certificate": str(certificate)}),
            (server.rest, {"verify": context}),
            (server.rest, {"certificate": certificate}),
        ):
            with EmbeddingClient(address, "embed", **options, **right) as client:
                np.testing.assert_allclose(client.encode(ROWS), ROWS @ WEIGHTS, rtol=1e-5, atol=1e-6)
            with (
                EmbeddingClient(address, "embed", **options, **wrong) as client,
                pytest.raises(ServingError) as caught,
            ):
                client.encode(ROWS)
            assert caught.value.code == "UNAUTHENTICATED"
        page, header = f"{server.rest}/monitoring/prometheus/metrics", {"Authorization": "Bearer open sesame"}
        for path in (page, f"{page}?x=1", f"{server.rest}/v1/models/embed"):
            answer = httpx.get(path, verify=context)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="serving"'
        refused = httpx.get(page, verify=context, headers={"Authorization": "Bearer wrong"})
        assert refused.status_code == 401
        assert "--allow_metrics_without_token" in refused.text
        assert 'status="OK"' in httpx.get(page, verify=context, headers=header).text
        lower = {"Authorization": "bearer  open sesame"}
        assert httpx.get(f"{server.rest}/v1/models/embed", verify=context, headers=lower).status_code == 200
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(server.grpc, trusted) as channel:
            described = ProtoReflectionDescriptorDatabase(channel)
            assert "tensorflow.serving.PredictionService" in described.get_services()
            assert (
                described.FindFileContainingSymbol("tensorflow.serving.PredictRequest").package == "tensorflow.serving"
            )
        rotated(server, ssl, token, certificate.read_bytes())
    finally:
        assert server.stop() == 0


def test_a_scraper_without_the_token_can_be_let_in(store, monitoring, tmp_path):
    token = tmp_path / "token"
    token.write_text("open sesame")
    flags = ["--monitoring_config_file", monitoring, "--allow_metrics_without_token"]
    server = ServerProcess("--store", store, "--bearer_token_file", token, *flags)
    try:
        assert "load_attempt_count" in httpx.get(f"{server.rest}/monitoring/prometheus/metrics").text
        assert httpx.get(f"{server.rest}/v1/models/embed").status_code == 401
    finally:
        assert server.stop() == 0


def test_requests_under_way_end_before_the_server_does(store):
    server = ServerProcess("--store", store)
    rows = np.ones((200_000, WIDTH)).tolist()
    answers = []

    def ask():
        answers.append(httpx.post(f"{server.rest}/v1/models/embed:predict", json={"instances": rows}, timeout=60))

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)  # the request is being sent or worked on
    assert server.stop(signal.SIGTERM) == 0
    thread.join()
    assert answers[0].status_code in {200, 503}
    if answers[0].status_code == 200:
        assert len(answers[0].json()["predictions"]) == 200_000


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--no_such_flag", "1"], "unrecognized arguments"),
        ([], "nothing to serve"),
        (["--store", "/no/such/folder"], "is not a folder"),
        (["--store", "MODEL"], "holds the versions of one model: give the folder above it"),
        (["--store", "STORE", "--port", "70000"], "a port is a number"),
        (["--store", "STORE", "--batching_parameters_file", "x"], "needs --enable_batching"),
        (["--store", "STORE", "--monitoring_config_file", "BAD"], "BAD"),
        (["--store", "STORE", "--rest_api_port", "TAKEN"], "cannot listen"),
    ],
)
def test_wrong_flags_end_with_2(flags, words, server, store, tmp_path):
    bad = tmp_path / "BAD"
    bad.write_text("prometheus_config { enabled: true }")
    values = {
        "STORE": str(store),
        "MODEL": str(store / "embed"),
        "BAD": str(bad),
        "TAKEN": server.rest.rpartition(":")[2],
    }
    command = [sys.executable, "-m", "serving", *(values.get(flag, flag) for flag in flags)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert done.returncode == 2
    assert words in done.stderr


def test_requests_are_written_down_with_their_ids_and_the_process_is_measured(store, monitoring, tmp_path):
    flags = ["--access_log", "json", "--monitoring_config_file", monitoring]
    server = ServerProcess("--store", store, *flags)
    try:
        url = f"{server.rest}/v1/models/embed:predict"
        answer = httpx.post(url, json={"instances": ROWS.tolist()}, headers={"X-Request-ID": "mine-1"})
        assert answer.headers["X-Request-ID"] == "mine-1"
        assert len(httpx.post(url, content=b"{", headers={"X-Request-ID": "not one"}).headers["X-Request-ID"]) == 32
        with grpc.insecure_channel(server.grpc) as channel:
            call = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict.with_call
            _, told = call(predict_request(), metadata=(("x-request-id", "mine-2"),), timeout=10)
            assert dict(told.trailing_metadata())["x-request-id"] == "mine-2"
        for path in ("healthz", "readyz"):
            assert httpx.get(f"{server.rest}/{path}").status_code == 200
        page = httpx.get(f"{server.rest}/monitoring/prometheus/metrics").text
        for name in ("process_resident_memory_bytes", ":tensorflow:serving:requests_waiting", "python_gc_collections"):
            assert name in page
    finally:
        assert server.stop() == 0
    lines = [json.loads(line[line.index("{") :]) for line in server.errors if '"protocol"' in line]
    first, second, third = lines[:3]
    assert (first["id"], first["status"], first["protocol"], first["method"]) == ("mine-1", 200, "REST", "POST")
    assert second["status"] == 400
    assert (third["id"], third["status"], third["method"]) == ("mine-2", "OK", "Predict")


def test_a_server_without_a_model_lives_and_is_not_ready(tmp_path):
    server = ServerProcess("--store", tmp_path)
    try:
        assert httpx.get(f"{server.rest}/healthz").status_code == 200
        answer = httpx.get(f"{server.rest}/readyz")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    finally:
        assert server.stop() == 0
