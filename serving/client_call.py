"""One call of a client: its rows as requests, and the answers as values."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from tensorflow_serving.apis import predict_pb2

from serving import client_unknown
from serving.client_rows import InputRows
from serving.client_signature import SCALE, Described, not_understood
from serving.errors import ServingError
from serving.json_parser import parse
from serving.tensors import from_proto, to_proto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from serving.client_retries import CallError
    from serving.client_target import Target

_BY_COLUMN, UNKNOWN = "serving_columns", "unknown"  # signatures of the zoo's encoders
_LOOKED_AT = 200  # rows of which the server is asked what it does not know
_LARGEST_REQUEST = 2**22  # bytes, about: as JSON they are four times as many, and a server may refuse more than 2**24


class TooManyRows(Exception):  # noqa: N818  no error: the call is made again in smaller requests
    """A single request has to become several, and those must go to one version."""


class Call:
    """One call: the rows, and the version by whose signature they are read.

    Args:
        target: where it goes.
        described: the version.
        rows: the user's.

    Raises:
        ValueError: rows that are not the signature's inputs.
    """

    def __init__(self, target: Target, described: Described, rows: Any) -> None:
        self._target, self._described = target, described
        signature = described.signature(target.signature)
        self._rows = InputRows(target.model, signature, described.signatures.get(_BY_COLUMN), rows)
        self.signature = signature = self._rows.signature
        self._wanted = signature.output(target.output)
        self._is_raw = target.output is not None  # as the server sends it
        self._size = max(1, min(target.fitting, _LARGEST_REQUEST // self._rows.row_bytes))
        # The codes of one call come from one version: another may take over under way.
        self.is_pinned = len(self._rows) > self._size
        self._version = described.version if self.is_pinned and target.version is None else None

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The rows of each request, input by input."""
        return self._rows.chunks(self._size)

    @property
    def url(self) -> str:
        """Where requests over REST go."""
        return f"{self._target.url(self._version)}:predict"

    def halves(self, arrays: Mapping[str, Any], error: CallError) -> list[dict[str, Any]]:
        """Two requests in place of one that was too large, for this and all later calls; raises what cannot be so."""
        rows = len(next(iter(arrays.values())))
        if not error.is_too_large or rows == 1:
            raise error
        half = (rows + 1) // 2
        self._target.fitting = min(self._target.fitting, half)
        if not self.is_pinned:
            raise TooManyRows from None
        return [{name: array[part] for name, array in arrays.items()} for part in (slice(half), slice(half, None))]

    def first_rows(self) -> dict[str, Any]:
        """Of which the server can say what it does not know, where it can: few enough to cost little; else {}."""
        unknown = self._described.signatures.get(UNKNOWN)
        asks = unknown is not None and set(unknown.inputs) == set(self.signature.inputs)
        return self._rows.chunk(0, _LOOKED_AT) if asks and len(self._rows) >= client_unknown.FEWEST else {}

    def remarks(self, arrays: Mapping[str, Any], response: Any) -> list[str]:
        """What the answer to `first_rows` says of them."""
        if isinstance(response, bytes):
            outputs = parse(response)["outputs"]
            counts = outputs if isinstance(outputs, dict) else dict.fromkeys(arrays, outputs)
        else:
            counts = {name: from_proto(proto) for name, proto in response.outputs.items()}
        found = client_unknown.remarks(self._rows.names, arrays, counts)
        return [f"{self._target.model}: {each}" for each in found]

    def request(self, arrays: Mapping[str, Any], signature: str = "") -> Any:
        """A request's body, or message; to another signature than the rows' own if it is named."""
        target, name = self._target, signature or self.signature.name
        if target.is_rest:
            body = {"signature_name": name, "inputs": {name: listed(each) for name, each in arrays.items()}}
            if all(each.dtype.kind != "f" or np.isfinite(each).all() for each in arrays.values()):
                return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
            return json.dumps(body, default=lambda array: array.tolist()).encode()  # NaN, which orjson calls null
        # all outputs, unless one was named: the next version may send integers and their scale instead of floats
        only = [self._wanted] if self._is_raw and not signature else []
        request = predict_pb2.PredictRequest(output_filter=only)
        target.fill(request.model_spec, self._version)
        request.model_spec.signature_name = name
        for name, array in arrays.items():
            if array.dtype == object:
                request.inputs[name].CopyFrom(to_proto(array))
                continue
            proto = request.inputs[name]
            proto.dtype = _number(array.dtype)
            for size in array.shape:
                proto.tensor_shape.dim.add().size = size
            proto.tensor_content = np.ascontiguousarray(array).tobytes()
        return request

    def values(self, response: Any) -> Any:
        """What the answer holds of the output that is wanted, [rows, ...].

        Raises:
            ServingError: the answer is not TensorFlow Serving's.
        """
        outputs = self._outputs(response)
        values = outputs[self._wanted]
        if self._is_raw or SCALE not in outputs:
            return values
        return values.astype(np.float32) * np.asarray(outputs[SCALE], np.float32)[:, None]

    def whole(self) -> Whole:
        """Where the values of the chunks are put together."""
        return Whole(self._empty(), len(self._rows), f"{self._target.model}: the output {self._wanted}")

    def _outputs(self, response: Any) -> dict[str, Any]:
        if not isinstance(response, bytes):
            return {name: from_proto(proto) for name, proto in response.outputs.items()}
        try:
            outputs = parse(response)["outputs"]  # which knows NaN
            outputs = outputs if isinstance(outputs, dict) else {self._wanted: outputs}
            dtype = self.signature.outputs[self._wanted].dtype
            values = np.asarray(outputs[self._wanted], dtype=dtype)
        except (ServingError, KeyError, TypeError, ValueError):
            raise not_understood(response) from None
        if values.dtype == object and values.size:
            values = np.vectorize(_decoded, otypes=[object])(values)
        return {**outputs, self._wanted: values}

    def _empty(self) -> Any:
        tensor = self.signature.outputs[self._wanted]
        is_scaled = not self._is_raw and SCALE in self.signature.outputs
        dtype = np.dtype(np.float32) if is_scaled else tensor.dtype
        return np.empty((0, *(max(size, 0) for size in tensor.shape[1:])), dtype)


