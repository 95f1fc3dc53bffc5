"""The body of a :classify or :regress request as tf.Example messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serving.budget import require_memory, require_slow_lane, spend
from serving.errors import invalid
from serving.json_codec import read_object, signature_name_of
from serving.json_values import decoded, is_base64, kind_of
from serving.tf_examples import example_class

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOO_LARGE = 2**63


def read_examples(body: bytes) -> tuple[str, list[bytes]]:
    """Reads the body of a :classify or :regress request.

    Returns:
        The signature's name, "" for the default one, and serialised tf.Example messages.

    Raises:
        ServingError: not JSON, or examples that are not objects of values.
    """
    require_slow_lane(len(body))  # each value is looked at
    document = read_object(body)
    signature = signature_name_of(document)
    if "examples" not in document:
        # TensorFlow Serving says so of :regress too
        raise invalid("When method is classify, key 'examples' is expected and was not found")
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid("Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid("'examples' value is an empty array")
    context = _object(document.get("context", {}))
    shared = _features(context)
    serialised: list[bytes] = []
    size = 0
    for example in examples:
        spend(sum(map(len, shared.values())))
        serialised.append(_example(shared | _features(_object(example))))
        size += len(serialised[-1])  # the context is in each of them
        require_memory(size, "The examples with their context")
    return signature, serialised


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {kind_of(value)}")
    return value


def _features(example: Mapping[str, Any]) -> dict[str, Any]:
    """Feature name -> its values, all of one type; booleans are integers."""
    features = {}
    for name, value in example.items():
        values = value if isinstance(value, list) else [value]
        spend(len(values))
        read: list[Any] = []
        for item in values:
            read.append(_value(name, item))
            if type(read[-1]) is not type(read[0]):
                expected = {int: "int64", float: "float", bytes: "bytes"}[type(read[0])]
                raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
        features[name] = read
    return features


def _value(name: str, item: Any) -> int | float | bytes:
    if isinstance(item, str):
        return item.encode()
    if is_base64(item):
        return decoded(item["b64"])
    if item is None or isinstance(item, (list, dict)):
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind_of(item)}")
    if isinstance(item, float):
        return item
    if item >= _TOO_LARGE:
        raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
    return int(item)


def _example(features: Mapping[str, list[Any]]) -> bytes:
    message = example_class()()
    for name, values in features.items():
        feature = message.features.feature[name]
        if not values:
            continue
        if isinstance(values[0], bytes):
            feature.bytes_list.value.extend(values)
        elif isinstance(values[0], int):
            feature.int64_list.value.extend(values)
        else:
            with np.errstate(over="ignore"):  # 1e39 is infinite as a float
                feature.float_list.value.extend(np.asarray(values, np.float64).astype(np.float32).tolist())
    return bytes(message.SerializeToString())
