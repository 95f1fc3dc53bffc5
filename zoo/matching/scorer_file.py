"""The pair scorer that goes along with an exported encoder: how to weigh fields, without tables to learn it from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, one_line
from zoo.matching.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping

SCORER_FILE = Path("assets.extra") / "pair_scorer.json"
_FORMAT = 1
_AGREEMENT = {
    "text": "cosine of character 2- and 3-grams of the plain spelling, within words, each weighted by "
    "log((1 + rows) / (1 + rows that have it)) + 1 in the tables at hand; 0.9 where two fields hold each other's text",
    "category": "1 where both are the same, else 0",
    "number": "exp(-difference / a quarter of the median difference of two numbers of the column)",
    "date": "1 where both are the same, 0.9 where day and month are swapped, else the cube of the share of the eight "
    "digits of DDMMYYYY that are the same",
    "missing": "a field that either record leaves empty adds nothing",
}


def write_scorer(directory: Path, scorer: Scorer, kinds: Mapping[str, str], learnt_from: str) -> None:
    """Writes the weights with their formula in words, as JSON.

    Args:
        directory: of the exported encoder.
        scorer: what was learnt.
        kinds: field -> how its values are compared.
        learnt_from: such as `1,000 training rows`.
    """
    told = {
        "format": _FORMAT,
        "learnt_from": learnt_from,
        "agreement": _AGREEMENT,
        "kinds": dict(kinds),
        **scorer.get_config(),
    }
    path = directory / SCORER_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")


def read_scorer(directory: Path) -> Scorer | None:
    """The scorer of an exported encoder; None where it has none.

    Raises:
        InputError: the file is damaged, or of another version of the zoo.
    """
    path = directory / SCORER_FILE
    if not path.is_file():
        return None
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != _FORMAT:
            raise InputError(f"{path}: written by another version of the zoo; export the encoder again")
        found = Scorer.from_config(told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({one_line(error)}); export the encoder again") from error
    return found.noting(f"fields weighed as learnt from {told['learnt_from']}")
