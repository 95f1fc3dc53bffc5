"""Every kind of row through the client: the codes, refusals and notes of the same encoder in memory."""

import asyncio
import itertools
import warnings

import httpx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from served import ServerProcess

from serving import AsyncEmbeddingClient, EmbeddingClient
from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.bottlenecks import Linear  # noqa: E402
from zoo.encoder import Encoder  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods import Multinomial  # noqa: E402
from zoo.models import Autoencoder, DenseAutoencoder  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402
from zoo.rows import DenseField, DenseRows, ItemRows, MixedRows, RecordRows, SparseRows  # noqa: E402
from zoo.rows.typed_field import TypedField  # noqa: E402
from zoo.types import OTHER  # noqa: E402

pytestmark = pytest.mark.slow
NAMES = ("age", "income in €", "rooms")
GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(GENERATOR.normal(size=(30, 3)), columns=list(NAMES))
RECORDS = pd.DataFrame(
    {"stalk root": GENERATOR.choice(["Ä\u00a0b", "c", "NA"], 30), "cap": GENERATOR.choice(["x", "y"], 30)}
)
BASKETS = [["tea", "milk"], [" tea", "tea"], [], ["milk"]] * 3
MIXED = pd.DataFrame(
    {
        "age": [31, None, 47.5] * 4,
        "plan": ["Pro", "free", None] * 4,
        "signed up": pd.to_datetime(["2020-01-31", None, "2021-07-04"] * 4),
    }
)
MIXED_KIND = MixedRows(
    {
        "age": DenseField(TypedField("number", 1), (40.0, 0.3), (10.0, 0.4), has_gaps=True),
        "plan": DenseField(
            TypedField("category", 3, 1.0, (OTHER, "free", "pro")), (0.5,) * 2, (0.7,) * 2, shown=("free", "Pro")
        ),
        "signed up": DenseField(TypedField("date", 1), (18_500.0, *(0.0,) * 4), (300.0, *(1.0,) * 4)),
    }
)
KINDS = {
    "named": DenseRows("vector", (3,), NAMES),
    "plain": DenseRows("vector", (3,)),
    "records": RecordRows(
        {"stalk root": ("<missing>", "<other>", "ä b", "c", "na"), "cap": ("<missing>", "<other>", "x", "y")}
    ),
    "items": ItemRows(["milk", "tea"]),
    "weighted": ItemRows(["milk", "tea"], weighted=True),
    "sparse": SparseRows(4),
    "mixed": MIXED_KIND,
}


