"""What both front ends do with a servable: predict, classify, regress, describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.budget import require_memory
from serving.errors import ServingError, invalid
from serving.servable import import_tensorflow
from serving.tensors import from_proto, to_proto

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from serving.servable import Servable

    Run = Callable[[Servable, Any, Mapping[str, Any], Sequence[str]], dict[str, Any]]

DEFAULT_SIGNATURE = "serving_default"


def predict(servable: Servable, request: Any, run: Run) -> Any:
    """PredictRequest -> PredictResponse.

    Raises:
        ServingError: the signature or the inputs are not the model's.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = servable.signatures.get(name)
    if signature is None:
        raise ServingError("FAILED_PRECONDITION", f'Serving signature key "{name}" not found.')
    _require_inputs(request, signature)
    outputs = _filtered(request.output_filter, signature)
    arrays = {}
    for alias, proto in request.inputs.items():
        try:
            arrays[alias] = from_proto(proto)
        except (ValueError, TypeError):
            raise invalid(f"tensor parsing error: {alias}") from None
    results = run(servable, signature, arrays, outputs)
    response = predict_pb2.PredictResponse()
    _identify(response.model_spec, servable, name)
    for alias, array in results.items():
        response.outputs[alias].CopyFrom(to_proto(array))
    return response


def classify(servable: Servable, request: Any, run: Run) -> Any:
    """ClassificationRequest -> ClassificationResponse.

    Raises:
        ServingError: no such signature, one that does not classify, or examples it cannot read.
    """
    name, signature, examples = _examples(servable, request, "classification")
    wanted = [output for output in ("classes", "scores") if output in signature.outputs]
    if not wanted or len(wanted) < len(signature.outputs):
        raise invalid(f"No classification outputs found in SignatureDef: {_debug(signature)}")
    results = run(servable, signature, {"inputs": examples}, wanted)
    for output, array in results.items():
        if array.ndim != 2 or len(array) != len(examples):
            raise invalid(
                f"Expected Tensor shape: [{len(examples)} num_classes] for {output} but got {list(array.shape)}"
            )
    response = classification_pb2.ClassificationResponse()
    _identify(response.model_spec, servable, name)
    for row in range(len(examples)):
        classes = response.result.classifications.add().classes
        for column in range(next(iter(results.values())).shape[1]):
            entry = classes.add()
            if "classes" in results:
                entry.label = results["classes"][row, column]
            if "scores" in results:
                entry.score = float(results["scores"][row, column])
    return response


def regress(servable: Servable, request: Any, run: Run) -> Any:
    """RegressionRequest -> RegressionResponse.

    Raises:
        ServingError: no such signature, one that does not regress, or examples it cannot read.
    """
    name, signature, examples = _examples(servable, request, "regression")
    if set(signature.outputs) != {"outputs"}:
        raise invalid(f"No regression outputs found in SignatureDef: {_debug(signature)}")
    values = run(servable, signature, {"inputs": examples}, ["outputs"])["outputs"]
    if values.shape not in {(len(examples),), (len(examples), 1)}:
        raise invalid(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {list(values.shape)}"
        )
    response = regression_pb2.RegressionResponse()
    _identify(response.model_spec, servable, name)
    for value in values.ravel():
        response.result.regressions.add().value = float(value)
    return response


def metadata(servable: Servable) -> Any:
    """SignatureDefMap of a servable."""
    described = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        described.signature_def[name].CopyFrom(signature)
    return described


def play(servable: Servable, log: Any, run: Run) -> Any:
    """Answers the request in a PredictionLog, as warm-up does.

    Raises:
        ServingError: what the request ends with, or a kind of log that cannot be played.
    """
    kind = log.WhichOneof("log_type")
    answers = {
        "predict_log": lambda: predict(servable, log.predict_log.request, run),
        "classify_log": lambda: classify(servable, log.classify_log.request, run),
        "regress_log": lambda: regress(servable, log.regress_log.request, run),
    }
    if kind not in answers:
        raise ServingError("UNIMPLEMENTED", f"Unsupported log_type for warmup: {kind}")
    return answers[kind]()


def _require_inputs(request: Any, signature: Any) -> None:
    sent, needed = set(request.inputs), set(signature.inputs)
    if len(sent) != len(needed):
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(needed)} "
            f"len({_set(sent)}) != len({_set(needed)}). "
            f"Sent extra: {_set(sent - needed)}. Missing but required: {_set(needed - sent)}."
        )
    for alias in sorted(needed - sent):
        raise invalid(
            f"Signature input alias: {alias}(feed name: {signature.inputs[alias].name}) not found in request and no "
            f"default value provided. Inputs expected to be in the set {_set(needed)}."
        )


def _filtered(wanted: Sequence[str], signature: Any) -> list[str]:
    chosen: list[str] = []
    for alias in wanted:
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                f"{_set(signature.outputs)}."
            )
        if alias in chosen:
            raise invalid(f"duplicate output tensor alias: {alias}")
        chosen.append(alias)
    return chosen or sorted(signature.outputs)


def _examples(servable: Servable, request: Any, what: str) -> tuple[str, Any, Any]:
    """Name and SignatureDef of the signature, and serialised examples [n]."""
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = servable.signatures.get(name)
    if signature is None:
        raise invalid(f"No signature was found with the name: {name}")
    if (
        set(signature.inputs) != {"inputs"}
        or signature.inputs["inputs"].dtype != import_tensorflow().string.as_datatype_enum
    ):
        raise invalid(f"No {what} inputs found in SignatureDef: {_debug(signature)}")
    kind = request.input.WhichOneof("kind")
    if kind == "example_list_with_context":
        context = request.input.example_list_with_context.context.SerializeToString()
        count = len(request.input.example_list_with_context.examples)
        require_memory(len(context) * count, "The examples with their context")
        # messages that follow each other are merged when they are read
        serialised = [context + each.SerializeToString() for each in request.input.example_list_with_context.examples]
    else:
        serialised = [each.SerializeToString() for each in request.input.example_list.examples]
    if not serialised:
        raise invalid("Input is empty.")
    return name, signature, np.asarray(serialised, dtype=object)


def _identify(spec: Any, servable: Servable, signature: str) -> None:
    spec.name, spec.signature_name = servable.name, signature
    spec.version.value = servable.version


def _set(names: Any) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _debug(signature: Any) -> str:
    return text_format.MessageToString(signature, as_one_line=True)