class Whole:
    """The values of all rows; each chunk's go to their place at once, so that they are there only once.

    Args:
        empty: values of no row.
        rows: how many there will be.
        name: what they are, for messages.
    """

    def __init__(self, empty: Any, rows: int, name: str) -> None:
        self._values, self._rows, self._name, self._done = empty, rows, name, 0

    def add(self, part: Any) -> None:
        """Takes the next rows' values [rows, ...].

        Raises:
            ServingError: not one value for each row.
        """
        if not self._done:
            self._values = np.empty((self._rows, *part.shape[1:]), part.dtype)
        end = self._done + len(part)
        if part.shape[1:] != self._values.shape[1:] or end > self._rows:
            raise self._unequal()
        self._values[self._done : end] = part
        self._done = end

    def values(self) -> Any:
        """Those of all rows, [n, ...]; raises as `add` does."""
        if self._done < self._rows:
            raise self._unequal()
        return self._values

    def _unequal(self) -> ServingError:
        return ServingError(
            "INTERNAL", f"{self._name} has not one value, of one shape, for each of the {self._rows} rows"
        )


def listed(array: Any) -> Any:
    """An array as JSON's values."""
    if array.dtype != object:
        return np.ascontiguousarray(array)
    return np.vectorize(_text, otypes=[object])(array).tolist() if array.size else array.tolist()


def _decoded(cell: Any) -> Any:
    """A string of an answer in JSON as gRPC gives it: bytes."""
    return base64.b64decode(cell["b64"]) if isinstance(cell, dict) else str(cell).encode()


def _number(dtype: Any) -> int:
    from tensorflow.core.framework import types_pb2

    names = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE"}
    return int(types_pb2.DataType.Value(names.get(dtype.name, f"DT_{dtype.name.upper()}")))


def _text(cell: bytes) -> Any:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(cell).decode()}
