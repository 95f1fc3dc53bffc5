"""The functions of an exported encoder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from zoo.encoder.methods import OTHERS, READS_ROWS, Loaded, constant
from zoo.errors import InputError
from zoo.quantization import from_int8
from zoo.quiet import import_tensorflow
from zoo.rows.choose import kind_of_signature
from zoo.rows.saved import read_kind, read_places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def from_saved_model(directory: Path) -> Loaded:
    """See `zoo.encoder.Encoder.from_saved_model`."""
    if not (directory / "saved_model.pb").is_file():
        raise InputError(f"{directory}: no SavedModel in it (saved_model.pb is missing)")
    loaded = import_tensorflow().saved_model.load(str(directory))
    needed = [READS_ROWS[method][0] for method in ("encode", "reconstruct")]
    missing = [signature for signature in needed if signature not in loaded.signatures]
    if missing:
        raise InputError(f"{directory}: not an encoder of the zoo, it has no signature {', '.join(missing)}")
    functions = {
        method: partial(_signature, loaded, signature, output)
        for method, (signature, output) in (READS_ROWS | OTHERS).items()
        if signature in loaded.signatures
    }
    encode = loaded.signatures["serving_default"]
    inputs = encode.structured_input_signature[1]
    kind = read_kind(directory)
    if kind is None:  # the first versions had no file that says it
        rows = loaded.signatures["reconstruct"].structured_outputs["reconstruction"]
        kind = kind_of_signature(inputs, int(rows.shape[-1]))
    threshold = float(loaded.threshold) if hasattr(loaded, "threshold") else float("inf")
    code_scale = float(loaded.code_scale) if hasattr(loaded, "code_scale") else None
    if code_scale is not None:
        functions["encode"] = partial(_as_float, functions["encode"], code_scale)
    return Loaded(
        functions, kind, encode.structured_outputs["embedding"].shape[1], threshold, code_scale, read_places(directory)
    )


def _signature(loaded: Any, signature: str, output: str, *numbers: Any, **arrays: Any) -> Any:
    """Calls a signature of a loaded model; holding the model keeps its variables alive."""
    function = loaded.signatures[signature]
    if numbers:
        names = list(function.structured_input_signature[1])  # codes, or seeds
        arrays = dict(zip(names, map(constant, numbers), strict=True))
    return function(**arrays)[output]


def _as_float(integers: Callable[..., Any], code_scale: float, **arrays: Any) -> Any:
    return from_int8(integers(**arrays), code_scale)
