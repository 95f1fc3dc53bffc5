"""JSON requests -> arrays and examples, and arrays -> JSON, with TensorFlow Serving's checks in its order and words.

Its wording is part of the protocol: clients match on it. Read from its util/json_tensor.cc at 9d981c5.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from serving.errors import ServingError, invalid
from serving.json_parser import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN = 256  # characters of a value quoted in a message
_DEEPEST = 254  # TensorFlow's limit of dimensions
_FLOATS = {"float": np.float32, "double": np.float64}
_INTEGERS: dict[str, tuple[Any, int, int]] = {
    # TensorFlow Serving asks for 32 bits before it narrows to fewer
    "int8": (np.int8, -(2**31), 2**31 - 1),
    "int16": (np.int16, -(2**31), 2**31 - 1),
    "uint8": (np.uint8, -(2**31), 2**31 - 1),
    "uint16": (np.uint16, -(2**31), 2**31 - 1),
    "int32": (np.int32, -(2**31), 2**31 - 1),
    "int64": (np.int64, -(2**63), 2**63 - 1),
    "uint32": (np.uint32, 0, 2**32 - 1),
    "uint64": (np.uint64, 0, 2**64 - 1),
}


@dataclass(frozen=True)
class PredictBody:
    """The body of a :predict request, before its values are read.

    Attributes:
        signature: name of the signature; "" for the default one.
        document: the whole object.
        has_booleans: whether `true` or `false` may stand among the values.
    """

    signature: str
    document: Mapping[str, Any]
    has_booleans: bool

    @property
    def is_row(self) -> bool:
        """Whether the values are given row by row (`instances`)."""
        return "instances" in self.document

    def arrays(self, dtypes: Mapping[str, str]) -> dict[str, Any]:
        """Input name -> array.

        Args:
            dtypes: TensorFlow's name of the type of each input of the signature.

        Raises:
            ServingError: the values do not fit the signature's inputs.
        """
        document = self.document
        if "instances" in document and "inputs" in document:
            words = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
            raise invalid(f"JSON Value: {_shown(document)} {words}")
        if "instances" in document:
            return _rows(document["instances"], dtypes, self.has_booleans)
        if "inputs" in document:
            return _columns(document["inputs"], dtypes, self.has_booleans)
        raise invalid("Missing 'inputs' or 'instances' key")


def read_predict(body: bytes) -> PredictBody:
    """Reads the body of a :predict request.

    Raises:
        ServingError: not JSON, not an object, or a signature name that is not a string.
    """
    document = _object(body)
    return PredictBody(_signature_name(document), document, b"true" in body or b"false" in body)


def read_examples(body: bytes, method: str) -> tuple[str, list[bytes]]:
    """Reads the body of a :classify or :regress request.

    Returns:
        The signature's name, "" for the default one, and serialised tf.Example messages.

    Raises:
        ServingError: not JSON, or examples that are not objects of values.
    """
    document = _object(body)
    signature = _signature_name(document)
    if "examples" not in document:
        raise invalid(
            f"JSON Value: {_shown(document)} When method is {method}, key 'examples' is expected and was not found."
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(f"JSON Value: {_shown(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(f"JSON Value: {_shown(document)} 'examples' value is an empty array")
    context = document.get("context", {})
    if not isinstance(context, dict):
        raise invalid(f"JSON Value: {_shown(context)} Is not object")
    shared = _features(context)
    serialised = []
    for example in examples:
        if not isinstance(example, dict):
            raise invalid(f"JSON Value: {_shown(example)} Is not object")
        serialised.append(_example(shared | _features(example)))
    return signature, serialised


def write_predictions(outputs: Mapping[str, Any], *, row: bool) -> bytes:
    """The answer to a :predict request.

    Args:
        outputs: output name -> array.
        row: whether the request was row by row.

    Raises:
        ServingError: outputs that cannot be split into rows.
    """
    if not row:
        values = {name: _writable(name, array) for name, array in outputs.items()}
        return _json({"outputs": next(iter(values.values())) if len(values) == 1 else values})
    size = None
    for name, array in outputs.items():
        if np.ndim(array) == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size is not None and len(array) != size:
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {size}")
        size = len(array)
    values = {name: _writable(name, array) for name, array in outputs.items()}
    if len(values) == 1:
        return _json({"predictions": next(iter(values.values()))})
    rows = [{name: value[i] for name, value in values.items()} for i in range(size or 0)]
    return _json({"predictions": rows})


def write_results(results: Sequence[Any]) -> bytes:
    """The answer to a :classify or :regress request."""
    return _json({"results": results})


def write_document(document: Any) -> bytes:
    """Any other answer."""
    return orjson.dumps(document)


def write_error(message: str) -> bytes:
    """The answer to a request that failed."""
    return orjson.dumps({"error": message.encode("utf-8", "replace").decode()}, option=orjson.OPT_INDENT_2)


def _object(body: bytes) -> Mapping[str, Any]:
    document = parse(body)
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {_shown(document)} Is not object")
    return document


def _signature_name(document: Mapping[str, Any]) -> str:
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        words = "not formatted correctly. 'signature_name' key must be a string value."
        raise invalid(f"JSON Value: {_shown(document)} {words}")
    return name


def _rows(instances: Any, dtypes: Mapping[str, str], has_booleans: bool) -> dict[str, Any]:
    if not isinstance(instances, list):
        raise invalid(f"JSON Value: {_shown(instances)} Expecting 'instances' to be an list/array")
    if not instances:
        raise invalid("No values in 'instances' array")
    named = _is_object(instances[0])
    if not named and len(dtypes) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required "
            "as per tensorinfo_map"
        )
    columns = _split(instances, dtypes, named=named)
    return {
        name: _stacked(name if named else "", column, dtypes[name], has_booleans) for name, column in columns.items()
    }


def _split(instances: list[Any], dtypes: Mapping[str, str], *, named: bool) -> dict[str, list[Any]]:
    """The values of each input, row by row."""
    if not named:
        for number, item in enumerate(instances):
            if _is_object(item):
                raise invalid(f"Expecting value/list but got object at item {number} of input list")
        return {next(iter(dtypes)): instances}
    columns: dict[str, list[Any]] = {name: [] for name in dtypes}
    for number, item in enumerate(instances):
        if not _is_object(item):
            raise invalid(f"Expecting object but got list at item {number} of input list")
        for name, value in item.items():
            if name not in columns:
                raise _element(number, name, invalid(f"JSON object: does not have named input: {name}"))
            columns[name].append(value)
        if len(item) != len(dtypes):
            raise invalid(
                f"Failed to process element: {number} of 'instances' list. "
                f"JSON object: {_shown(item)} keys must be equal to: {','.join(sorted(dtypes))}"
            )
    return columns


def _stacked(key: str, column: list[Any], dtype: str, has_booleans: bool) -> Any:
    """One input's values [n, ...], each element of the list a row."""
    quick = _quick(column, dtype, has_booleans)
    if quick is not None:
        return quick
    rows: list[Any] = []
    for number, value in enumerate(column):
        try:
            row = _tensor(value, dtype)
            if rows and row.size != rows[0].size:
                raise invalid(f"Expecting tensor size: {rows[0].size} but got: {row.size}")
            if rows and row.shape != rows[0].shape:
                raise invalid(f"Expecting shape {_dims(rows[0].shape)} but got: {_dims(row.shape)}")
        except ServingError as error:
            raise _element(number, key, error) from None
        rows.append(row)
    return np.stack(rows)


