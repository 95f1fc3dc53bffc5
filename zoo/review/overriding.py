"""Which keys of a recipe say how a finished encoder is judged."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.recipe import Schema

if TYPE_CHECKING:
    from collections.abc import Sequence


def require_effective(overrides: Sequence[str], sections: Sequence[str]) -> None:
    """Raises InputError for overrides of what cannot be changed any more, such as `model.latent_dim=8`.

    Args:
        overrides: in Hydra's grammar; keys that no recipe has are left to its check.
        sections: of a recipe, those that have an effect.
    """
    known = {field.name for field in fields(Schema)}
    for override in overrides:
        section = override.lstrip("+~").partition("=")[0].partition(".")[0].partition("@")[0]
        if section in known and section not in sections:
            raise InputError(
                f"{override}: changes nothing here, since nothing is trained, registered or exported; what can be "
                f"changed: {', '.join(sections)} (python -m zoo.run trains another encoder)"
            )
