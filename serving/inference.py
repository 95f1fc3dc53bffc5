"""What both front ends do with a servable: predict, classify, regress, describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf import text_format
from tensorflow.core.framework import types_pb2
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
    name, signature = _example_signature(servable, request)
    if len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    _require_example_input(signature, "classification")
    wanted = [output for output in ("classes", "scores") if output in signature.outputs]
    if not wanted:
        raise invalid(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". '
            f"Signature was: {_debug(signature)}"
        )
    examples = _examples(request)
    results = run(servable, signature, {"inputs": examples}, wanted)
    _require_classes(results, len(examples))
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
    name, signature = _example_signature(servable, request)
    if len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    _require_example_input(signature, "regression")
    if "outputs" not in signature.outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {_debug(signature)}")
    examples = _examples(request)
    values = run(servable, signature, {"inputs": examples}, ["outputs"])["outputs"]
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] != 1):
        words = "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got"
        raise invalid(f"{words} {_dims(values)}")
    if len(values) != len(examples):
        raise invalid(f"Input batch size did not match output batch size: {len(examples)} vs. {len(values)}")
    if values.dtype != np.float32:
        raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {_type(values)}")
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


def _example_signature(servable: Servable, request: Any) -> tuple[str, Any]:
    """Name and SignatureDef of the signature that takes examples."""
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = servable.signatures.get(name)
    if signature is None:
        raise invalid(f"No signature was found with the name: {name}")
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    return name, signature


def _require_example_input(signature: Any, what: str) -> None:
    if "inputs" not in signature.inputs:
        raise invalid(f"No {what} inputs found in SignatureDef: {_debug(signature)}")


def _require_classes(results: Mapping[str, Any], count: int) -> None:
    """Refuses outputs that are not those of a classifier, in TensorFlow Serving's words."""
    for output, array in results.items():
        if array.ndim != 2:
            raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {_dims(array)}")
        wanted = "DT_STRING" if output == "classes" else "DT_FLOAT"
        if _type(array) != wanted:
            raise invalid(f"Expected {output} Tensor of {wanted}. Got: {_type(array)}")
        if len(array) != count:
            raise invalid(f"Expected {output} output batch size of {count}. Got: {len(array)}")
    widths = [array.shape[1] for array in results.values()]
    if len(set(widths)) > 1:
        raise invalid(f"Tensors class and score should match in dim_size(1). Got {widths[0]} vs. {widths[1]}")


def _examples(request: Any) -> Any:
    """Serialised examples [n]."""
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
    return np.asarray(serialised, dtype=object)


def _identify(spec: Any, servable: Servable, signature: str) -> None:
    spec.name, spec.signature_name = servable.name, signature
    spec.version.value = servable.version


def _set(names: Any) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _dims(array: Any) -> str:
    return f"[{','.join(map(str, array.shape))}]"


def _type(array: Any) -> str:
    """TensorFlow's name of an array's type in messages of protocol buffers."""
    if array.dtype.kind in "OSU":
        return "DT_STRING"
    return str(types_pb2.DataType.Name(import_tensorflow().as_dtype(array.dtype).as_datatype_enum))


def _debug(signature: Any) -> str:
    return text_format.MessageToString(signature)
