"""The encoder as an ONNX model, for runtimes other than TensorFlow's."""

from __future__ import annotations

import io
import logging
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, ZooError, one_line
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ONNX_FILE = "assets.extra/encoder.onnx"
_OPSET = 18


def require_onnx() -> None:
    """Raises InputError if the packages for ONNX are not installed."""
    try:
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise InputError(f"export.onnx=true needs {error.name}: pip install 'encoder-zoo[onnx]'") from None


def write_onnx(path: Path, saved_model: Path, inputs: Mapping[str, Any], wanted: Mapping[str, Any]) -> float:
    """Converts `serving_default` of a SavedModel, and asks ONNX Runtime for the same rows.

    Args:
        path: file to write.
        saved_model: the SavedModel's folder.
        inputs: the signature's inputs by name, arrays [n, ...].
        wanted: expected outputs by name; integers before they are rounded.

    Returns:
        The largest difference, measured as for what is served.

    Raises:
        ZooError: a graph that ONNX cannot express, such as one that looks strings up.
    """
    import onnxruntime
    import tf2onnx

    tf = import_tensorflow()
    loaded = tf.saved_model.load(str(saved_model))
    signature = loaded.signatures["serving_default"]
    specs = list(signature.structured_input_signature[1].values())
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            tf2onnx.convert.from_function(
                tf.function(
                    lambda *arrays: signature(**{spec.name: each for spec, each in zip(specs, arrays, strict=True)})
                ),
                specs,
                opset=_OPSET,
                custom_op_handlers={"Erfc": (_erfc, [])},
                output_path=str(path),
            )
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [each.name for each in session.get_outputs()]
        got = dict(zip(names, session.run(None, dict(inputs)), strict=True))
    except Exception as error:
        path.unlink(missing_ok=True)
        raise ZooError(
            f"the encoder cannot be written as ONNX: {one_line(error)}; leave export.onnx at false"
        ) from error
    return max(_difference(got[name], values) for name, values in wanted.items())


def _erfc(graph: Any, node: Any, name: str, arguments: Any) -> Any:
    """erfc(x) = 1 - erf(x); ONNX has only the latter, and the converter does not know it."""
    del arguments
    erf = graph.make_node("Erf", [node.input[0]], op_name_scope=name)
    one = graph.make_const(f"{name}_one", np.float32(1))
    shape, kind = graph.get_shape(node.output[0]), graph.get_dtype(node.output[0])
    graph.remove_node(node.name)
    return graph.make_node(
        "Sub", [one.output[0], erf.output[0]], outputs=[node.output[0]], name=name, shapes=[shape], dtypes=[kind]
    )


def _difference(got: Any, wanted: Any) -> float:
    apart = np.abs(got.astype(np.float64) - wanted)
    if got.dtype.kind == "i":
        apart = np.maximum(apart - 0.5, 0.0)
    return float(np.max(apart, initial=0.0)) / max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
