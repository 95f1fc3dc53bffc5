"""A model's signatures: what a server offers, each a graph with named inputs and outputs."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder
from zoo.encoder.in_memory import codes_of, decoding
from zoo.encoder.methods import OTHERS, READS_ROWS, can, seeds_of
from zoo.export._ensured import ensured
from zoo.export._precision import StoredWeights
from zoo.export._serving_requests import columns_of_examples, features_of_examples, serialised_examples
from zoo.quantization import as_int8, quantized
from zoo.quiet import import_tensorflow
from zoo.rows.row_kind import GivesCells
from zoo.rows.saved import write_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zoo.rows.row_kind import RowKind
    from zoo.types import Splits

    # signature -> its inputs, and the values expected of its outputs
    Calls = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]

CELLS = "reconstruct_table"  # rows through the code and back as cells of their columns, as `Encoder` has it
_PROBES = 256
_NUMBERS = 2**20  # of the probes' reconstructions at most: they travel as JSON when they are verified
_DRAWN = 4


def write_saved_model(
    directory: Path, model: Any, kind: RowKind, precision: str = "float32", code_scale: float | None = None
) -> None:
    """Writes the SavedModel. Keras' own export archive takes no look-up tables, and names only one input well.

    Args:
        directory: where; must not exist.
        model: a built `zoo.models.Autoencoder`.
        kind: how rows go in.
        precision: of the stored weights, see `zoo.export._precision`.
        code_scale: what a step of an int8 embedding stands for; None exports float32.
    """
    tf = import_tensorflow()
    weights = StoredWeights(model, precision)
    exported = tf.Module()  # what is to be saved must hang on it
    signatures = {
        name: _traced(function, specs, weights)
        for name, (function, specs) in _functions(model, kind, code_scale).items()
    }
    exported.weights = weights.variables
    exported.tables = kind.tables
    exported.threshold = model.threshold.value
    if code_scale is not None:
        exported.code_scale = tf.Variable(code_scale, dtype=tf.float32, trainable=False)
    tf.saved_model.save(exported, str(directory), signatures=signatures)
    write_kind(directory, kind, model.places)


def calls_on_probes(model: Any, splits: Splits, code_scale: float | None = None) -> Calls:
    """What the model in memory gives for test rows, by signature; an int8 embedding before it is rounded."""
    kind = splits.kind
    count = max(2, min(_PROBES, _NUMBERS // splits.width))
    encoder = Encoder.from_model("in memory", model, kind=kind)
    arrays = splits.inputs(splits.test[:count])
    if model.gives_bytes:
        arrays = _surely_coded(encoder, arrays)
    calls: dict[str, tuple[Any, dict[str, Any]]] = {
        READS_ROWS[method][0]: (arrays, {READS_ROWS[method][1]: encoder.call(method, arrays)})
        for method in READS_ROWS
        if encoder.has(method)
    }
    if "score" in calls:
        scores = calls["score"][1]["score"]
        wanted = {"score": scores, "threshold": np.full_like(scores, encoder.threshold)}
        calls["score"] = (arrays, wanted)
    if cells := _cells_by_input(kind):
        told = kind.cells(calls["reconstruct"][1]["reconstruction"])  # type: ignore[attr-defined]
        calls[CELLS] = (arrays, {name: _plain(told[column].numpy()) for name, column in cells.items()})
    codes = calls["serving_default"][1]["embedding"]
    wanted = {"embedding": codes}
    if model.gives_bytes:
        wanted["decoded"] = encoder.decode(codes)
    if code_scale is not None:
        scales = np.full(len(codes), code_scale, np.float32)
        wanted = {"embedding": np.asarray(quantized(codes, code_scale)), "scale": scales}
    calls["serving_default"] = (arrays, wanted)
    calls["serving_examples"] = ({"examples": serialised_examples(arrays)}, wanted)
    if kind.named_inputs():
        columns = {column: arrays[next(iter(arrays))][:, place] for place, column in enumerate(kind.column_names)}
        calls["serving_columns"] = ({name: columns[column] for column, name in kind.named_inputs().items()}, wanted)
        calls["serving_column_examples"] = ({"examples": serialised_examples(columns)}, wanted)
    if kind.vocabularies():
        tf = import_tensorflow()
        counted = kind.unknown({name: tf.constant(array) for name, array in arrays.items()})
        calls["unknown"] = (arrays, {name: np.asarray(each) for name, each in counted.items()})
    calls["decode"] = ({"codes": codes}, {OTHERS["decode"][1]: encoder.decode(codes)})
    if encoder.has("sample"):
        calls["sample"] = ({"seed": seeds_of(_DRAWN, 1)}, {OTHERS["sample"][1]: encoder.sample(_DRAWN, seed=1)})
    return calls


def _surely_coded(encoder: Encoder, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Those rows whose bytes a change of a millionth leaves alone: between two codes, rounding would choose.

    All rows if there are none such.
    """
    random = np.random.default_rng(0)
    moved = {
        name: (array * (1 + 1e-6 * random.choice([-1, 1], array.shape))).astype(array.dtype)
        for name, array in arrays.items()
    }
    sure = (encoder.call("encode", arrays) == encoder.call("encode", moved)).all(axis=1)
    return {name: array[sure] for name, array in arrays.items()} if sure.any() else dict(arrays)


