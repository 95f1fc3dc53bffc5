"""Arrays and results as the JSON of TensorFlow Serving's answers, floats as the shortest text of their precision."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from serving.errors import ServingError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_AT_ONCE = 2**14  # numbers or texts that are written in one go: a millisecond or two


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
    dumps, comma, colon = (_finite, b",", b":") if _all_finite(document) else (_not_finite, b", ", b": ")
    return dumps(document) if _size(document) <= _AT_ONCE else _in_pieces(document, dumps, comma, colon)


def _finite(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _not_finite(document: Any) -> bytes:
    return json.dumps(_plain(document), ensure_ascii=False).encode()


def _in_pieces(value: Any, dumps: Callable[[Any], bytes], comma: bytes, colon: bytes) -> bytes:
    """The same text, some rows at a time, since nothing else runs while they are written."""
    size = _size(value)
    if size <= _AT_ONCE:
        return dumps(value)
    if isinstance(value, dict):
        members = [dumps(name) + colon + _in_pieces(item, dumps, comma, colon) for name, item in value.items()]
        return b"{" + comma.join(members) + b"}"
    rows = _AT_ONCE * len(value) // size
    if rows:
        pieces = [dumps(value[begin : begin + rows])[1:-1] for begin in range(0, len(value), rows)]
    else:
        pieces = [_in_pieces(row, dumps, comma, colon) for row in value]
    return b"[" + comma.join(pieces) + b"]"


def _size(value: Any) -> int:
    """About how many numbers and texts there are; rows of a list are like its first one."""
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return len(value) * _size(value[0]) if isinstance(value, list) and value else 1


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
