"""What the zoo's models need of Keras, whatever a user's keras.json or KERAS_BACKEND says."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.quiet import import_tensorflow, keras_on_tensorflow

if TYPE_CHECKING:
    from collections.abc import Iterator


def choose_backend() -> None:
    """Lets Keras start on TensorFlow; whatever imports Keras calls this first.

    Raises:
        InputError: Keras has been imported already, on something else.
    """
    keras_on_tensorflow()
    keras: Any = sys.modules.get("keras")
    if hasattr(keras, "backend") and keras.backend.backend() != "tensorflow":
        raise InputError(
            f"Keras runs on {keras.backend.backend()} in this process, and the zoo needs it on TensorFlow: import the "
            f"zoo before Keras, or set KERAS_BACKEND=tensorflow"
        )


@contextlib.contextmanager
def zoo_settings() -> Iterator[None]:
    """Within it, new layers compute in float32 and images are [height, width, channels]; puts the user's back."""
    choose_backend()
    import_tensorflow()
    from keras import config

    floatx, data_format, policy = config.floatx(), config.image_data_format(), config.dtype_policy()
    config.set_floatx("float32")
    config.set_image_data_format("channels_last")
    if floatx != "float32":
        config.set_dtype_policy("float32")  # without a policy of the user's own it follows floatx when it is first read
    try:
        yield
    finally:
        config.set_floatx(floatx)
        config.set_image_data_format(data_format)
        config.set_dtype_policy(policy)
