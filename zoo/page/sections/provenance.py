"""Where everything comes from: data, settings, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.page.material import Material

TITLE = "Provenance"
_LONGEST = 300


def draw(material: Material) -> dict[str, Any]:
    """Tables of facts, and the recipe as it ran."""
    import yaml

    splits, trained = material.splits, material.trained
    data = [
        ("rows", f"{splits.total:,} {splits.kind.in_words()}"),
        ("split", splits.in_parts),
        *((str(key), _short(value)) for key, value in splits.provenance.items() if key not in {"rows", "splits"}),
        *(("note", note) for note in splits.notes),
    ]
    training = [] if trained is None else [(f"note {place}", note) for place, note in enumerate(trained.notes, start=1)]
    made = [(key, value.replace("`", "")) for key, value in material.made.items()]
    recipe = yaml.safe_dump(dict(material.recipe), sort_keys=False, allow_unicode=True, width=100)
    return {"data": data, "made": [*made, *training], "recipe": recipe if material.recipe else ""}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
