"""TensorFlow Serving's protocol: the cases in `protocol/`, derived from its sources, against real servers.

Every case is asked of each server that has what the case requires: one as it comes, and one with a list of models,
labels, batching and CORS.
"""

import json
import re

import grpc
import numpy as np
import pytest
import tensorflow as tf
from http_cases import CASES, Place, read_cases
from served import LATENT, WIDTH, ServerProcess
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

pytestmark = pytest.mark.slow
GRPC_CASES = read_cases("grpc_cases.json")
MODELS = {"M": "embed", "H": "half_plus_two"}
_REQUESTS = {
    "PredictionService/Predict": predict_pb2.PredictRequest,
    "PredictionService/GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest,
    "ModelService/GetModelStatus": get_model_status_pb2.GetModelStatusRequest,
    "ModelService/HandleReloadConfigRequest": model_management_pb2.ReloadConfigRequest,
}
_PLACE = {"model": "embed", "width": WIDTH, "latent": LATENT, "half": "half_plus_two", "version": 1}
# text that JSON reads alike: indentation, and how many digits of a float are written
_OTHER_TEXT = {"half_nine_digit_text", "half_scientific_text", "half_pretty_print"}
_PLAIN = Place("", **_PLACE, features=frozenset({"prometheus"}))
_CONFIGURED = Place("", **_PLACE, label="stable", features=frozenset({"cors", "batching"}))


@pytest.fixture(scope="module")
def plain(server):
    return Place(server.rest, **_PLACE, features=_PLAIN.features)


@pytest.fixture(scope="module")
def configured_server(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("configured")
    config = folder / "models.config"
    entry = 'config {{ name: "{0}" base_path: "{1}/{0}" model_platform: "tensorflow" {2} }}'
    label = 'version_labels { key: "stable" value: 1 }'
    text = entry.format("embed", store, label) + entry.format("half_plus_two", store, "")
    config.write_text(f"model_config_list {{ {text} }}")
    batching = folder / "batching.config"
    batching.write_text("max_batch_size { value: 16 } batch_timeout_micros { value: 500 } allowed_batch_sizes: [4, 16]")
    server = ServerProcess(
        "--model_config_file", config, "--enable_batching", "--batching_parameters_file", batching,
        "--rest_api_enable_cors_support",
    )  # fmt: skip
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def configured(configured_server):
    return Place(configured_server.rest, **_PLACE, label="stable", features=_CONFIGURED.features)


def asked_of(place):
    """The names of the cases that a server can be asked."""
    return [name for name, case in CASES.items() if place.meets(case) and name not in _OTHER_TEXT]


def test_no_case_is_left_out():
    levels = [case["level"] for case in CASES.values()]
    assert (levels.count("must"), levels.count("should"), levels.count("cosmetic")) == (100, 29, 4)
    assert {*asked_of(_PLAIN), *asked_of(_CONFIGURED)} == set(CASES) - _OTHER_TEXT
    assert {CASES[name]["level"] for name in _OTHER_TEXT} == {"cosmetic"}
    assert len(GRPC_CASES) == 26


@pytest.mark.parametrize("name", asked_of(_PLAIN))
def test_http(plain, name):
    assert plain.faults(CASES[name]) == []


@pytest.mark.parametrize("name", asked_of(_CONFIGURED))
def test_http_with_batching_labels_and_cors(configured, name):
    assert configured.faults(CASES[name]) == []


@pytest.fixture(scope="module")
def stubs(configured_server):
    with grpc.insecure_channel(configured_server.grpc) as channel:
        yield {
            "PredictionService": prediction_service_pb2_grpc.PredictionServiceStub(channel),
            "ModelService": model_service_pb2_grpc.ModelServiceStub(channel),
        }


def filled(value, store):
    """A request's fields with their names and sizes filled in."""
    if isinstance(value, dict):
        return {key: filled(each, store / MODELS.get(value.get("name"), "")) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, store) for each in value]
    known = {**MODELS, "V": 1, "BASE": str(store), "n*2000": "n" * 2000}
    return known.get(value, value) if isinstance(value, str) else value


def shape_of(text):
    sizes = text.replace("D+1", str(WIDTH + 1)).replace("D", str(WIDTH)).replace("K", str(LATENT))
    return [int(size) for size in re.search(r"\[([0-9,]*)\]", sizes)[1].split(",")]


def tensor(text):
    """A TensorProto of `float32 [2,D]`, with too few bytes if it ends with `short`."""
    array = np.ones(shape_of(text), dtype=text.split()[0])
    proto = tf.make_tensor_proto(array)
    if text.endswith("short"):
        proto.tensor_content = proto.tensor_content[:3] or b"abc"
    return proto


def message_of(case, store):
    fields = filled(case["request"], store)
    inputs = fields.pop("inputs", {})
    spec = fields.pop("model_spec", None)
    request = _REQUESTS[case["rpc"]](**fields)
    if spec is not None:
        version = {"version": {"value": spec.pop("version")}} if "version" in spec else {}
        request.model_spec.MergeFrom(type(request.model_spec)(**spec, **version))
    for name, text in inputs.items():
        request.inputs[name].CopyFrom(tensor(text))
    return request


def asked(stubs, case, store):
    service, _, method = case["rpc"].partition("/")
    return getattr(stubs[service], method)(message_of(case, store), timeout=30)


@pytest.mark.parametrize("name", [name for name, case in GRPC_CASES.items() if case["code"] != "OK"])
def test_grpc_errors(stubs, store, name):
    case = GRPC_CASES[name]
    with pytest.raises(grpc.RpcError) as caught:
        asked(stubs, case, store)
    assert caught.value.code().name == case["code"]
    pattern = re.sub(r"\bM\b", "embed", case["message_regex"])
    assert re.search(pattern, caught.value.details()), caught.value.details()


@pytest.mark.parametrize("name", [name for name, case in GRPC_CASES.items() if case["code"] == "OK"])
def test_grpc_answers(stubs, store, name):
    case = GRPC_CASES[name]
    answer, expected = asked(stubs, case, store), case["expect"]
    for field, value in filled(expected.get("model_spec", {}), store).items():
        got = getattr(answer.model_spec, field)
        assert (got.value if field == "version" else got) == value
    if "outputs" in expected:
        arrays = {name: tf.make_ndarray(proto) for name, proto in answer.outputs.items()}
        got = {name: f"{array.dtype} {json.dumps(array.shape)}" for name, array in arrays.items()}
        wanted = {name: f"{text.split()[0]} {json.dumps(shape_of(text))}" for name, text in expected["outputs"].items()}
        assert got == wanted
    for field, url in expected.get("metadata", {}).items():
        assert answer.metadata[field].type_url == url
    if "versions" in expected:
        assert [each.version for each in answer.model_version_status] == filled(expected["versions"], store)
    if "error_code" in expected:
        assert answer.status.error_code == expected["error_code"]
    if "then_not_found" in expected:
        with pytest.raises(grpc.RpcError) as caught:
            asked(stubs, GRPC_CASES["predict_version_filled_in_response"], store)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
