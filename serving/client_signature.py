"""What a model says of itself: its version, and what a signature takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.errors import ServingError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """A signature of a model.

    Attributes:
        name: of the signature.
        inputs: name -> what it takes.
        outputs: name -> what it gives.
    """

    name: str
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


@dataclass(frozen=True)
class Described:
    """A version of a model.

    Attributes:
        model: its name.
        version: its number; None if the server does not say.
        signatures: by their names.
    """

    model: str
    version: int | None
    signatures: Mapping[str, Signature]

    def signature(self, name: str) -> Signature:
        """A signature.

        Raises:
            ValueError: there is none of this name.
        """
        if name not in self.signatures:
            raise ValueError(f"{self.model} has no signature {name!r}; it has {', '.join(sorted(self.signatures))}")
        return self.signatures[name]


def read_metadata(response: Any, model: str) -> Described:
    """The answer to a request for metadata: REST's body or gRPC's message.

    Raises:
        ServingError: the answer is not TensorFlow Serving's.
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
    signatures = {
        name: Signature(name, _tensors(each.inputs), _tensors(each.outputs))
        for name, each in described.signature_def.items()
        if each.inputs
    }
    return Described(model, None if version is None else int(version), signatures)


def not_understood(body: bytes) -> ServingError:
    """The error for a body that another kind of server has sent."""
    text = body[:200].decode("utf-8", "replace")
    return ServingError(
        "INTERNAL", f"this is not TensorFlow Serving's answer: {text!r}; is another server, or a proxy, at the address?"
    )


def _tensors(infos: Mapping[str, Any]) -> dict[str, Tensor]:
    from tensorflow.dtypes import as_dtype

    return {
        name: Tensor(np.dtype(as_dtype(info.dtype).as_numpy_dtype), tuple(dim.size for dim in info.tensor_shape.dim))
        for name, info in infos.items()
    }