def _functions(
    model: Any, kind: RowKind, code_scale: float | None
) -> dict[str, tuple[Callable[..., dict[str, Any]], Mapping[str, Any]]]:
    """Signature -> its function and the specifications of its inputs."""
    tf = import_tensorflow()
    specs = kind.specs()

    def embedding(features: Any) -> dict[str, Any]:
        if model.gives_bytes:
            tokens = model.tokens(features)
            return {"embedding": tokens, "decoded": model.decode_bytes(tokens)}
        values = model.encode(features)
        if code_scale is None:
            return {"embedding": values}
        return {"embedding": as_int8(values, code_scale), "scale": tf.fill((tf.shape(values)[0],), code_scale)}

    def score(**arrays: Any) -> dict[str, Any]:
        scores = model.score(kind.features(arrays))
        threshold = tf.zeros_like(scores) + tf.convert_to_tensor(model.threshold)
        return {"score": scores, "threshold": threshold, "anomalous": scores > threshold}

    functions: dict[str, tuple[Any, Mapping[str, Any]]] = {
        "serving_default": (lambda **arrays: embedding(kind.features(arrays)), specs),
        "serving_examples": (
            lambda examples: embedding(kind.features(features_of_examples(examples, specs))),
            {"examples": tf.TensorSpec((None,), tf.string, name="examples")},
        ),
        "score": (score, specs),
        "decode": (lambda codes: {"reconstruction": decoding(model)(codes)}, {"codes": codes_of(model)}),
    }
    for method in ("reconstruct", "assign", "tokens", "query"):
        if can(model, method) and not (method == "tokens" and model.gives_bytes):
            functions[READS_ROWS[method][0]] = (partial(_endpoint, model, method, kind), specs)
    functions |= _by_column(model, kind, embedding)
    if kind.vocabularies():
        functions["unknown"] = (lambda **arrays: kind.unknown(arrays), specs)
    if model.is_generative:
        functions["sample"] = (
            lambda seed: {"reconstruction": model.sample(seed)},
            {"seed": tf.TensorSpec((None,), tf.int32, name="seed")},
        )
    return functions


def _by_column(model: Any, kind: RowKind, embedding: Callable[[Any], dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    """Signatures in which columns go by their names: cells that come back, and numbers one by one."""
    tf = import_tensorflow()
    functions: dict[str, tuple[Any, Any]] = {}
    if cells := _cells_by_input(kind):
        functions[CELLS] = (partial(_as_cells, model, kind, cells), kind.specs())
    named = kind.named_inputs()
    if named:
        names = {name: column for column, name in named.items()}
        functions["serving_columns"] = (
            lambda **cells: embedding(
                kind.features(kind.from_columns({names[name]: each for name, each in cells.items()}))
            ),
            {name: tf.TensorSpec((None,), tf.float32, name=name) for name in names},
        )
        functions["serving_column_examples"] = (
            lambda examples: embedding(kind.features(kind.from_columns(columns_of_examples(examples, list(named))))),
            {"examples": tf.TensorSpec((None,), tf.string, name="examples")},
        )
    return functions


def _cells_by_input(kind: RowKind) -> dict[str, str]:
    """Output of `reconstruct_table` -> the column that it is of, called as the column's input is; texts have none."""
    if not isinstance(kind, GivesCells):
        return {}
    given = kind.cells(np.zeros((1, kind.width), np.float32))
    return {name: column for name, column in kind.columns_of_inputs().items() if column in given}


def _as_cells(model: Any, kind: Any, cells: Mapping[str, str], **arrays: Any) -> dict[str, Any]:
    told = kind.cells(model.reconstruct(kind.features(arrays)))
    return {name: told[column] for name, column in cells.items()}


def _plain(cells: Any) -> Any:
    """Numbers as they are; strings of TensorFlow's as NumPy's, which a file holds without pickles."""
    return np.asarray([cell.decode() for cell in cells], np.str_) if cells.dtype == object else cells


def _traced(function: Callable[..., Any], specs: Mapping[str, Any], weights: StoredWeights) -> Any:
    def with_stored_weights(**arrays: Any) -> Any:
        with weights.in_use() if weights.are_smaller else contextlib.nullcontext():
            return function(**ensured(arrays, specs))

    return import_tensorflow().function(with_stored_weights, autograph=False).get_concrete_function(**specs)


def _endpoint(model: Any, method: str, kind: RowKind, **arrays: Any) -> dict[str, Any]:
    return {READS_ROWS[method][1]: getattr(model, method)(kind.features(arrays))}