def _columns(inputs: Any, dtypes: Mapping[str, str], has_booleans: bool) -> dict[str, Any]:
    if not _is_object(inputs):
        if len(dtypes) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required "
                "as per tensorinfo_map"
            )
        inputs = {next(iter(dtypes)): inputs}
    arrays = {}
    for name, dtype in dtypes.items():
        if name not in inputs:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        quick = _quick(inputs[name], dtype, has_booleans)
        arrays[name] = _tensor(inputs[name], dtype) if quick is None else quick
    return arrays


def _quick(values: Any, dtype: str, has_booleans: bool) -> Any:
    """An array of numbers or of a plain list of strings, made in one go; None if it takes looking at each value."""
    if dtype == "string":
        plain = isinstance(values, list) and values and all(type(value) is str for value in values)
        return np.asarray([value.encode() for value in values], dtype=object) if plain else None
    if has_booleans or (dtype not in _FLOATS and dtype not in _INTEGERS):
        return None
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    if not array.size or array.dtype.kind not in "iuf":
        return None
    if dtype in _FLOATS:
        with np.errstate(over="ignore"):  # 1e39 is infinite as a float, as it is for TensorFlow Serving
            return array.astype(_FLOATS[dtype], copy=False)
    to, low, high = _INTEGERS[dtype]
    # what does not fit is found, and named, value by value
    fits = array.dtype.kind != "f" and int(array.min()) >= low and int(array.max()) <= high
    return array.astype(to) if fits else None


