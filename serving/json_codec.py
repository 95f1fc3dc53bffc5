"""The body of a :predict request as arrays, with TensorFlow Serving's checks in its order and words.

Its wording is part of the protocol: clients match on it. Read from its util/json_tensor.cc at 9d981c5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.errors import ServingError, invalid
from serving.json_parser import parse, words_of
from serving.json_values import is_base64, quick_array, shown, to_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    quick = quick_array(column, dtype, has_booleans)
    if quick is not None:
        return quick
    rows: list[Any] = []
    for number, value in enumerate(column):
        try:
            row = to_array(value, dtype)
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
        quick = quick_array(inputs[name], dtype, has_booleans)
        arrays[name] = to_array(inputs[name], dtype) if quick is None else quick
    return arrays


def _element(number: int, key: str, error: ServingError) -> ServingError:
    which = f"{number} key: {key}" if key else f"{number}"
    return invalid(f"Failed to process element: {which} of 'instances' list. Error: {error.code}: {error.message}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _dims(shape: Sequence[int]) -> str:
    return f"[{','.join(map(str, shape))}]"
