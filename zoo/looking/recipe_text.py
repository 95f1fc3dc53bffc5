"""What was seen in a file, as a recipe that runs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml

from zoo.looking.column import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.looking.advice import Advice
    from zoo.looking.column import Column

_WIDTH = 120
_MOST_COLUMNS = 40  # that are listed
_PAD = 24
_ALIKE = 8  # columns of one kind that follow each other, from which on they are told as one


def recipe_text(advice: Advice, name: str, what: str, launch: str) -> str:
    """A recipe's file.

    Args:
        advice: what was seen.
        name: of the encoder.
        what: what to call the rows, such as the file's name.
        launch: the command that runs it.
    """
    lines = [f"# {what}: {advice.because}", "#", f"#   {launch}", "#"]
    lines += [comment for each in advice.seen for comment in _comment(each)]
    if advice.columns:
        lines += ["#", *_columns(advice)]
    if advice.unsure:
        lines += ["#", "# Unsure:", *(comment for each in advice.unsure for comment in _comment(each, "# - ", "#   "))]
    lines += [
        f"defaults: [{advice.recipe}, _self_] # all else is as there; --cfg job shows it",
        f"name: {_scalar(name)}",
        f"purpose: {_scalar(f'{what} -> vectors, as {advice.recipe} makes them')}",
        *_section(advice.settings, advice.remarks),
    ]
    return "\n".join(lines) + "\n"


def seen_text(advice: Advice) -> str:
    """What was seen and what is unsure, for a person to read."""
    lines = list(advice.seen)
    if advice.columns:
        told = _told(advice.columns)
        width = min(max(len(name) for name, _ in told), _PAD)
        lines += [f"  {name:<{width}}  {words}" for name, words in told[:_MOST_COLUMNS]]
        lines += _more(told, "  ")
    lines.append(f"{advice.because} -> recipe {advice.recipe}")
    return "\n".join([*lines, *(f"unsure: {each}" for each in advice.unsure)])


def _columns(advice: Advice) -> list[str]:
    told = _told(advice.columns)
    width = min(max(len(name) for name, _ in told), _PAD)
    listed = [
        line
        for name, words in told[:_MOST_COLUMNS]
        for line in _comment(words, f"#   {name:<{width}}  ", f"#   {'':<{width}}  ")
    ]
    return [*listed, *_more(told, "#   ")]


def _told(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Name and words of each column; of many that follow each other and are alike, as one."""
    told: list[tuple[str, str]] = []
    for _, run in groupby(columns, lambda each: (each.holds, each.use, bool(each.gaps), each.is_constant, each.width)):
        alike = list(run)
        if len(alike) < _ALIKE:
            told += [(_one_line(column.name), column.in_words()) for column in alike]
        else:
            names = f"{_one_line(alike[0].name)} .. {_one_line(alike[-1].name)}"
            told.append((names, f"{len(alike):,} columns of {together(alike).in_words()}"))
    return told


def _one_line(name: str) -> str:
    return " ".join(name.split()) or "''"


def _more(told: Sequence[Any], start: str) -> list[str]:
    left = len(told) - _MOST_COLUMNS
    return [f"{start}and {left} more columns"] if left > 0 else []


def _section(settings: Mapping[str, Any], remarks: Mapping[str, str], above: str = "", indent: int = 0) -> list[str]:
    lines = []
    for key, value in settings.items():
        if value == {}:  # in a recipe it would take out what is there
            continue
        dotted, start = f"{above}{key}", f"{'  ' * indent}{_scalar(key)}:"
        remark = f" # {remarks[dotted]}" if dotted in remarks else ""
        is_section = isinstance(value, Mapping) and bool(value)
        if is_section and (not above or not {"_target_", "metric"} & set(value)):
            lines += [f"{start}{remark}", *_section(value, remarks, f"{dotted}.", indent + 1)]
        else:
            lines.append(f"{start} {_scalar(value)}{remark}")
    return lines


def _scalar(value: Any) -> str:
    """A value on one line of YAML, in quotes where it needs them."""
    if isinstance(value, str) and "${" in value:  # OmegaConf would put something in its place
        value = value.replace("${", "\\${")
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str, first: str = "# ", others: str = "# ") -> list[str]:
    import textwrap

    one_line = " ".join(text.split())
    return textwrap.wrap(one_line, _WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False)
