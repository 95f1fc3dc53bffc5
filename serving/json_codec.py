"""The body of a :predict request as arrays, with TensorFlow Serving's checks in its order and words.

Its wording is part of the protocol: clients match on it. Read from its util/json_tensor.cc at 9d981c5.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.errors import ServingError, invalid
from serving.json_parser import parse, words_of

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
            raise invalid(f"JSON Value: {shown(document)} {words}")
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
    words = words_of(body)
    document = read_object(body, words)
    return PredictBody(signature_name_of(document), document, b"true" in words or b"false" in words)


def read_object(body: bytes, words: bytes | None = None) -> Mapping[str, Any]:
    """The object that a body holds, given its words or not; raises ServingError for anything else."""
    document = parse(body, words)
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    return document


def signature_name_of(document: Mapping[str, Any]) -> str:
    """The signature that a request names, "" for none; raises ServingError for what is not a string."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        words = "not formatted correctly. 'signature_name' key must be a string value."
        raise invalid(f"JSON Value: {shown(document)} {words}")
    return name


def _rows(instances: Any, dtypes: Mapping[str, str], has_booleans: bool) -> dict[str, Any]:
    if not isinstance(instances, list):
        raise invalid(f"JSON Value: {shown(instances)} Expecting 'instances' to be an list/array")
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
                f"JSON object: {shown(item)} keys must be equal to: {','.join(sorted(dtypes))}"
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
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
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
        if is_base64(value):
            return decoded(value["b64"])
    else:
        raise ServingError("UNIMPLEMENTED", f"Conversion of JSON Value: {shown(value)} to type: {dtype}")
    raise invalid(f"JSON Value: {shown(value)} Type: {kind_of(value)} is not of expected type: {dtype}")


def _element(number: int, key: str, error: ServingError) -> ServingError:
    which = f"{number} key: {key}" if key else f"{number}"
    return invalid(f"Failed to process element: {which} of 'instances' list. Error: {error.code}: {error.message}")


def is_base64(value: Any) -> bool:
    """Whether a value is `{"b64": text}`, which stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def decoded(text: str) -> bytes:
    """Base64 text as bytes; raises ServingError for anything else."""
    try:
        # padding may be left out
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def kind_of(value: Any) -> str:
    """Rapidjson's word for a value's type."""
    kinds = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
    return (
        {True: "True", False: "False", None: "Null"}[value]
        if value is None or value is True or value is False
        else kinds[type(value)]
    )


def shown(value: Any) -> str:
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
