"""What a model says of itself: its version, and what a signature takes and gives."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.errors import ServingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCALE = "scale"  # the output that says what a step of an embedding of integers stands for


@dataclass(frozen=True)
class Tensor:
    """An input or output.

    Attributes:
        dtype: NumPy's type; object for strings.
        shape: sizes, -1 where any size will do.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of a shape is one."""
        sizes = zip(self.shape, shape, strict=False)
        return len(shape) == len(self.shape) and all(size in {-1, had} for size, had in sizes)

    def described(self) -> str:
        """Its shape, such as `[n, 50]`."""
        return f"[{', '.join('n' if size < 0 else str(size) for size in self.shape)}]"


@dataclass(frozen=True)
class Signature:
    """A signature of one version of a model.

    Attributes:
        name: of the signature.
        version: of the model; None if the server does not say.
        inputs: name -> what it takes.
        outputs: name -> what it gives.
    """

    name: str
    version: int | None
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    def output(self, wanted: str | None) -> str:
        """The output that is meant: the one named, `embedding`, or the first.

        Raises:
            ValueError: there is none of this name.
        """
        name = wanted or ("embedding" if "embedding" in self.outputs else min(self.outputs))
        if name not in self.outputs:
            raise ValueError(f"{self.name} has no output {name!r}; it has {', '.join(self.outputs)}")
        return name


def read_metadata(response: Any, model: str, name: str) -> Signature:
    """A signature from the answer to a request for metadata: REST's body or gRPC's message.

    Raises:
        ServingError: the answer is not TensorFlow Serving's.
        ValueError: the model has no signature of this name.
    """
    described = get_model_metadata_pb2.SignatureDefMap()
    if isinstance(response, bytes):
        try:
            document = orjson.loads(response)
            version = document["model_spec"].get("version")
            json_format.ParseDict(document["metadata"]["signature_def"], described, ignore_unknown_fields=True)
        except (ValueError, KeyError, TypeError, AttributeError, json_format.ParseError):
            raise not_understood(response) from None
    else:
        spec = response.model_spec
        version = spec.version.value if spec.HasField("version") else None
        response.metadata["signature_def"].Unpack(described)
    signatures = described.signature_def
    if name not in signatures:
        raise ValueError(f"{model} has no signature {name!r}; it has {', '.join(sorted(signatures))}")
    inputs, outputs = (
        {each: _tensor(info) for each, info in infos.items()}
        for infos in (signatures[name].inputs, signatures[name].outputs)
    )
    return Signature(name, None if version is None else int(version), inputs, outputs)


def not_understood(body: bytes) -> ServingError:
    """The error for a body that another kind of server has sent."""
    text = body[:200].decode("utf-8", "replace")
    return ServingError(
        "INTERNAL", f"this is not TensorFlow Serving's answer: {text!r}; is another server, or a proxy, at the address?"
    )


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'NAME'?` for the most similar of some names; "" if none is."""
    found = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _tensor(info: Any) -> Tensor:
    from tensorflow.dtypes import as_dtype

    return Tensor(np.dtype(as_dtype(info.dtype).as_numpy_dtype), tuple(dim.size for dim in info.tensor_shape.dim))
