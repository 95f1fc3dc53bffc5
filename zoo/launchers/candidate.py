"""A run of a sweep, before and after its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.recipe import Recipe
    from zoo.run_state import RunState


@dataclass(frozen=True)
class Candidate:
    """A run of a sweep; small, so that it can be sent to the process that trains it.

    Attributes:
        recipe: what to train.
        name: what it differs in from the others.
        state: of its training; a finished one is taken up by the sweep and not trained again.
        parent: id of the sweep's tracked run.
        identity: a digest of what the sweep knows it by: its recipe, its data, the version of the code.
    """

    recipe: Recipe
    name: str
    state: RunState
    parent: str
    identity: str


@dataclass(frozen=True)
class Ended:
    """How the training of a candidate went.

    Attributes:
        name: the candidate's.
        seconds: it took.
        peak: most memory that its process held, in bytes; 0 where nobody could say.
        failure: why it failed; "" if it did not. The sweep comes to it again, and says so then.
    """

    name: str
    seconds: float
    peak: int
    failure: str = ""
