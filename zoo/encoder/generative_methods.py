"""What an encoder of a probabilistic model can do beside encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder.methods import constant, rows_at_a_time, seeds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoo.rows.row_kind import RowKind
    from zoo.types import Floats, Rows

_DRAWING, _DRAWS = 512, 50  # rows and draws at a time, for likelihoods


class GenerativeMethods:
    """Methods of `zoo.Encoder` that models with a prior or with clusters have."""

    kind: RowKind
    _functions: Mapping[str, Callable[..., Any]]
    _function: Callable[[str], Callable[..., Any]]
    _apply: Callable[[str, Any], Floats]
    _block: Callable[[Mapping[str, Any]], int]

    def sample(self, n: int, seed: int = 0) -> Floats:
        """Draws rows from a generative model: [n, ...] float32, the same for the same seed.

        Raises:
            ValueError: the encoder is not generative, or n is below 1.
        """
        function = self._function("sample")
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        seeds, size = seeds_of(n, seed), rows_at_a_time(self.kind.width)
        return np.concatenate([np.asarray(function(seeds[i : i + size])) for i in range(0, n, size)])

    def assign(self, rows: Any) -> Rows | None:
        """The likeliest cluster of each row, [n] int64; None for an encoder without clusters."""
        probabilities = self.assign_probabilities(rows)
        return None if probabilities is None else probabilities.argmax(axis=1)

    def assign_probabilities(self, rows: Any) -> Floats | None:
        """The probability of each cluster, [n, clusters]; None for an encoder without clusters."""
        return self._apply("assign", rows) if "assign" in self._functions else None

    def rates(self, rows: Any) -> Floats | None:
        """Nats per code dimension [n, latent_dim] of a variational encoder in memory; None for any other."""
        return self._apply("rates", rows) if "rates" in self._functions else None

    def log_likelihoods(self, rows: Any, samples: int, seed: int = 0) -> Floats | None:
        """Importance-weighted log p(x) in nats [n] of a generative encoder in memory; None for any other.

        log of the mean over `samples` draws of p(x, z) / q(z|x), a lower bound in expectation (Burda, Grosse and
        Salakhutdinov 2016, eq. 8).
        """
        if "log_weights" not in self._functions:
            return None
        function = self._functions["log_weights"]
        arrays = self.kind.arrays(rows)
        total = np.full(len(next(iter(arrays.values()))), -np.inf)
        draws = seeds_of(samples, seed)
        size = min(self._block(arrays), _DRAWING)
        for start in range(0, len(total), size):
            block = slice(start, start + size)
            tensors = {name: constant(array[block]) for name, array in arrays.items()}
            for first in range(0, samples, _DRAWS):
                weights = np.asarray(function(seeds=constant(draws[first : first + _DRAWS]), **tensors), np.float64)
                total[block] = np.logaddexp(total[block], np.logaddexp.reduce(weights, axis=0))
        return (total - np.log(samples)).astype(np.float32)
