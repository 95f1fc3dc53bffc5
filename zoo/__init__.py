"""The encoder zoo: autoencoders that are judged before they are used.

    import zoo
    zoo.list_recipes()                                   # names and one-line purposes
    result = zoo.run("vae_word2vec", "train.epochs=5")   # trains, judges, registers, exports
    encoder = zoo.load("vae_word2vec")                   # the champion of the registry
    encoder.encode(vectors)                              # float32 [n, latent_dim]
    zoo.encode("vae_word2vec", "rows.parquet", "embeddings.parquet")   # tables of any size
    zoo.match("records_febrl", "a.csv", "b.csv", "pairs.parquet")      # rows of two tables that are the same thing
    zoo.deduplicate("records_febrl", "a.csv", "entities.parquet")      # and of one
    zoo.judge(embeddings="embeddings.parquet", raw="rows.parquet")     # judges vectors from anywhere
    zoo.compare("vae_word2vec/1", "vae_word2vec/2")      # paired differences on the same rows

Importing this package does not import TensorFlow; the functions do when they need it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.compare import compare
    from zoo.deduplicate import deduplicate
    from zoo.encode import encode
    from zoo.encoder import Encoder
    from zoo.judge import judge
    from zoo.loading import load
    from zoo.match import match
    from zoo.recipe import list_recipes
    from zoo.run import run

__version__ = "0.1.0"
__all__ = ["Encoder", "compare", "deduplicate", "encode", "judge", "list_recipes", "load", "match", "run"]

# modules that are callable themselves, so that `python -m zoo.run` and `zoo.run(...)` are one thing
_CALLABLE = {"compare", "deduplicate", "encode", "judge", "match", "run"}
_HOMES = {"Encoder": "zoo.encoder", "list_recipes": "zoo.recipe", "load": "zoo.loading"}


def __dir__() -> list[str]:
    """What there is to use, so that `zoo.` and a tab lists it."""
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _CALLABLE:
        return importlib.import_module(f"zoo.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")