def model_of(kind):
    sparse = Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Multinomial()) if kind.is_sparse else None
    model = sparse or DenseAutoencoder(2, [3])
    model.build((None, *kind.shape))
    return model


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Name -> the encoder, loaded as a server loads it."""
    store = tmp_path_factory.mktemp("kinds")
    made = {}
    for name, kind in KINDS.items():
        (store / name).mkdir()
        write_saved_model(store / name / "1", model_of(kind), kind)
        made[name] = Encoder.from_saved_model(store / name / "1")
    return store, made


@pytest.fixture(scope="module")
def kinds(encoders):
    server = ServerProcess("--store", encoders[0])
    yield server
    assert server.stop() == 0


def by_client(address, name, rows, *, twin=False, **options):
    if not twin:
        with EmbeddingClient(address, name, **options) as client:
            return client.encode(rows)

    async def ask():
        async with AsyncEmbeddingClient(address, name, **options) as client:
            return await client.encode(rows)

    return asyncio.run(ask())


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("named", FRAME),
        ("named", FRAME[["rooms", "age", "income in €"]].assign(id=1, label="x")),
        ("named", FRAME[["rooms", "age", "income in €"]].to_dict("records")),
        ("named", FRAME.to_numpy()),
        ("plain", FRAME),
        ("plain", FRAME.to_numpy().tolist()),
        ("records", RECORDS),
        ("records", RECORDS[["cap", "stalk root"]].assign(id=1)),
        ("records", RECORDS[["cap", "stalk root"]].to_dict("records")),
        ("items", BASKETS),
        ("weighted", BASKETS),
        ("weighted", [{"tea": 1.5, "milk": -2}, {" milk ": 3}]),
        ("mixed", MIXED),
        ("mixed", MIXED.to_dict("records")),
        ("sparse", sp.csr_array(np.asarray([[0, 2.5, 0, 1], [0, 0, 0, 0], [3, 0, 0, 0]]))),
    ],
)
def test_codes_are_those_of_the_encoder(kinds, encoders, protocol, name, rows):
    wanted = encoders[1][name].encode(rows)
    assert np.abs(wanted).max() > 0.01
    for options in ({"chunk": 7}, {"twin": True}):
        got = by_client(getattr(kinds, protocol), name, rows, **options)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("twin", [False, True])
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("records", RECORDS.assign(cap=[f"new {i}" for i in range(30)])),
        ("records", RECORDS.assign(cap=["", None, *["z"] * 28])),
        ("items", [["te", "milk"], ["mil"], ["tea"]] * 4),
        ("records", RECORDS),
        ("records", RECORDS.iloc[:3].assign(cap="z")),
        ("items", BASKETS),
    ],
)
def test_the_notes_are_those_of_the_encoder(kinds, encoders, name, rows, twin):
    told = {}
    calls = {"memory": lambda: in_memory(name).encode(rows), **{
        protocol: lambda protocol=protocol: by_client(getattr(kinds, protocol), name, rows, twin=twin)
        for protocol in ("rest", "grpc")
    }}  # fmt: skip
    for place, call in calls.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        told[place] = [
            str(each.message).partition(" do not count")[0] for each in caught if each.category is UserWarning
        ]
    assert told["rest"] == told["grpc"] == told["memory"]


def in_memory(name):
    return Encoder.from_model(name, model_of(KINDS[name]), kind=KINDS[name])


@pytest.mark.parametrize("rows", [FRAME.rename(columns={"age": "Age"}), FRAME.drop(columns="rooms")])
def test_missing_columns_are_named(kinds, encoders, rows):
    with pytest.raises(ValueError, match="missing"):
        encoders[1]["named"].encode(rows)
    with pytest.raises(ValueError, match=r"missing: (age \(did you mean 'Age'\?\)|rooms)"):
        by_client(kinds.grpc, "named", rows)


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_json_objects_give_the_same_code_whatever_the_order_of_their_keys(kinds, encoders, key):
    row = {"age": 0.25, "income_in__": -1.0, "rooms": 2.0}
    wanted = encoders[1]["named"].encode([[0.25, -1.0, 2.0]])
    for order in itertools.permutations(row):
        body = {name: row[name] if key == "instances" else [row[name]] for name in order}
        asked = {"signature_name": "serving_columns", key: [body] if key == "instances" else body}
        answer = httpx.post(f"{kinds.rest}/v1/models/named:predict", json=asked).json()
        np.testing.assert_allclose(answer["predictions" if key == "instances" else "outputs"], wanted, atol=1e-5)


def test_a_mixed_row_goes_in_by_the_names_of_its_columns(kinds, encoders):
    encoder, row = encoders[1]["mixed"], {"age": "31", "plan": "", "signed_up": "2020-01-31"}
    answer = httpx.post(f"{kinds.rest}/v1/models/mixed:predict", json={"instances": [row]}).json()["predictions"]
    frame = pd.DataFrame([{"age": 31, "plan": None, "signed up": pd.Timestamp("2020-01-31")}])
    np.testing.assert_allclose(answer, encoder.encode(frame), atol=1e-6)
    assert set(encoder.reconstruct_table(frame)["plan"]) <= {"free", "Pro"}
    with pytest.raises(ValueError, match="no columns to give back"):
        encoders[1]["sparse"].reconstruct_table(sp.csr_array((2, 4)))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"instances": [{"stalk_root": "c", "kap": "x"}]}, "JSON object: does not have named input: kap"),
        ({"instances": [{"stalk_root": "c"}]}, "keys must be equal to: cap,stalk_root"),
        ({"instances": [{"stalk_root": "c", "cap": "x", "z": 1}]}, "JSON object: does not have named input: z"),
        ({"inputs": {"stalk_root": ["c"]}}, "Missing named input: cap in 'inputs' object."),
    ],
)
def test_unknown_and_missing_names_have_tensorflow_servings_words(kinds, body, words):
    answer = httpx.post(f"{kinds.rest}/v1/models/records:predict", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def wrong_shapes(shape):
    """Sizes that are not those declared: one, one more, a dimension more and none."""
    for axis, size in enumerate(shape):
        if axis and size > 0:
            for other in {1, size + 1} - {size}:
                yield [2 if each < 0 else each for each in (*shape[:axis], other, *shape[axis + 1 :])]
    yield [1, *(2 if each < 0 else each for each in shape)]
    yield []


@pytest.fixture(scope="module")
def http():
    with httpx.Client() as client:
        yield client


@pytest.mark.parametrize("name", KINDS)
def test_no_signature_takes_another_width_or_unequal_numbers_of_rows(kinds, name, http):
    url = f"{kinds.rest}/v1/models/{name}"
    signatures = http.get(f"{url}/metadata").json()["metadata"]["signature_def"]["signature_def"]
    zeros = {"DT_FLOAT": 0.0, "DT_STRING": "", "DT_INT32": 0, "DT_INT64": 0}
    asked = 0
    for signature, described in signatures.items():
        if not described["inputs"] or "examples" in described["inputs"]:
            continue
        shapes, zero_of = {}, {}
        for each, info in described["inputs"].items():
            shapes[each] = [int(dim["size"]) for dim in info["tensor_shape"]["dim"]]
            zero_of[each] = zeros[info["dtype"]]

        def answer(sizes, signature=signature, zero_of=zero_of):
            arrays = {each: np.full(size, zero_of[each]).tolist() for each, size in sizes.items()}
            return http.post(f"{url}:predict", json={"signature_name": signature, "inputs": arrays})

        right = {each: [2 if size < 0 else size for size in shape] for each, shape in shapes.items()}
        assert answer(right).status_code == 200
        for each, shape in shapes.items():
            others = list(wrong_shapes(shape))
            if len(shapes) > 1:
                others += [[1, *right[each][1:]]]  # one row beside two
                others += [[2, 1]] if shape == [-1, -1] else []  # one entry beside two
            for other in others:
                got = answer({**right, each: other})
                assert got.status_code == 400, (signature, each, other, got.text)
                asked += 1
    assert asked >= 12
