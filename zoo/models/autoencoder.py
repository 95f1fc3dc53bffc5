"""The composition of parts that every model of the zoo is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import keras
from keras import ops

from zoo.parts import Configured, register_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zoo.parts import Batches, Bottleneck, Corruption, Likelihood, Network, Objective, Preprocessing, Tensor
    from zoo.types import LayerArguments


class Autoencoder(Configured, keras.Model):
    """Rows -> code -> rows, trained by distortion + weighted rate.

        x --preprocess--> t --corruption--> t~ --encoder--> h --bottleneck--> code [batch, latent_dim], rate [batch]
        sample --decoder--> features --likelihood--> distortion = -log p(t|z) [batch] in nats
        loss = mean over the batch of (distortion + cost + the terms)

    Raw rows go in, at training as at serving; `encode` is deterministic and is what is judged, exported and served.

    Args:
        encoder: body that reads the preprocessed row.
        bottleneck: makes the code from the encoder's features.
        decoder: body that reads the code.
        likelihood: p(t|z) from the decoder's features.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, applied in order.
        terms: further terms of the loss by name; the names become metrics.
        **kwargs: Keras model arguments (name, dtype).
    """

    def __init__(
        self,
        encoder: Network,
        bottleneck: Bottleneck,
        decoder: Network,
        likelihood: Likelihood,
        corruption: Corruption | None = None,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # rows reach the preprocessing unrounded, whatever type the networks compute in
        self.encoder, self.bottleneck, self.decoder, self.likelihood = encoder, bottleneck, decoder, likelihood
        self.corruption, self.preprocess, self.terms = corruption, dict(preprocess or {}), dict(terms or {})
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("distortion", "rate", *self.terms)}

    @classmethod
    def load(cls, path: str | Path) -> Autoencoder:
        """Loads a model saved with `.save("model.keras")`, in Keras' safe mode."""
        register_parts()
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        if not isinstance(model, cls):
            raise TypeError(f"{path} holds a {type(model).__name__}, not a {cls.__name__}")
        return model

    def start_epoch(self, epoch: int) -> None:
        """Called before each epoch (from 0), for schedules."""
        self.bottleneck.start_epoch(epoch)

    @property
    def settled_epoch(self) -> int:
        """First epoch (from 0) from which on losses can be compared."""
        return self.bottleneck.settled_epoch

    @property
    def latent_dim(self) -> int:
        """Width of the code."""
        return self.bottleneck.latent_dim

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes all weights for rows [batch, width]."""
        self.width = int(input_shape[-1] or 0)
        for layer in self.preprocess.values():
            _build(layer, input_shape)
        _build(self.encoder, input_shape)
        _build(self.bottleneck, self.encoder.compute_output_shape(input_shape))
        code_shape = (*input_shape[:-1], self.latent_dim)
        _build(self.decoder, code_shape)
        _build(self.likelihood, self.decoder.compute_output_shape(code_shape), input_shape)

    def get_build_config(self) -> dict[str, Any]:
        """The width of the rows, which a loaded model is built for."""
        return {"width": self.width}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Makes all weights for rows of the saved width."""
        self.build((None, config["width"]))

    def adapt(self, batches: Batches) -> None:
        """Lets each preprocessing layer learn its statistics from the rows as the layers before it leave them.

        Args:
            batches: called for a fresh pass over the training rows: blocks [<= size, width], each with the weights
                [<= size] of its rows.
        """
        before: list[Preprocessing] = []
        for layer in self.preprocess.values():
            layer.adapt(partial(_passes, batches, tuple(before)))
            before.append(layer)

    def prepare(self, x: Tensor) -> Tensor:
        """Preprocesses raw rows: [batch, width] -> [batch, width]."""
        x = ops.cast(x, "float32")
        if len(x.shape) != 2 or x.shape[-1] != self.width:
            raise ValueError(f"this model takes rows [n, {self.width}], not {tuple(x.shape)}")
        for layer in self.preprocess.values():
            x = layer(x)
        return x

    def features(self, x: Tensor) -> Tensor:
        """What the bottleneck sees of raw rows: [batch, width] -> [batch, features]."""
        return self.encoder(self.prepare(x))

    def encode(self, x: Tensor) -> Tensor:
        """The deterministic code of raw rows: [batch, width] -> [batch, latent_dim] float32."""
        return ops.cast(self.bottleneck.encode(self.features(x)), "float32")

    def rates(self, x: Tensor) -> Tensor | None:
        """Nats per latent dimension of raw rows [batch, latent_dim], or None for a bottleneck without a rate."""
        return self.bottleneck.rates(self.features(x))

    def decode(self, code: Tensor) -> Tensor:
        """Codes [batch, latent_dim] -> rows [batch, width] in the units of the raw rows.

        What preprocessing took away for good (removed directions, each row's own length) does not come back.
        """
        x = self.likelihood.mean(self.decoder(code))
        for layer in reversed(self.preprocess.values()):
            x = layer.inverse(x)
        return x

    def reconstruct(self, x: Tensor) -> Tensor:
        """Raw rows through the code and back: [batch, width] -> [batch, width]."""
        return self.decode(self.encode(x))

    def call(self, x: Tensor, training: bool = False) -> dict[str, Tensor]:
        """All that the loss needs, per example.

        Returns:
            `target` [batch, width] (the preprocessed rows), `code` [batch, latent_dim], and in nats [batch]:
            `distortion`, `rate`, `cost`.
        """
        target = self.prepare(x)
        seen = target if self.corruption is None else self.corruption(target, training=training)
        coded = self.bottleneck(self.encoder(seen, training=training), training=training)
        distortion = -self.likelihood(self.decoder(coded["sample"], training=training), target)
        return {"target": target, "distortion": distortion, **coded}

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Mapping[str, Tensor] | None = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """mean(distortion + cost + terms) over the batch; fit and evaluate share it."""
        del x, y, training
        assert y_pred is not None  # noqa: S101  keras' signature allows None, its train and test steps never pass it
        each = {name: term(y_pred["target"], y_pred["code"]) for name, term in self.terms.items()}
        for name, tracker in self.trackers.items():
            tracker.update_state(each.get(name, y_pred.get(name)), sample_weight=sample_weight)
        total = y_pred["distortion"] + y_pred["cost"] + sum(each.values())
        return ops.mean(total if sample_weight is None else total * ops.reshape(sample_weight, (-1,)))


def _build(layer: keras.Layer, *shapes: tuple[int | None, ...]) -> None:
    if not layer.built:  # a part that was loaded comes with its weights made
        layer.build(*shapes)


def _passes(batches: Batches, layers: tuple[Preprocessing, ...]) -> Iterator[Any]:
    """A pass over the rows as the layers leave them."""
    for rows, weights in batches():
        seen: Any = rows
        for layer in layers:
            seen = layer(seen)
        yield ops.convert_to_numpy(seen), weights
