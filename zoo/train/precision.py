"""Training in bfloat16, of a model that is built, judged and exported in float32."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROCESSORS = Path("/proc/cpuinfo")
_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86's two, and Arm's
_AMPERE = (8, 0)  # the first of NVIDIA's compute capabilities that multiplies in bfloat16


def chosen(precision: str) -> str:
    """`float32` or `bfloat16`, for one of them or `auto`: bfloat16 where this machine multiplies in it."""
    if precision == "auto":
        return "bfloat16" if multiplies_in_bfloat16() else "float32"
    return precision


def multiplies_in_bfloat16() -> bool:
    """Whether the GPUs, or for want of one the processor, have instructions for it; without, it costs time."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return all(each.get("compute_capability", (0, 0)) >= _AMPERE for each in details)
    try:
        lines = _PROCESSORS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return False
    return any(
        not _FLAGS.isdisjoint(line.partition(":")[2].split())
        for line in lines
        if line.startswith(("flags", "Features"))
    )


def twin(model: Any, computing: str | None = None) -> Any:
    """A copy of a built `zoo.models.Autoencoder`, weights included, that computes under another Keras policy.

    The weights are float32 under either, so nothing is lost on the way there and back. What must stay in float32
    (means, logs, cosines; see `zoo.parts`) does.
    """
    config = model.get_config()
    with _policy(computing):
        copy = type(model).from_config(config if computing is None else _without_types(config))
        copy.build((None, *model.row_shape))
    copy.set_weights(model.get_weights())
    return copy


@contextlib.contextmanager
def _policy(name: str | None) -> Iterator[None]:
    import keras

    before = keras.config.dtype_policy()
    if name is not None:
        keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _without_types(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose parts take the policy of the day, or the type that their class insists on."""

    def stripped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stripped(each) for key, each in value.items() if key != "dtype"}
        return [stripped(each) for each in value] if isinstance(value, list) else value

    return {key: stripped(value) for key, value in config.items() if key != "dtype"}
