"""Shows the words, or other keys, whose codes are nearest to some.

    python -m zoo.neighbours vae_word2vec king doctor
    python -m zoo.neighbours vae_word2vec king woman minus=man k=5     # what is to woman as king is to man

All rows of the table that the encoder was trained from are compared, by the cosine of their codes.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from zoo.cli.arguments import ENCODER, begin, explained, given, names_in
from zoo.errors import InputError
from zoo.loading import load

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYS = {"k": "how many; default: 10", "minus": "words that are taken away from the sum of the others"}
_K = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 wrong input, 130 interrupted, 1 anything else."""
    parser = argparse.ArgumentParser(
        prog="python -m zoo.neighbours",
        description="Shows the words, or other keys, whose codes are nearest to some.",
        epilog="keys:\n" + "".join(f"  {key:<7} {purpose}\n" for key, purpose in _KEYS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("encoder", help=ENCODER)
    parser.add_argument("words", nargs="+", metavar="word|key=value")
    options = parser.parse_args(arguments)
    return explained(lambda: _main(options.encoder, options.words))


def _main(name: str, arguments: Sequence[str]) -> int:
    settings = given([each for each in arguments if each.partition("=")[0] in _KEYS and "=" in each], _KEYS)
    words = [each for each in arguments if not (each.partition("=")[0] in _KEYS and "=" in each)]
    number = settings.get("k", str(_K))
    if not number.isdecimal() or int(number) < 1:
        raise InputError(f"k={number}: a whole number of at least 1")
    minus = names_in(settings.get("minus", ""))
    if not words:
        raise InputError("say which words: python -m zoo.neighbours NAME king doctor")
    if "tensorflow" not in sys.modules:
        begin("starting TensorFlow")
    encoder = load(name)
    asked = [(words, minus)] if minus else [([word], []) for word in words]
    try:
        found = [(added, encoder.most_similar(added, minus, int(number))) for added, minus in asked]
    except KeyError as error:
        raise InputError(f"{name}: {error.args[0]}") from None
    except ValueError as error:
        raise InputError(str(error)) from None
    for added, near in found:
        said = " + ".join(added) + "".join(f" - {word}" for word in minus)
        print(f"{said}: " + ", ".join(f"{key} {cosine:.2f}" for key, cosine in near))  # noqa: T201
    return 0
