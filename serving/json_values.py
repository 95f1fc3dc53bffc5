"""A value in JSON as an array of a type, with TensorFlow Serving's checks and words for what does not fit.

Read from its util/json_tensor.cc at 9d981c5.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.budget import spend
from serving.errors import ServingError, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

_END: Any = object()
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


def quick_array(values: Any, dtype: str, *, has_booleans: bool, has_long_texts: bool = False) -> Any:
    """An array of numbers or of a plain list of strings, made in one go; None if it takes looking at each value.

    Args:
        values: as JSON gives them.
        dtype: TensorFlow's name of their type.
        has_booleans: whether `true` or `false` may be among them.
        has_long_texts: whether texts may be among them of which NumPy would make room for one at every place.
    """
    if dtype == "string":
        plain = isinstance(values, list) and values and all(type(value) is str for value in values)
        return np.asarray([value.encode() for value in values], dtype=object) if plain else None
    if has_booleans or (dtype not in _FLOATS and dtype not in _INTEGERS):
        return None
    try:
        array = None if has_long_texts and not _only_numbers(values) else np.asarray(values)
    except ValueError:
        return None
    if array is None or not array.size or array.dtype.kind not in "iuf":
        return None
    if dtype in _FLOATS:
        with np.errstate(over="ignore"):  # 1e39 is infinite as a float, as it is for TensorFlow Serving
            return array.astype(_FLOATS[dtype], copy=False)
    to, low, high = _INTEGERS[dtype]
    # what does not fit is found, and named, value by value
    fits = array.dtype.kind != "f" and int(array.min()) >= low and int(array.max()) <= high
    return array.astype(to) if fits else None


def _only_numbers(value: Any, depth: int = 0) -> bool:
    if not isinstance(value, list):
        return type(value) in {int, float}
    kinds = set(map(type, value))
    if list not in kinds:
        return kinds <= {int, float}
    return len(kinds) == 1 and depth < _DEEPEST and all(_only_numbers(item, depth + 1) for item in value)


def to_array(value: Any, dtype: str) -> Any:
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
    spend(len(value))
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


def is_base64(value: Any) -> bool:
    """Whether a value is `{"b64": text}`, which stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


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
    """A value as text, cut off where it gets long; no more of it is looked at than is shown."""
    parts: list[str] = []
    left = _SHOWN + 1
    for part in _written(value):
        parts.append(part[:left])
        left -= len(parts[-1])
        if not left:
            return f"{''.join(parts)[:_SHOWN]} <TRUNCATED>"
    return "".join(parts)


def _written(value: Any) -> Iterator[str]:
    """JSON text, piece by piece, without recursion: a stack holds what is to be written, and what stands before it."""
    ahead: list[Iterator[tuple[str, Any]]] = [iter([("", value)])]
    ends: list[str] = [""]
    while ahead:
        lead, item = next(ahead[-1], ("", _END))
        if item is _END:
            ahead.pop()
            yield ends.pop()
            continue
        yield lead
        if isinstance(item, dict):
            yield "{"
            ahead.append(
                (f"{', ' if place else ''}{_scalar_text(key)}: ", each)
                for place, (key, each) in enumerate(item.items())
            )
            ends.append("}")
        elif isinstance(item, list):
            yield "["
            ahead.append((", " if place else "", each) for place, each in enumerate(item))
            ends.append("]")
        else:
            yield _scalar_text(item)


def _scalar_text(value: Any) -> str:
    return json.dumps(value[: _SHOWN + 1] if isinstance(value, str) else value, ensure_ascii=False)