def _tensor(value: Any, dtype: str) -> Any:
    """A JSON value as an array, each number looked at."""
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        if len(shape) > _DEEPEST:
            raise invalid(f"Lists are nested deeper than the {_DEEPEST} dimensions a tensor can have")
        if not inner:
            break
        inner = inner[0]
    flat: list[Any] = []
    _fill(value, 0, shape, dtype, flat)
    kind = np.float32 if dtype == "float" else _FLOATS.get(dtype) or _INTEGERS.get(dtype, (object,))[0]
    array = np.empty(len(flat), dtype=bool if dtype == "bool" else kind)
    with np.errstate(over="ignore"):
        # narrower integers wrap round, as in C++
        array[:] = (
            np.asarray(flat, dtype=np.int64).astype(kind) if dtype in {"int8", "int16", "uint8", "uint16"} else flat
        )
    return array.reshape(shape)


def _fill(value: Any, level: int, shape: list[int], dtype: str, flat: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {_shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        flat.append(_scalar(value, dtype))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for item in value:
        _fill(item, level + 1, shape, dtype, flat)


def _scalar(value: Any, dtype: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if dtype in _FLOATS:
        if is_number:
            return float(value)
    elif dtype in _INTEGERS:
        _, low, high = _INTEGERS[dtype]
        if is_number and isinstance(value, int) and low <= value <= high:
            return value
    elif dtype == "bool":
        if isinstance(value, bool):
            return value
    elif dtype == "string":
        if isinstance(value, str):
            return value.encode("utf-8", "replace")
        if _is_base64(value):
            return _decoded(value["b64"])
    else:
        raise ServingError("UNIMPLEMENTED", f"Conversion of JSON Value: {_shown(value)} to type: {dtype}")
    raise invalid(f"JSON Value: {_shown(value)} Type: {_kind(value)} is not of expected type: {dtype}")


def _features(example: Mapping[str, Any]) -> dict[str, Any]:
    """Feature name -> its values, all of one type."""
    features = {}
    for name, value in example.items():
        values = value if isinstance(value, list) else [value]
        read: list[Any] = []
        for item in values:
            if item is None or isinstance(item, (list, bool)) or (isinstance(item, dict) and not _is_base64(item)):
                raise invalid(f"Feature: {name} has element with unexpected JSON type: {_kind(item)}")
            read.append(
                _decoded(item["b64"]) if isinstance(item, dict) else item.encode() if isinstance(item, str) else item
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
                feature.float_list.value.extend(np.asarray(values, np.float64).astype(np.float32))
        except (OverflowError, ValueError):
            raise invalid(f"Feature: {name} has an integer beyond 64 bits") from None
    return bytes(message.SerializeToString())


def _element(number: int, key: str, error: ServingError) -> ServingError:
    which = f"{number} key: {key}" if key else f"{number}"
    return invalid(f"Failed to process element: {which} of 'instances' list. Error: {error.code}: {error.message}")


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _decoded(text: str) -> bytes:
    try:
        # padding may be left out
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def _kind(value: Any) -> str:
    """Rapidjson's word for a value's type."""
    kinds = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
    return (
        {True: "True", False: "False", None: "Null"}[value]
        if value is None or value is True or value is False
        else kinds[type(value)]
    )


def _shown(value: Any) -> str:
    """A value as text, cut off where it gets long."""
    if isinstance(value, (list, dict)) and len(value) > _SHOWN:
        value = list(value)[:_SHOWN] if isinstance(value, list) else dict(list(value.items())[:_SHOWN])
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        text = "[" * _SHOWN
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} <TRUNCATED>"


def _dims(shape: Sequence[int]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _writable(name: str, array: Any) -> Any:
    """An array as orjson or json can write it."""
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        return _texts(array.tolist(), as_base64=name.endswith("_bytes"))
    if array.dtype.kind not in "iufb":
        raise ServingError("UNIMPLEMENTED", f"Encoding of tensor {name} of type {array.dtype} to JSON")
    if array.dtype.kind == "f" and array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float32)
    return np.ascontiguousarray(array) if array.ndim else array[()]


def _texts(value: Any, *, as_base64: bool) -> Any:
    if isinstance(value, list):
        return [_texts(item, as_base64=as_base64) for item in value]
    raw = value if isinstance(value, bytes) else str(value).encode()
    return {"b64": base64.b64encode(raw).decode()} if as_base64 else raw.decode("utf-8", "replace")


def _json(document: Any) -> bytes:
    if _all_finite(document):
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return json.dumps(_plain(document), ensure_ascii=False).encode()


def _all_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_all_finite, value.values()))
    if isinstance(value, list):
        return all(map(_all_finite, value))
    if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f":
        return bool(np.isfinite(value).all())
    return not isinstance(value, float) or bool(np.isfinite(value))


def _plain(value: Any) -> Any:
    """Arrays as lists; floats as the shortest text of their own precision, NaN and infinity as `json` writes them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return (value.astype(str).astype(float) if value.dtype.kind == "f" else value).tolist()
    return value
