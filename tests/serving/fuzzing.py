"""What the fuzzer sends: bodies, requests and messages that are nearly right, and some that are nowhere near."""

import gzip
import json
import os
import time

import numpy as np
import tensorflow as tf
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

SECONDS = float(os.environ.get("ZOO_FUZZ_SECONDS", "20"))  # of all parts together
SEED = int(os.environ.get("ZOO_FUZZ_SEED", "1"))
PARTS = 4
BATCH = 50

NUMBERS = (
    "0", "-0", "1.5", "-1", "01", "1.", ".5", "1e5", "1E+400", "-1e400", "1e-400", "NaN", "-Infinity", "Inf", "Nan",
    "2147483648", "-2147483649", "9223372036854775808", "18446744073709551616", "9" * 400, "0." + "3" * 400, "1e",
    "--1",
)  # fmt: skip
OTHERS = (
    "null", "true", "false", "[]", "{}", '""', '"text"', '"\\ud800"', '"\\u0000"', '"\\x"', '"\n"', '{"b64": "AAE="}',
    '{"b64": "*"}', '{"b64": 1}', '{"b64": "A", "x": 1}', '{"x": [1]}', '{"y": 1}', "[[[1]]]", "[1, [2]]",
    "[[1], [2, 3]]",
    "[" * 300 + "1" + "]" * 300, "[" * 20_000, "{" * 300, '{"a":' * 5000, '"' + "x" * 5000 + '"',
)  # fmt: skip
TOKENS = [each.encode() for each in (*NUMBERS, *OTHERS)]
BODIES = [
    json.dumps(each).encode()
    for each in (
        {"instances": [[1.0, 2.0, 3.0, 4.0, 5.0]]},
        {"instances": [{"x": [1, 2, 3, 4, 5]}, {"x": [1, 2, 3, 4, 5.5]}]},
        {"inputs": {"x": [[0.5, 1, 2, 3, 4]]}},
        {"instances": [1.0, 2.0], "signature_name": "serving_default"},
        {"signature_name": "add", "inputs": {"a": [[1]], "b": [[2]]}},
        {"signature_name": "add", "instances": [{"a": [1], "b": [2]}, {"b": [1], "a": [2]}]},
        {"signature_name": "types", "inputs": {"i": [1], "l": [2], "d": [0.5], "b": [True], "u": [255]}},
        {"signature_name": "echo", "instances": ["text", {"b64": "AAE="}]},
        {"signature_name": "echo_bytes", "inputs": ["a", "b"]},
        {"signature_name": "classify_x_to_y", "instances": [{"b64": "CgsKCQoBeBIEEgIKAA=="}, {"b64": "iv8K"}]},
        {"signature_name": "half_io", "instances": [1.0]},
        {"signature_name": "total", "inputs": [[1.0], [2.0]]},
        {"signature_name": "two_outputs", "instances": [[1.0]]},
        {"signature_name": "regress_x_to_y", "examples": [{"x": 1.0}, {"x": [2.0]}]},
        {"signature_name": "classify_x_to_y", "context": {"x": 3.0}, "examples": [{}, {"x": 4.5}]},
    )
]


def fuzz(strategy, check):
    """Tries batches of examples until this part's time is up; the numbers it prints repeat a run."""
    until, number = time.monotonic() + SECONDS / PARTS, 0
    while time.monotonic() < until:
        everything = list(HealthCheck)
        options = settings(max_examples=BATCH, deadline=None, database=None, suppress_health_check=everything)
        seed(SEED * 1_000_000 + number)(options(given(strategy)(check)))()
        number += 1
    print(f"{number * BATCH:,} examples, ZOO_FUZZ_SEED={SEED}")


@st.composite
def mutated(draw, originals, tokens=()):
    """One of some texts with a few bytes changed, lost, repeated or put in."""
    text = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 4))):
        at, size = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        kind = draw(st.sampled_from(["flip", "cut", "repeat", "bytes", "token", "end"]))
        if kind == "flip" and at < len(text):
            text[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del text[at : at + size]
        elif kind == "repeat":
            text[at:at] = text[at : at + size] * draw(st.sampled_from([1, 2, 50]))
        elif kind == "bytes":
            text[at : at + draw(st.sampled_from([0, size]))] = draw(st.binary(max_size=8))
        elif kind == "token" and tokens:
            text[at : at + draw(st.sampled_from([0, 1, 3, size]))] = draw(st.sampled_from(tokens))
        elif kind == "end":
            del text[at:]
    return bytes(text)


@st.composite
def exchanged(draw):
    """A valid body in which whole values are exchanged for others, so that it stays nearly valid JSON."""
    text = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(1, 3))):
        value = draw(st.sampled_from([b"1.0", b"1", b"[1.0]", b"true", b'"text"', b'"x"', b"[[1.0]]", b"{}", b"2.0"]))
        text = text.replace(value, draw(st.sampled_from(TOKENS)), draw(st.sampled_from([1, -1])))
    return text


