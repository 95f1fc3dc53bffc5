"""The composition of parts that every model of the zoo is."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import keras
import numpy as np
from keras import ops

from zoo.bottlenecks.identity import Identity
from zoo.models._replicated import Replicated
from zoo.parts import COPY, NEIGHBOUR, ROW, Configured, VariationalBottleneck, flat, register_parts
from zoo.replicas import replicas, whole_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zoo.parts import Batches, Bottleneck, Corruption, Likelihood, Network, Objective, Pairs, Preprocessing, Tensor
    from zoo.types import LayerArguments, Probability, Rows, TableSchema


class Autoencoder(Configured, Replicated, keras.Model):
    """Rows -> code -> rows, trained by distortion + weighted rate.

        x --preprocess--> t --corruption--> t~ --encoder--> h --bottleneck--> code [batch, latent_dim], rate [batch]
        sample --decoder--> features --likelihood--> distortion = -log p(t|z) [batch] in nats
        loss = mean over the batch of (distortion + cost + the terms)

    Raw rows go in, at training as at serving; `encode` is deterministic and is what is judged, exported and served.
    Rows are vectors [batch, width], images [batch, height, width, channels], or sparse (see `zoo.parts.Network`).

    Args:
        encoder: body that reads the preprocessed row.
        bottleneck: makes the code from the encoder's features.
        decoder: body that reads the code.
        likelihood: p(t|z) from the decoder's features.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, applied in order.
        terms: further terms of the loss by name; the names become metrics.
        false_alarm_rate: share of ordinary rows that may be called anomalous; sets the threshold of `score` after
            training, on the validation rows, of which it takes 1 / share - 1. None leaves the model without one.
        **kwargs: Keras model arguments (name, dtype).

    Raises:
        ValueError: terms that want different views; preprocessing of sparse rows.
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
        false_alarm_rate: Probability | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # rows reach the preprocessing unrounded, whatever type the networks compute in
        self.encoder, self.bottleneck, self.decoder, self.likelihood = encoder, bottleneck, decoder, likelihood
        self.corruption, self.preprocess, self.terms = corruption, dict(preprocess or {}), dict(terms or {})
        self.false_alarm_rate = false_alarm_rate
        self.trackers = {
            name: keras.metrics.Mean(name=name) for name in ("distortion", "rate", *bottleneck.reports, *self.terms)
        }
        views = {term.view for term in self.terms.values()} - {None}
        if len(views) > 1:
            raise ValueError(f"terms of one model must want the same view, not {sorted(map(str, views))}")
        if encoder.takes_sparse != likelihood.takes_sparse:
            kinds = [
                f"{type(part).__name__} takes {'sparse' if part.takes_sparse else 'dense'} rows"
                for part in (encoder, likelihood)
            ]
            raise ValueError(f"{' and '.join(kinds)}: the encoder and the likelihood must take the same rows")
        if encoder.takes_sparse and self.preprocess:
            raise ValueError("sparse rows cannot be preprocessed: set model.preprocess=null")

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
        """Width of the code that a user gets."""
        return self.bottleneck.latent_dim

    @property
    def gives_bytes(self) -> bool:
        """Whether what a user gets and stores are bytes, `tokens` [batch, latent_dim] uint8, and not the code."""
        return self.bottleneck.gives_bytes

    @property
    def takes_sparse(self) -> bool:
        """Whether rows are sparse."""
        return bool(self.encoder.takes_sparse)

    @property
    def view(self) -> str | None:
        """What the terms' view is of, see `zoo.parts.Objective`."""
        return next((term.view for term in self.terms.values() if term.view), None)

    @property
    def neighbours(self) -> int:
        """Edges a row of the graph of neighbours that training needs; 0 if it needs none."""
        return max((term.neighbours for term in self.terms.values() if term.view == NEIGHBOUR), default=0)

    @property
    def is_generative(self) -> bool:
        """Whether rows can be drawn, and have a likelihood."""
        return isinstance(self.bottleneck, VariationalBottleneck)

    def apply_schema(self, schema: TableSchema) -> None:
        """Tells each part what the table is."""
        for part in self.parts:
            part.apply_schema(schema)

    @property
    def parts(self) -> list[Any]:
        """The parts the model is composed of."""
        own = [self.corruption, self.encoder, self.bottleneck, self.decoder, self.likelihood]
        return [part for part in (*self.preprocess.values(), *own, *self.terms.values()) if part is not None]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes all weights for rows [batch, ...]; the last size of a sparse row is the number of its columns."""
        self.row_shape = tuple(int(size or 0) for size in input_shape[1:])
        for layer in self.preprocess.values():
            _build(layer, input_shape)
        _build(self.encoder, input_shape)
        features = _flat_shape(self.encoder.compute_output_shape(input_shape))
        wants_rows = isinstance(self.bottleneck, VariationalBottleneck) and self.bottleneck.needs_rows
        _build(self.bottleneck, features, *((input_shape,) if wants_rows else ()))
        code_shape = (input_shape[0], self.bottleneck.code_dim)
        _build(self.decoder, code_shape, *((input_shape,) if self.decoder.needs_target else ()))
        _build(self.likelihood, self.decoder.compute_output_shape(code_shape), input_shape)
        if not self.built:
            self.threshold = self.add_weight(
                shape=(), initializer=keras.initializers.Constant(math.inf), trainable=False, name="threshold"
            )

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the rows, which a loaded model is built for; None before there are rows."""
        return {"row_shape": list(self.row_shape)} if self.built else None

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Makes all weights for rows of the saved shape."""
        self.build((None, *config["row_shape"]))

    def adapt(self, batches: Batches) -> None:
        """Lets what is learnt before training learn from the rows as the layers before it leave them.

        Args:
            batches: called for a fresh pass over the training rows: blocks [<= size, ...], each with the weights
                [<= size] of its rows.
        """
        before: list[Preprocessing] = []
        for layer in self.preprocess.values():
            layer.adapt(partial(_passes, batches, tuple(before)))
            before.append(layer)
        self.encoder.adapt(partial(_passes, batches, tuple(before)))
        if hasattr(self.likelihood, "adapt"):
            self.likelihood.adapt(partial(_passes, batches, tuple(before)))

    def solve(self, batches: Batches) -> None:
        """Lets parts learn what has a closed form, before the first step of gradient; see `adapt`."""
        self.encoder.solve(partial(_passes, batches, tuple(self.preprocess.values())))
        self.bottleneck.solve(partial(self._passes_of_features, batches))

    def solve_from_copies(self, pairs: Pairs) -> None:
        """Lets the encoder learn from training rows beside copies of them, see `zoo.parts.Network`."""
        self.encoder.solve_from_copies(pairs)

    @property
    def solves_from_copies(self) -> bool:
        """Whether the encoder wants to."""
        return bool(self.encoder.solves_from_copies)

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Field -> (first, last + 1) of its numbers in the code, where each field has numbers of its own."""
        return dict(getattr(self.encoder, "places", {})) if isinstance(self.bottleneck, Identity) else {}

    def remember(self, batches: Batches) -> None:
        """Called once training is over, for models that keep something of the training rows; see `adapt`."""
        self.bottleneck.settle(partial(self._passes_of_features, batches))

    def prepare(self, x: Tensor) -> Tensor:
        """Preprocesses raw rows: [batch, ...] -> the same shape."""
        if self.takes_sparse:
            return self._checked_sparse(x)
        x = ops.cast(x, "float32")
        if tuple(x.shape[1:]) != self.row_shape:
            shape = ", ".join(map(str, self.row_shape))
            raise ValueError(f"this model takes rows [n, {shape}], not {tuple(x.shape)}")
        for layer in self.preprocess.values():
            x = layer(x)
        return x

    def features(self, x: Tensor) -> Tensor:
        """What the bottleneck sees of raw rows: [batch, ...] -> [batch, features]."""
        return flat(self.encoder(self.prepare(x)))

    def encode(self, x: Tensor) -> Tensor:
        """The deterministic code of raw rows: [batch, ...] -> [batch, latent_dim] float32."""
        return ops.cast(self.bottleneck.encode(self.features(x)), "float32")

    def rates(self, x: Tensor) -> Tensor | None:
        """Nats per latent dimension of raw rows [batch, latent_dim], or None for a bottleneck without a rate."""
        return self.bottleneck.rates(self.features(x))

    def tokens(self, x: Tensor) -> Tensor | None:
        """Numbers of the chosen codes [batch, groups] of raw rows, or None for a bottleneck without codebooks."""
        return self.bottleneck.tokens(self.features(x))

    def assign(self, x: Tensor) -> Tensor | None:
        """Probability of each cluster [batch, clusters] of raw rows, or None for a bottleneck without clusters."""
        return self.bottleneck.assign(self.features(x))

    def decode(self, code: Tensor) -> Tensor:
        """Codes [batch, latent_dim] -> dense rows [batch, ...] in the units of the raw rows.

        What preprocessing took away for good (removed directions, each row's own length) does not come back.
        """
        x = self.likelihood.mean(self.decoder(code))
        for layer in reversed(self.preprocess.values()):
            x = layer.inverse(x)
        return x

    def decode_bytes(self, tokens: Tensor) -> Tensor:
        """Bytes [batch, latent_dim] -> the rows that they stand for [batch, ...], in the units of the raw rows.

        Raises:
            NotImplementedError: the code is no bytes.
        """
        return self.decode(self.bottleneck.look_up(tokens))

    def query(self, x: Tensor) -> Tensor | None:
        """What raw rows are searched with: [batch, ...] -> the same, as `decode_bytes` would give them unquantised.

        What preprocessing takes away for good is gone; None for models whose codes are compared with codes.
        """
        if not self.gives_bytes:
            return None
        x = self.prepare(x)
        for layer in reversed(self.preprocess.values()):
            x = layer.inverse(x)
        return x

    def reconstruct(self, x: Tensor) -> Tensor:
        """Raw rows through the code and back: [batch, ...] -> the same shape, dense."""
        return self.decode(self.encode(x))

    def score(self, x: Tensor) -> Tensor:
        """How badly raw rows fit: -log p(t|z) at the deterministic code, [batch] in nats of the preprocessed row."""
        target = self.prepare(x)
        code = self.bottleneck.encode(flat(self.encoder(target)))
        return -self.likelihood(self.decoder(code), target)

    def score_kept(self, x: Tensor) -> Tensor | None:
        """`score` of rows that the model keeps, as if each were not kept: [batch]; None for a model that keeps none."""
        del x
        return None

    def kept_rows(self, count: int) -> Rows:
        """Which of so many training rows the model keeps, by their places among them."""
        del count
        return np.empty(0, np.int64)

    def score_fields(self, x: Tensor) -> Tensor | None:
        """`score`, field by field: [batch, fields] in nats; None for a likelihood that has no fields."""
        if not hasattr(self.likelihood, "per_field"):
            return None
        target = self.prepare(x)
        code = self.bottleneck.encode(flat(self.encoder(target)))
        return -self.likelihood.per_field(self.decoder(code), target)

    def sample(self, seeds: Tensor) -> Tensor:
        """Draws a code from the prior for each seed, and decodes it: [n] -> [n, ...] in the units of the raw rows.

        A row depends on its own seed only, whatever else is drawn with it.

        Raises:
            ValueError: the model has no prior.
        """
        if not self.is_generative:
            raise ValueError(f"{type(self.bottleneck).__name__} has no prior to draw from")
        prior = self.bottleneck.prior(self._pseudo())
        return self.decode(ops.map(lambda seed: prior.sample(seed=ops.stack([seed, seed])), seeds))

    def log_weights(self, x: Tensor, seeds: Tensor) -> Tensor:
        """Log p(t, z) - log q(z|t) in nats [draws, batch], for a draw of z from q(z|t) with each of the seeds [draws].

        The mean of its exponential is p(t) (Burda, Grosse and Salakhutdinov 2016, eq. 8).

        Raises:
            ValueError: the model has no prior.
        """
        if not self.is_generative:
            raise ValueError(f"{type(self.bottleneck).__name__} gives rows no likelihood")
        target = self.prepare(x)
        posterior = self.bottleneck.posterior(flat(self.encoder(target)))
        prior = self.bottleneck.prior(self._pseudo())

        def weight(seed: Tensor) -> Tensor:
            z = posterior.sample(seed=ops.stack([seed, seed]))
            log_q = ops.sum(posterior.log_prob(z), axis=-1)
            return self.likelihood(self.decoder(z), target) + prior.log_prob(z) - log_q

        return ops.map(weight, seeds)

    def call(self, x: Tensor, training: bool = False) -> dict[str, Tensor]:
        """All that the loss needs, per example.

        Args:
            x: raw rows, or (for terms that want them) `row` and `neighbour`, or `row` and `copy`, raw rows each.
            training: whether corruption, dropout and noise are on.

        Returns:
            `target` [batch, ...] (the preprocessed rows), `code` [batch, latent_dim], `view` (the codes that terms
            compare with, if one wants them), and in nats [batch]: `distortion`, `rate`, `cost`.
        """
        partner = next((each for each in (NEIGHBOUR, COPY) if isinstance(x, dict) and each in x), None)
        target = self.prepare(x if partner is None else x[ROW])
        coded = self._coded(target, training)
        outputs = {"target": target, **coded}
        if self.view is not None:
            other = self._coded(target if partner is None else self.prepare(x[partner]), training)
            outputs["view"] = other["code"]
            if partner == COPY:
                coded = other
        decoded = self.decoder(coded["sample"], training=training)
        outputs["distortion"] = -self.likelihood(decoded, target, training=training)
        return outputs

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Mapping[str, Tensor] | None = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """mean(distortion + cost + terms) over the batch; fit and evaluate share it.

        Of several replicas each adds its share of the whole batch's mean, as Keras wants it. Terms compare rows with
        each other, so they are given the rows of all replicas, and are the same on each.
        """
        del x, y, training
        assert y_pred is not None  # noqa: S101  keras' signature allows None, its train and test steps never pass it
        each = self._terms(y_pred)
        for name, tracker in self.trackers.items():
            tracker.update_state(each.get(name, y_pred.get(name)), sample_weight=sample_weight)
        if replicas() > 1:
            own = ops.mean(y_pred["distortion"] + y_pred["cost"])
            return (own + sum(ops.mean(term) for term in each.values())) / replicas()
        total = y_pred["distortion"] + y_pred["cost"] + sum(each.values())
        return ops.mean(total if sample_weight is None else total * ops.reshape(sample_weight, (-1,)))

    def _terms(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms by name, each for every row of the whole batch."""
        if not self.terms:
            return {}
        target, code, view = outputs["target"], whole_batch(outputs["code"]), outputs.get("view")
        target = target if isinstance(target, dict) else whole_batch(target)
        view = None if view is None else whole_batch(view)
        return {name: term(target, code, view) for name, term in self.terms.items()}

    def _coded(self, target: Tensor, training: bool) -> dict[str, Tensor]:
        seen = target if self.corruption is None else self.corruption(target, training=training)
        features = flat(self.encoder(seen, training=training))
        pseudo = self._pseudo()
        return self.bottleneck(features, training=training, **({} if pseudo is None else {"pseudo": pseudo}))

    def _pseudo(self) -> Tensor | None:
        """The features of the rows that the prior rests on, if it rests on any."""
        rows = getattr(self.bottleneck, "pseudo_inputs", None)
        return None if rows is None else flat(self.encoder(rows))

    def _passes_of_features(self, batches: Batches) -> Iterator[Any]:
        """A pass over the rows as the bottleneck sees them."""
        for rows, weights in _passes(batches, tuple(self.preprocess.values())):
            yield ops.convert_to_numpy(flat(self.encoder(rows))), weights

    def _checked_sparse(self, x: Tensor) -> dict[str, Tensor]:
        if not isinstance(x, dict) or set(x) != {"indices", "values"}:
            raise ValueError("this model takes sparse rows: a dictionary of indices [n, items] and values [n, items]")
        return {"indices": ops.cast(x["indices"], "int32"), "values": ops.cast(x["values"], "float32")}


def _build(layer: keras.Layer, *shapes: tuple[int | None, ...]) -> None:
    if not layer.built:  # a part that was loaded comes with its weights made
        layer.build(*shapes)


def _flat_shape(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    return (shape[0], math.prod(int(size or 0) for size in shape[1:]))


def _passes(batches: Batches, layers: tuple[Preprocessing, ...]) -> Iterator[Any]:
    """A pass over the rows as the layers leave them."""
    for rows, weights in batches():
        seen: Any = rows
        for layer in layers:
            seen = layer(seen)
        yield (ops.convert_to_numpy(seen) if layers else rows), weights
