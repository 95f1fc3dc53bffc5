"""Every part that a recipe can name, found from the recipe's own schema."""

from typing import get_args

from zoo.checking import available
from zoo.signature import Part, read_signature


def kinds_in(annotation):
    """Import paths of the kinds of parts that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation.qualified
    for each in get_args(annotation):
        yield from kinds_in(each)


def recipe_parts():
    """Import path of every part -> the kind that it was found as; the schema itself and kinds without parts as well."""
    found = {"zoo.recipe.Schema": "zoo.recipe.Schema"}
    waiting = list(found)
    while waiting:
        for parameter in read_signature(waiting.pop()).parameters.values():
            for path in kinds_in(parameter.annotation):
                kind = read_signature(path)
                for part in available(kind) or [kind.target]:
                    if part not in found:
                        found[part] = kind.target
                        waiting.append(part)
    return found


PARTS = recipe_parts()
KINDS = sorted(set(PARTS.values()))