def bodies():
    """Bodies of POST requests."""
    return st.one_of(mutated(BODIES, TOKENS), exchanged(), st.binary(max_size=40), st.sampled_from(TOKENS))


PIECES = [
    "/v1/models", "/embed", "/half_plus_two", "/nope", "/versions/1", "/versions/123", "/versions/9", "/versions/-1",
    "/versions/99999999999999999999", "/versions/", "/labels/stable", "/labels/", "/metadata", ":predict", ":classify",
    ":regress", ":PREDICT", ":", "/", "//", "..", "/..", "%2e%2e", "%2F", "%00", "%", "%zz", "%ff", "%f0%9f%98%80", "?",
    "?x=1", "#a",
    "é".encode().decode("latin-1"), "\x7f", "/monitoring/prometheus/metrics", "*", "http://elsewhere/", ";", "a" * 3000,
]  # fmt: skip
USUAL = [
    f"/v1/models/{model}{version}:{method}"
    for model in ("embed", "half_plus_two")
    for version in ("", "/versions/1", "/versions/123")
    for method in ("predict", "classify", "regress")
]


@st.composite
def requests(draw):
    """Whole HTTP requests whose head says truly how long the body is."""
    usual = st.sampled_from(USUAL)
    path = draw(st.one_of(usual, usual, st.lists(st.sampled_from(PIECES), max_size=6).map("".join)))
    method = draw(st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "PATCH"]))
    body = draw(bodies()) if method != "GET" else b""
    headers = ["Host: localhost", "Connection: close"]
    encoding = draw(st.sampled_from(["", "", "gzip", "broken", "deflate", "chunked"]))
    if encoding == "gzip":
        body = gzip.compress(body)
    elif encoding == "broken":
        body = draw(mutated([gzip.compress(body)]))
    if encoding in {"gzip", "broken"}:
        headers.append("Content-Encoding: gzip")
    elif encoding == "deflate":
        headers.append("Content-Encoding: deflate")
    names = st.sampled_from(["Content-Type", "Accept", "Origin", "Authorization", "X-Any", "Cookie", "Expect"])
    values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
    headers += draw(st.lists(st.tuples(names, values).map(": ".join), max_size=3))
    if encoding == "chunked":
        size = draw(st.integers(1, 20))
        parts = [body[at : at + size] for at in range(0, min(len(body), 2000), size)]
        sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        headers.append("Transfer-Encoding: chunked")
    else:
        sent = body
        headers.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"{method} {path or '/'} HTTP/1.1", *headers])
    return head.encode("latin-1") + b"\r\n\r\n" + sent


def broken_requests():
    """What is no request, or one that lies about its length."""
    whole = [
        b"POST /v1/models/embed:predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body) + lie, body)
        for body in BODIES[:3]
        for lie in (0, 0, 10, -10, 10**30)
    ]
    tokens = [
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\x00",
        b"HTTP/9.9",
        b":",
    ]
    return st.one_of(mutated(whole, tokens), st.binary(min_size=1, max_size=200))


def predict(model, signature="", **inputs):
    """A serialised PredictRequest."""
    request = predict_pb2.PredictRequest(model_spec={"name": model, "signature_name": signature})
    for name, values in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    return request.SerializeToString()


def with_example(kind, signature):
    """A serialised request that classifies or regresses."""
    request = kind(model_spec={"name": "half_plus_two", "signature_name": signature})
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(2.0)
    return request.SerializeToString()


def reload(**fields):
    """A serialised ReloadConfigRequest for a model that nothing else asks for."""
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="fuzzed", **fields)
    return request.SerializeToString()


NAMES = st.one_of(
    st.sampled_from(
        ["embed", "half_plus_two", "", "serving_default", "add", "echo", "types", "x", "a", "s", "h", "outputs"]
    ),
    st.text(max_size=10),
    st.integers(100, 5000).map("n".__mul__),
)
NUMBERS_64 = st.one_of(st.integers(-2, 6), st.integers(-(2**63), 2**63 - 1), st.sampled_from([2**31, 2**40, 2**62]))


