"""The body of a :classify or :regress request as tf.Example messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from serving.budget import require_memory, require_slow_lane, spend
from serving.errors import invalid
from serving.json_codec import read_object, signature_name_of
from serving.json_values import decoded, is_base64, kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_examples(body: bytes, method: str) -> tuple[str, list[bytes]]:
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
        raise invalid(
            f"JSON Value: {shown(document)} When method is {method}, key 'examples' is expected and was not found."
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(f"JSON Value: {shown(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(f"JSON Value: {shown(document)} 'examples' value is an empty array")
    context = document.get("context", {})
    if not isinstance(context, dict):
        raise invalid(f"JSON Value: {shown(context)} Is not object")
    shared = _features(context)
    serialised: list[bytes] = []
    size = 0
    for example in examples:
        if not isinstance(example, dict):
            raise invalid(f"JSON Value: {shown(example)} Is not object")
        spend(sum(map(len, shared.values())))
        serialised.append(_example(shared | _features(example)))
        size += len(serialised[-1])  # the context is in each of them
        require_memory(size, "The examples with their context")
    return signature, serialised


def _features(example: Mapping[str, Any]) -> dict[str, Any]:
    """Feature name -> its values, all of one type."""
    features = {}
    for name, value in example.items():
        values = value if isinstance(value, list) else [value]
        spend(len(values))
        read: list[Any] = []
        for item in values:
            if item is None or isinstance(item, (list, bool)) or (isinstance(item, dict) and not is_base64(item)):
                raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind_of(item)}")
            read.append(
                decoded(item["b64"]) if isinstance(item, dict) else item.encode() if isinstance(item, str) else item
            )
            if type(read[-1]) is not type(read[0]):
                expected = {int: "int64", float: "float", bytes: "bytes"}[type(read[0])]
                raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
        features[name] = read
    return features


def _example(features: Mapping[str, list[Any]]) -> bytes:
    from tensorflow.core.example import example_pb2

    message = example_pb2.Example()
    for name, values in features.items():
        feature = message.features.feature[name]
        if not values:
            continue
        try:
            if isinstance(values[0], bytes):
                feature.bytes_list.value.extend(values)
            elif isinstance(values[0], int):
                feature.int64_list.value.extend(values)
            else:
                feature.float_list.value.extend(np.asarray(values, np.float64).astype(np.float32).tolist())
        except (OverflowError, ValueError):
            raise invalid(f"Feature: {name} has an integer beyond 64 bits") from None
    return bytes(message.SerializeToString())
