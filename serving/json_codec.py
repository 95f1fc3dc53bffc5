"""The body of a :predict request as arrays, with TensorFlow Serving's checks in its order and words.

Its wording is part of the protocol: clients match on it. Read from its util/json_tensor.cc at 9d981c5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.budget import require_slow_lane, require_turn, spend
from serving.errors import ServingError, TooLargeError, invalid
from serving.json_parser import parse, words_of
from serving.json_values import is_base64, quick_array, shown, to_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_ROOM = 2**26  # bytes
_VALUES_OF_A_ROW = 8  # that making an array of its own costs as much as


@dataclass(frozen=True)
class PredictBody:
    """The body of a :predict request, before its values are read.

    Attributes:
        signature: name of the signature; "" for the default one.
        document: the whole object.
        has_booleans: whether `true` or `false` may stand among the values.
        has_long_texts: whether texts may stand among them that would take much room, were there one at every place.
        size: bytes of the body.
    """

    signature: str
    document: Mapping[str, Any]
    has_booleans: bool
    has_long_texts: bool
    size: int

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
            return self._rows(document["instances"], dtypes)
        if "inputs" in document:
            return self._columns(document["inputs"], dtypes)
        raise invalid("Missing 'inputs' or 'instances' key")

    def _rows(self, instances: Any, dtypes: Mapping[str, str]) -> dict[str, Any]:
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
        return {name: self._stacked(name if named else "", column, dtypes[name]) for name, column in columns.items()}

    def _columns(self, inputs: Any, dtypes: Mapping[str, str]) -> dict[str, Any]:
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
            quick = self._quick(inputs[name], dtype)
            arrays[name] = to_array(inputs[name], dtype) if quick is None else quick
        return arrays

    def _quick(self, values: Any, dtype: str) -> Any:
        """One input's values in one go; None for such as need a look at each, in the lane for that."""
        quick = quick_array(values, dtype, has_booleans=self.has_booleans, has_long_texts=self.has_long_texts)
        if quick is None:
            require_slow_lane(self.size)
        return quick

    def _stacked(self, key: str, column: list[Any], dtype: str) -> Any:
        """One input's values [n, ...], each element of the list a row."""
        quick = self._quick(column, dtype)
        if quick is not None:
            return quick
        rows: list[Any] = []
        for number, value in enumerate(column):
            spend(_VALUES_OF_A_ROW)
            try:
                row = to_array(value, dtype)
                if rows and row.size != rows[0].size:
                    raise invalid(f"Expecting tensor size: {rows[0].size} but got: {row.size}")
                if rows and row.shape != rows[0].shape:
                    raise invalid(f"Expecting shape {_dims(rows[0].shape)} but got: {_dims(row.shape)}")
            except TooLargeError:
                raise
            except ServingError as error:
                if error.code == "CANCELLED":
                    raise
                raise _element(number, key, error) from None
            rows.append(row)
        return np.stack(rows)


def read_predict(body: bytes) -> PredictBody:
    """Reads the body of a :predict request.

    Raises:
        ServingError: not JSON, not an object, or a signature name that is not a string.
    """
    require_turn(len(body))
    words = words_of(body)
    document = read_object(body, words)
    has_booleans = b"true" in words or b"false" in words
    # NumPy gives every place of an array of texts room for the longest one, 4 bytes a character
    has_long_texts = 4 * len(words) * (len(body) // 2) > _MOST_ROOM
    return PredictBody(signature_name_of(document), document, has_booleans, has_long_texts, len(body))


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


def _split(instances: list[Any], dtypes: Mapping[str, str], *, named: bool) -> dict[str, list[Any]]:
    """The values of each input, row by row."""
    if not named:
        for number, item in enumerate(instances if dict in set(map(type, instances)) else ()):
            if _is_object(item):
                raise invalid(f"Expecting value/list but got object at item {number} of input list")
        return {next(iter(dtypes)): instances}
    columns: dict[str, list[Any]] = {name: [] for name in dtypes}
    for number, item in enumerate(instances):
        spend(len(dtypes))
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


def _element(number: int, key: str, error: ServingError) -> ServingError:
    which = f"{number} key: {key}" if key else f"{number}"
    return invalid(f"Failed to process element: {which} of 'instances' list. Error: {error.code}: {error.message}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _dims(shape: Sequence[int]) -> str:
    return f"[{','.join(map(str, shape))}]"