@st.composite
def predictions(draw):
    """Well-formed PredictRequests whose tensors need not fit together."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = draw(st.sampled_from(["embed", "half_plus_two"]))
    signatures = ["", "add", "echo", "echo_bytes", "half_io", "total", "types", "two_outputs", "regress_x_to_y"]
    request.model_spec.signature_name = draw(st.sampled_from(signatures))
    for name in draw(st.lists(st.sampled_from(["x", "a", "b", "s", "h", *"ildu", "inputs"]), max_size=2)):
        proto = request.inputs[name]
        proto.dtype = draw(st.one_of(st.sampled_from([1, 1, 2, 3, 7, 9, 19]), st.integers(0, 130)))
        for size in draw(st.lists(NUMBERS_64, max_size=3)):
            proto.tensor_shape.dim.add().size = size
        proto.tensor_shape.unknown_rank = draw(st.sampled_from([False, False, False, True]))
        proto.tensor_content = draw(st.sampled_from([b"", b"", bytes(4), bytes(20), b"abc"]))
        proto.float_val.extend(draw(st.lists(st.floats(width=32), max_size=6)))
        proto.int_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3)))
        proto.int64_val.extend(draw(st.lists(NUMBERS_64, max_size=3)))
        proto.half_val.extend(draw(st.lists(st.integers(-1, 2**17), max_size=3)))
        proto.string_val.extend(draw(st.lists(st.binary(max_size=3), max_size=3)))
        proto.bool_val.extend(draw(st.lists(st.booleans(), max_size=2)))
    return "PredictionService/Predict", request.SerializeToString()


@st.composite
def reloads(draw):
    """Well-formed ReloadConfigRequests of models that nothing else asks for."""
    request = model_management_pb2.ReloadConfigRequest()
    for name in draw(st.lists(NAMES.map("fuzzed{}".format), max_size=3)):
        entry = request.config.model_config_list.config.add(name=name)
        entry.base_path = draw(
            st.one_of(NAMES, NAMES.map("/{}".format), st.sampled_from(["/", "/proc", "/\0", "s3://a/b"]))
        )
        entry.model_platform = draw(st.sampled_from(["tensorflow", "tensorflow", "", "other"]))
        kind = draw(st.sampled_from(["", "latest", "all", "specific"]))
        if kind == "latest":
            entry.model_version_policy.latest.num_versions = draw(st.integers(0, 2**32 - 1))
        elif kind == "all":
            entry.model_version_policy.all.SetInParent()
        elif kind:
            entry.model_version_policy.specific.versions.extend(draw(st.lists(NUMBERS_64, max_size=3)))
        for label in draw(st.lists(NAMES, max_size=2)):
            entry.version_labels[label] = draw(NUMBERS_64)
    return "ModelService/HandleReloadConfigRequest", request.SerializeToString()


@st.composite
def questions(draw):
    """Well-formed requests about models."""
    status = get_model_status_pb2.GetModelStatusRequest()
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=draw(st.lists(NAMES, max_size=2)))
    method, request = draw(
        st.sampled_from([("ModelService/GetModelStatus", status), ("PredictionService/GetModelMetadata", metadata)])
    )
    request.model_spec.name = draw(NAMES)
    kind = draw(st.sampled_from(["", "version", "label"]))
    if kind == "version":
        request.model_spec.version.value = draw(NUMBERS_64)
    elif kind:
        request.model_spec.version_label = draw(NAMES)
    return method, request.SerializeToString()


def messages(folder):
    """gRPC method -> serialised requests; `folder` is one to reload a model from."""
    spec = {"name": "embed", "version": {"value": 1}}
    column = np.ones((2, 1), np.float32)
    policy = {"specific": {"versions": [1, 2]}}
    status = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
    types = {"i": [1], "l": np.ones(1, np.int64), "d": np.ones(1), "b": [True], "u": np.ones(1, np.uint8)}
    return {
        "PredictionService/Predict": [
            predict("embed", x=np.ones((2, 5), np.float32)),
            predict("half_plus_two", "add", a=column, b=column),
            predict("half_plus_two", "echo", s=np.asarray([b"a", b""], dtype=object)),
            predict("half_plus_two", "half_io", h=np.ones(2, np.float16)),
            predict("half_plus_two", "total", x=column),
            predict("half_plus_two", "types", **types),
            predict_pb2.PredictRequest(model_spec=spec, output_filter=["embedding"]).SerializeToString(),
        ],
        "PredictionService/Classify": [with_example(classification_pb2.ClassificationRequest, "classify_x_to_y")],
        "PredictionService/Regress": [with_example(regression_pb2.RegressionRequest, "regress_x_to_y")],
        "PredictionService/GetModelMetadata": [metadata.SerializeToString()],
        "ModelService/GetModelStatus": [status.SerializeToString()],
        "ModelService/HandleReloadConfigRequest": [
            reload(base_path=str(folder), model_platform="tensorflow"),
            reload(base_path=str(folder), model_version_policy=policy, version_labels={"stable": 1}),
            reload(base_path="/nowhere"),
        ],
    }
