"""What the clients of both kinds share: where the model is, and how its requests and answers look."""

from __future__ import annotations

import base64
import json
import logging
import random
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from serving.errors import ServingError
from serving.json_parser import parse
from serving.tensors import from_proto, to_proto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_log = logging.getLogger("serving.client")
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0
_SCALE = "scale"  # the output that says what a step of an embedding of integers stands for


class Target:
    """Where a model is, how requests to it and answers from it look, and when to ask again.

    Args:
        address: `host:port` for gRPC, a URL for REST.
        model: the model's name.
        version: of the model; None for the newest.
        label: of a version, instead of its number.
        signature: which of the model's signatures.
        output: which of its outputs, as the server sends it; None for `embedding`, integers times their `scale`, or the
            only one.
        timeout: seconds that one call may take, retries included; over REST, an answer that comes in drips may take
            longer.
        chunk: rows in a request at most.
        token: bearer token, if the server wants one.
        certificate: the server's certificate, or its authority's: a PEM file, or what is in it as bytes. None trusts
            whom this machine trusts over REST, and speaks without TLS over gRPC.
        verify: over REST, instead of a certificate, what httpx takes as `verify`.
    """

    def __init__(
        self,
        address: str,
        model: str,
        *,
        version: int | None = None,
        label: str | None = None,
        signature: str = "serving_default",
        output: str | None = None,
        timeout: float = 60.0,
        chunk: int = 1024,
        token: str | None = None,
        certificate: bytes | str | Path | None = None,
        verify: Any = True,
    ) -> None:
        if version is not None and label is not None:
            raise ValueError("a request names a version or a label, not both")
        if chunk < 1:
            raise ValueError(f"chunk must be at least 1, not {chunk}")
        self.address, self.model, self.timeout, self.chunk = address, model, timeout, chunk
        self._version, self._label, self._signature, self._output = version, label, signature, output
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._certificate = Path(certificate).read_bytes() if isinstance(certificate, str | Path) else certificate
        self._is_rest = address.startswith(("http://", "https://"))
        self._verify = verify
        if self._is_rest and self._certificate is not None:
            self._verify = ssl.create_default_context(cadata=self._certificate.decode())
        self._inputs: dict[str, Any] | None = None
        self._is_raw = output is not None  # as the server sends it
        self._empty: Any = None

    @property
    def _url(self) -> str:
        which = (
            f"/versions/{self._version}"
            if self._version is not None
            else f"/labels/{self._label}"
            if self._label
            else ""
        )
        return f"{self.address.rstrip('/')}/v1/models/{self.model}{which}"

    def _metadata_request(self) -> Any:
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._fill(request.model_spec)
        return request

    def _fill(self, spec: Any) -> None:
        spec.name = self.model
        if self._version is not None:
            spec.version.value = self._version
        if self._label is not None:
            spec.version_label = self._label

    def _learn(self, response: Any) -> None:
        """Keeps the types of the signature's inputs, and which output is wanted."""
        described = get_model_metadata_pb2.SignatureDefMap()
        if isinstance(response, bytes):
            given = orjson.loads(response)["metadata"]["signature_def"]
            json_format.ParseDict(given, described, ignore_unknown_fields=True)
        else:
            response.metadata["signature_def"].Unpack(described)
        signatures = described.signature_def
        if self._signature not in signatures:
            raise ValueError(
                f"{self.model} has no signature {self._signature!r}; it has {', '.join(sorted(signatures))}"
            )
        signature = signatures[self._signature]
        self._inputs = {name: _described(info) for name, info in signature.inputs.items()}
        outputs = {name: _described(info) for name, info in signature.outputs.items()}
        wanted = self._output or ("embedding" if "embedding" in outputs else min(outputs))
        if wanted not in outputs:
            raise ValueError(f"{self._signature} has no output {wanted!r}; it has {', '.join(outputs)}")
        dtype, shape = outputs[wanted]
        if not self._is_raw and _SCALE in outputs:
            dtype = np.dtype(np.float32)
        self._output, self._empty = wanted, np.empty((0, *(max(size, 0) for size in shape[1:])), dtype)

    def _arrays(self, rows: Any) -> dict[str, Any]:
        """Rows as the signature's inputs: an array for the only one, or a mapping of columns."""
        inputs = self._inputs or {}
        columns = rows if hasattr(rows, "keys") else {next(iter(inputs)): rows}
        missing = sorted(set(inputs) - set(columns))
        if missing or (len(inputs) > 1 and not hasattr(rows, "keys")):
            raise ValueError(f"{self.model} takes columns by name: {', '.join(inputs)}; missing: {', '.join(missing)}")
        arrays = {name: _typed(columns[name], dtype, shape) for name, (dtype, shape) in inputs.items()}
        if len({len(array) for array in arrays.values()}) > 1:
            raise ValueError("the columns differ in length")
        return arrays

    def _chunks(self, arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        count = len(next(iter(arrays.values())))
        for start in range(0, count, self.chunk):
            yield {name: array[start : start + self.chunk] for name, array in arrays.items()}

    def _request(self, arrays: Mapping[str, Any]) -> Any:
        if self._is_rest:
            body = {"signature_name": self._signature, "inputs": {name: _listed(each) for name, each in arrays.items()}}
            if all(each.dtype.kind != "f" or np.isfinite(each).all() for each in arrays.values()):
                return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
            return json.dumps(body, default=lambda array: array.tolist()).encode()  # NaN, which orjson calls null
        # all outputs, unless one was named: the next version may send integers and their scale instead of floats
        request = predict_pb2.PredictRequest(output_filter=[self._output] if self._is_raw else [])
        self._fill(request.model_spec)
        request.model_spec.signature_name = self._signature
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

    def _values(self, response: Any) -> Any:
        if isinstance(response, bytes):
            outputs = parse(response)["outputs"]  # which knows NaN
            outputs = outputs if isinstance(outputs, dict) else {self._output: outputs}
            values = np.asarray(outputs[self._output], dtype=self._empty.dtype)
            if values.dtype == object and values.size:
                values = np.vectorize(_decoded, otypes=[object])(values)
        else:
            outputs = response.outputs
            values = from_proto(outputs[self._output])
        if self._is_raw or _SCALE not in outputs:
            return values
        scale = outputs[_SCALE]
        steps = np.asarray(scale if isinstance(scale, list) else from_proto(scale), np.float32)
        return values.astype(np.float32) * steps[:, None]

    def _together(self, answers: list[Any]) -> Any:
        values = [self._values(answer) for answer in answers]
        return np.concatenate(values) if values else self._empty

    def _wait(self, attempt: int, deadline: float, error: ServingError) -> float:
        """Seconds to wait before the next attempt; raises the error if there is to be none."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
        wait = longest * random.uniform(0.5, 1)  # noqa: S311  spreads the clients of a server that comes back
        if error.code != "UNAVAILABLE":
            raise error
        left = deadline - time.monotonic()
        if wait >= left:
            kind = "REST" if self._is_rest else "gRPC"
            hint = f"is {self.address} the server's port for {kind}? gRPC is written HOST:PORT, REST http://HOST:PORT"
            raise ServingError("UNAVAILABLE", f"{error.message} ({attempt + 1} attempts; {hint})")
        if attempt == 0:
            _log.warning("%s: %s; trying again for %.0f s", self.address, error.message, left)
        return wait


def _described(info: Any) -> tuple[Any, list[int]]:
    """Type and declared shape of a TensorInfo."""
    from tensorflow.dtypes import as_dtype

    return np.dtype(as_dtype(info.dtype).as_numpy_dtype), [dim.size for dim in info.tensor_shape.dim]


def _typed(values: Any, dtype: Any, shape: list[int]) -> Any:
    """An array of the type that the signature declares."""
    if dtype.kind == "O":
        cells = np.asarray(values, dtype=object)
        return np.vectorize(_bytes, otypes=[object])(cells) if cells.size else cells
    given = np.asarray(values)
    with np.errstate(invalid="ignore"):  # NaN among whole numbers, which the next lines refuse
        array = given.astype(dtype, copy=False)
    if dtype.kind in "iu" and given.dtype.kind in "iuf" and not np.array_equal(array, given):
        raise ValueError(f"takes {dtype.name}, which cannot hold some of the numbers given")
    if array.ndim != len(shape) or any(size not in {-1, had} for size, had in zip(shape, array.shape, strict=True)):
        raise ValueError(f"takes rows {['n' if size < 0 else size for size in shape]}, not {list(array.shape)}")
    return array


def _bytes(cell: Any) -> bytes:
    """A cell as the encoders' strings: nothing for a missing one, whole numbers without a point."""
    if isinstance(cell, bytes):
        return cell
    if cell is None or cell != cell or type(cell).__name__ in {"NAType", "NaTType"}:  # noqa: PLR0124  NaN
        return b""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).encode()


def _decoded(cell: Any) -> Any:
    """A string of an answer in JSON as gRPC gives it: bytes."""
    return base64.b64decode(cell["b64"]) if isinstance(cell, dict) else str(cell).encode()


def _number(dtype: Any) -> int:
    from tensorflow.core.framework import types_pb2

    names = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE"}
    return int(types_pb2.DataType.Value(names.get(dtype.name, f"DT_{dtype.name.upper()}")))


def _listed(array: Any) -> Any:
    """An array as JSON's values."""
    if array.dtype != object:
        return np.ascontiguousarray(array)
    return np.vectorize(_text, otypes=[object])(array).tolist() if array.size else array.tolist()


def _text(cell: bytes) -> Any:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(cell).decode()}
