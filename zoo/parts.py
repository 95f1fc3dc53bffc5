"""What every kind of part promises. Parts are Keras layers; a model composes them (see `zoo.models.Autoencoder`).

Every part keeps each constructor argument under its own name, so that one `get_config` serves them all, and every
part class registers itself with Keras, so that saved models load in Keras' safe mode.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any, Unpack

import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zoo.types import Floats, LayerArguments

    Tensor = Any  # keras 3 has no static tensor type that all its backends share
    Batches = Callable[[], Iterable[tuple[Floats, Floats]]]

KINDS = ("bottlenecks", "corruptions", "likelihoods", "models", "networks", "objectives", "preprocessing")


def arguments(part: type) -> list[str]:
    """Names of a part's own constructor arguments, in order."""
    if part.__init__ in {keras.Layer.__init__, _InFloat32.__init__}:  # type: ignore[misc]
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = list(inspect.signature(part.__init__).parameters.values())[1:]  # type: ignore[misc]
    return [parameter.name for parameter in parameters if parameter.kind in kinds]


def register_parts() -> None:
    """Imports every part of the zoo, so that Keras knows their classes when it loads a saved model."""
    for kind in KINDS:
        package = importlib.import_module(f"zoo.{kind}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"zoo.{kind}.{module.name}")


class Configured:
    """Gives a Keras object a configuration made of its constructor's arguments.

    Each argument must be kept as an attribute of the same name (scikit-learn's convention for `get_params`).
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Registers the class with Keras under its top-level package."""
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable(package=cls.__module__.partition(".")[0])(cls)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, nested parts serialised."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        own = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in arguments(type(self))}
        return {key: config[key] for key in ("name", "trainable", "dtype") if key in config} | own

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Builds the object from `get_config`'s dictionary."""
        return cls(**{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()})


class _InFloat32(Configured, keras.Layer):
    """A part whose arithmetic stays in float32 when networks compute in a shorter type: means, logs and cosines."""

    def __init__(self, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})


class Network(Configured, keras.Layer):
    """A body of an encoder or a decoder: [batch, width] -> [batch, features]."""


class Corruption(Configured, keras.Layer):
    """Damages rows while training: [batch, ...] -> the same shape; the identity when `training` is False."""


class Likelihood(_InFloat32):
    """p(x|z), with the parameters read off the decoder's features.

    Calling it with features [batch, features] and rows [batch, width] gives log p(x|z) [batch] in nats, summed over
    the row's dimensions.
    """

    def mean(self, features: Tensor) -> Tensor:
        """Mean of p(x|z): [batch, features] -> [batch, width]."""
        raise NotImplementedError


class Bottleneck(Configured, keras.Layer):
    """From the encoder's features to the code.

    Calling it with features [batch, features] gives a dictionary: `code` [batch, latent_dim], the deterministic code;
    `sample` [batch, latent_dim], what the decoder sees; `rate` [batch], nats that the code costs; `cost` [batch],
    nats that the loss adds for it (the weighted rate, and what the bottleneck may add).
    """

    latent_dim: int

    def encode(self, features: Tensor) -> Tensor:
        """The deterministic code: [batch, features] -> [batch, latent_dim]."""
        raise NotImplementedError

    def rates(self, features: Tensor) -> Tensor | None:
        """Nats per dimension [batch, latent_dim] where the bottleneck has a rate, else None."""
        del features
        return None

    def start_epoch(self, epoch: int) -> None:
        """Called before each epoch (from 0), for schedules."""

    @property
    def settled_epoch(self) -> int:
        """First epoch (from 0) at which the loss no longer changes its meaning."""
        return 0


class Preprocessing(_InFloat32):
    """An adapted layer: statistics are learnt once from the training rows and saved with the model."""

    def adapt(self, batches: Batches) -> None:
        """Learns the statistics.

        Args:
            batches: called for a fresh pass over the training rows: blocks [<= size, width], as this layer will see
                them, each with the weights [<= size] of its rows.
        """

    def inverse(self, x: Tensor) -> Tensor:
        """Undoes the layer as far as it can be undone: [batch, width] -> [batch, width]."""
        raise NotImplementedError


class Objective(_InFloat32):
    """A term that the loss adds.

    Calling it with targets [batch, width] (the preprocessed rows) and codes [batch, latent_dim] gives the term for
    each row [batch], already weighted.
    """
