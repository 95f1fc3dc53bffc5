"""What every kind of part promises. Parts are Keras layers; a model composes them (see `zoo.models.Autoencoder`).

Every part keeps each constructor argument under its own name, so that one `get_config` serves them all, and every
part class registers itself with Keras, so that saved models load in Keras' safe mode.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import math
import pkgutil
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from zoo.keras_settings import choose_backend
from zoo.quiet import import_tensorflow

choose_backend()
import keras  # noqa: E402
from keras import ops  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zoo.types import Floats, LayerArguments, TableSchema

    Tensor = Any  # keras 3 has no static tensor type that all its backends share
    Pairs = Callable[[], Iterable[tuple[Any, Any]]]  # blocks of rows, and of the same rows as others would write them
    Batches = Callable[[], Iterable[tuple[Any, Floats]]]  # blocks as `Splits.take` gives them, and weights

KINDS = ("bottlenecks", "corruptions", "likelihoods", "models", "networks", "objectives", "preprocessing")

# The keys of a batch in which each row comes with one of its neighbours, or as someone else would write it
ROW, NEIGHBOUR, COPY = "row", "neighbour", "copy"


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

    Attributes:
        needs_one_replica: why the part cannot be trained on several replicas, each of which sees a piece of a batch;
            "" for parts that treat rows one by one, or ask `zoo.replicas` for the others.
    """

    needs_one_replica: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Registers the class with Keras under its top-level package."""
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable(package=cls.__module__.partition(".")[0])(cls)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, nested parts serialised."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        own = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in arguments(type(self))}
        return {key: config[key] for key in ("name", "trainable", "dtype") if key in config} | own

    def apply_schema(self, schema: TableSchema) -> None:
        """Called before `build` with what the table is: its fields and categories, the shape of its rows.

        For parts whose size comes from the table beyond the shapes that `build` gets. What was given to the constructor
        stays; what is taken from the schema is kept under the argument's name, so that the configuration has it.
        """

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Builds the object from `get_config`'s dictionary."""
        return cls(**{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()})


class _InFloat32(Configured, keras.Layer):
    """A part whose arithmetic stays in float32 when networks compute in a shorter type: means, logs and cosines."""

    def __init__(self, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})


class Network(Configured, keras.Layer):
    """A body of an encoder or a decoder: rows [batch, ...] -> features [batch, ...].

    Attributes:
        takes_sparse: it reads sparse rows, a dictionary of `indices` [batch, items] int32 (-1 where a row has no more
            items) and `values` [batch, items] float32; its `build` gets the shape [batch, columns] of the dense rows.
        needs_target: as a decoder it must know what it decodes to: `build(code_shape, target_shape)`.
        solves_from_copies: it wants to see training rows beside copies of them, see `solve_from_copies`.
        places: field -> (first, last + 1) of its features, for a network that keeps fields apart.
    """

    takes_sparse = False
    needs_target = False
    solves_from_copies = False

    def adapt(self, batches: Batches) -> None:
        """Learns, before training, what training leaves alone; an encoder is handed the preprocessed training rows.

        Args:
            batches: called for a fresh pass over the training rows, as `Preprocessing.adapt` is.
        """

    def solve(self, batches: Batches) -> None:
        """Learns what has a closed form, before the first step of gradient; handed the same rows as `adapt`.

        It is part of training: the untrained twin of a model shares what `adapt` learnt, and nothing of this.
        """

    def solve_from_copies(self, pairs: Pairs) -> None:
        """Learns, before the first step of gradient, how the same row comes out when it is written again.

        It is part of training, as `solve` is.

        Args:
            pairs: called for a pass over the training rows: blocks [<= size, ...], each with the same rows rewritten.
        """


class Corruption(Configured, keras.Layer):
    """Damages rows while training: [batch, ...] -> the same shape; the identity when `training` is False.

    Sparse rows come and go as the dictionary that `Network` describes.
    """


class Likelihood(_InFloat32):
    """p(x|z), with the parameters read off the decoder's features.

    Built with the shapes of the features [batch, ...] and of the rows [batch, ...]. Calling it with features, rows and
    `training` gives log p(x|z) [batch] in nats, summed over the row's dimensions. Features of the rows' own rank are
    read place by place (an image's features pixel by pixel), others whole.

    Attributes:
        takes_sparse: its rows are sparse, as `Network` describes them.
    """

    takes_sparse = False

    def mean(self, features: Tensor) -> Tensor:
        """Mean of p(x|z): [batch, ...] -> dense rows [batch, ...]."""
        raise NotImplementedError


class Bottleneck(Configured, keras.Layer):
    """From the encoder's features to the code.

    Calling it with features [batch, features] gives a dictionary: `code` [batch, latent_dim], the deterministic code;
    `sample` [batch, latent_dim], what the decoder sees; `rate` [batch], nats that the code costs; `cost` [batch],
    nats that the loss adds for it (the weighted rate, and what the bottleneck may add). Features of any rank are
    flattened by the model before the bottleneck sees them.

    Attributes:
        latent_dim: width of the code.
        reports: further entries [batch] of the dictionary, whose means become metrics of training.
        fit_epoch: the epoch (from 0) before which training hands `adapt_prior` the codes of its rows; 0 for never.
        gives_bytes: what a user gets, and stores, are its `tokens` [batch, latent_dim] uint8; its code is the
            preprocessed row that they stand for, which `look_up` finds.
    """

    latent_dim: int
    reports: tuple[str, ...] = ()
    fit_epoch: int = 0
    gives_bytes: bool = False

    @property
    def code_dim(self) -> int:
        """Width of the code that the decoder sees; another than `latent_dim` where it `gives_bytes`."""
        return self.latent_dim

    def solve(self, batches: Batches) -> None:
        """Learns what has a closed form, before the first step of gradient; handed the training rows' features.

        It is part of training, see `Network.solve`.
        """

    def settle(self, batches: Batches) -> None:
        """Learns what has a closed form once training is over; handed the same as `solve`, and only after it."""

    def look_up(self, tokens: Tensor) -> Tensor:
        """The code that tokens stand for: [batch, latent_dim] -> [batch, code_dim], where it `gives_bytes`."""
        raise NotImplementedError

    def encode(self, features: Tensor) -> Tensor:
        """The deterministic code: [batch, features] -> [batch, latent_dim]."""
        raise NotImplementedError

    def rates(self, features: Tensor) -> Tensor | None:
        """Nats per dimension [batch, latent_dim] where the bottleneck has a rate, else None."""
        del features
        return None

    def tokens(self, features: Tensor) -> Tensor | None:
        """The number of the chosen code of each codebook [batch, groups] where the bottleneck chooses, else None."""
        del features
        return None

    def assign(self, features: Tensor) -> Tensor | None:
        """Probability of each cluster [batch, clusters] where the bottleneck has clusters, else None."""
        del features
        return None

    def adapt_prior(self, codes: Floats) -> None:
        """Fits the prior to codes [n, latent_dim]; see `fit_epoch`."""

    def start_epoch(self, epoch: int) -> None:
        """Called before each epoch (from 0), for schedules."""

    @property
    def settled_epoch(self) -> int:
        """First epoch (from 0) at which the loss no longer changes its meaning."""
        return 0


class VariationalBottleneck(Bottleneck):
    """A bottleneck with a posterior and a prior, so that rows have a likelihood and can be generated.

    A prior may need the encoder (VampPrior): such a bottleneck has `pseudo_inputs` [components, ...], preprocessed
    rows that it learns; the model hands over what its encoder makes of them, as `pseudo` [components, features].

    Attributes:
        needs_rows: its `build` gets the shape of the rows too: `build(features_shape, row_shape)`.
    """

    needs_rows = False

    @property
    def pseudo_inputs(self) -> Tensor | None:
        """Rows that the prior wants to see encoded, else None."""
        return None

    def posterior(self, features: Tensor) -> Any:
        """q(z|x) for features [batch, features]: batch shape [batch, latent_dim], float32, factorised."""
        raise NotImplementedError

    def prior(self, pseudo: Tensor | None = None) -> Any:
        """p(z): a tfp distribution of batch shape [] and event shape [latent_dim], float32."""
        raise NotImplementedError


class Preprocessing(_InFloat32):
    """An adapted layer: statistics are learnt once from the training rows and saved with the model."""

    def adapt(self, batches: Batches) -> None:
        """Learns the statistics.

        Args:
            batches: called for a fresh pass over the training rows: blocks [<= size, ...], as this layer will see
                them, each with the weights [<= size] of its rows.
        """

    def inverse(self, x: Tensor) -> Tensor:
        """Undoes the layer as far as it can be undone: [batch, ...] -> [batch, ...]."""
        raise NotImplementedError


class Objective(_InFloat32):
    """A term that the loss adds.

    Calling it with targets [batch, ...] (the preprocessed rows), codes [batch, latent_dim] and a view gives the term
    for each row [batch], already weighted. The view [batch, latent_dim] holds the codes of what `view` says, else
    it is None.

    Attributes:
        view: "corruption" for the codes of a second corruption of the same rows; "neighbour" for the codes of a
            neighbour of each row, drawn from the graph of nearest neighbours (see `zoo.train.Neighbours`) that has
            `neighbours` edges a row; "copy" for the codes of the row as someone else would write it
            (`Splits.rewritten`), which are also what is decoded: denoising; None for none of them.
        neighbours: edges a row of that graph; 0 without one.
    """

    view: str | None = None
    neighbours: int = 0


_read_rows: ContextVar[Mapping[int, Callable[[Any], Any]]] = ContextVar("read_rows", default=MappingProxyType({}))


def gathered(table: Any, rows: Tensor) -> Tensor:
    """Rows [...] of a variable: table[rows], without reading the whole of it, and with a sparse gradient."""
    read = _read_rows.get().get(id(table))
    return import_tensorflow().gather(table.value, rows) if read is None else read(rows)


@contextlib.contextmanager
def reading_rows(readers: Mapping[int, Callable[[Any], Any]]) -> Iterator[None]:
    """Within it, `gathered` reads the variables with these ids through these functions: for tables stored otherwise."""
    token = _read_rows.set(readers)
    try:
        yield
    finally:
        _read_rows.reset(token)


def flat(x: Tensor) -> Tensor:
    """[batch, ...] -> [batch, width]; sparse rows and rows that are flat already stay as they are."""
    return x if isinstance(x, dict) or len(x.shape) <= 2 else ops.reshape(x, (-1, math.prod(x.shape[1:])))
